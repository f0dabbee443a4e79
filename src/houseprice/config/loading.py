"""Reader of the YAML configuration: strict, and every problem reported at once with its dotted key."""

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from houseprice.config.parts import Data, message_of
from houseprice.config.renamed_keys import renamed_keys
from houseprice.config.training import KernelRidgeColumn, KernelRidgeConfig
from houseprice.config.whole import Config
from houseprice.errors import ConfigError, nearest
from houseprice.schema import Column


def load(path: Path) -> Config:
    """Return the configuration that a YAML file holds.

    Raises:
        ConfigError: The file is missing (code `config_not_found`), cannot be read (`config_unreadable`), is not YAML
            (`config_not_yaml`) or not a mapping (`config_not_a_mapping`), holds keys that were renamed
            (`config_key_renamed`), or has other problems, which are all listed (`config_invalid`).
    """
    import yaml  # the serving image reads no YAML and has no reader for it

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as err:
        raise ConfigError(
            f'Configuration file "{path}" was not found; give the path of a YAML file such as '
            "configs/model_config.yaml with --config.",
            code="config_not_found",
        ) from err
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(
            f'Configuration file "{path}" cannot be read ({err}); save it as UTF-8.', code="config_unreadable"
        ) from err
    try:
        content = yaml.load(text, Loader=_strict_loader())  # noqa: S506 - a SafeLoader that also refuses repeated keys
    except (yaml.YAMLError, ValueError, RecursionError) as err:  # PyYAML lets an impossible date pass as ValueError
        where = " ".join(str(err).split())
        raise ConfigError(f'Configuration file "{path}" is not YAML: {where}', code="config_not_yaml") from err
    if not isinstance(content, dict):
        found = "nothing" if content is None else type(content).__name__
        raise ConfigError(
            f'Configuration file "{path}" holds {found} instead of the keys of configs/model_config.yaml.',
            code="config_not_a_mapping",
        )
    if renamed := dict(renamed_keys(content)):
        problems = [f"{old}: renamed to {new}" for old, new in renamed.items()]
        raise ConfigError(_listed(path, problems), problems, code="config_key_renamed", renamed=renamed)
    try:
        # Strict as JSON is: a text is no number, and neither is yes; dates are texts again until a column takes them.
        return Config.model_validate_json(json.dumps(content, default=str), strict=True)
    except ValidationError as err:
        problems = [_problem(item) for item in err.errors()]
        raise ConfigError(_listed(path, problems), problems) from err


def _listed(path: Path, problems: list[str]) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = "".join(f"\n  {line}" for line in problems)
    return f'Configuration file "{path}" has {count}; correct these keys:{lines}'


def _strict_loader() -> type:
    import yaml

    class StrictLoader(yaml.SafeLoader):
        """A safe loader that refuses repeated keys, of which YAML would take the last."""

    def mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        seen: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key is a list or a table", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f'key "{key}" is given twice', key_node.start_mark)
            seen[key] = loader.construct_object(value_node, deep=True)
        return seen

    StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    return StrictLoader


def _problem(item: Any) -> str:
    """Return one of pydantic's findings with its dotted key."""
    key = ".".join(str(part) for part in item["loc"]) or "(the whole file)"
    if item["type"] == "extra_forbidden":
        return f"{key}: unknown key{nearest(str(item['loc'][-1]), _known_keys(item['loc'][:-1]))}"
    if item["type"] == "missing":
        return f"{key}: missing"
    message = message_of(item)
    found = item.get("input")
    shown = f', found "{found}"' if isinstance(found, str | int | float | bool) else ""
    return f"{key}: {message[0].lower()}{message[1:]}{shown}"


def _known_keys(parents: tuple[Any, ...]) -> list[str]:
    """Return the keys that are allowed below a path of the file."""
    model: Any = Config
    for part in parents:
        if part == "columns" and model in (Data, KernelRidgeConfig):
            return list((Column if model is Data else KernelRidgeColumn).model_fields)
        field = model.model_fields.get(part)
        model = field.annotation if field else model
    return list(model.model_fields)
