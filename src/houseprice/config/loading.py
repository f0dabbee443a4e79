"""Reader of the YAML configuration: strict, and every problem reported at once with its dotted key."""

import json
import re
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from houseprice.config.defaults import complete
from houseprice.config.parts import Data, message_of
from houseprice.config.renamed_keys import renamed_keys
from houseprice.config.training import KernelRidgeColumn, KernelRidgeConfig
from houseprice.config.whole import Config, UnknownNamesError
from houseprice.errors import ConfigError, nearest
from houseprice.schema import Column

KIND = re.compile(
    r"(literal|function-\w+|tuple|dict|constrained-\w+)\[.*\]|constrained-\w+|float|bool|Boosting|RobustWeightsConfig"
)


def load(path: Path) -> Config:
    """Return the configuration that a YAML file holds.

    Raises:
        ConfigError: The file is missing (code `config_not_found`), cannot be read (`config_unreadable`), is not YAML
            (`config_not_yaml`), too large (`config_too_large`) or not a mapping (`config_not_a_mapping`), holds keys
            that were renamed (`config_key_renamed`), or has other problems, which are all listed (`config_invalid`).
    """
    import yaml  # the serving image reads no YAML and has no reader for it

    from houseprice.config.yaml_core import MAX_CHARACTERS, TooLargeError, read_yaml

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
        content = read_yaml(text)
    except TooLargeError as err:
        raise ConfigError(
            f'Configuration file "{path}" is too large: {err}, more than {MAX_CHARACTERS:,}. Give a file of the form '
            "of configs/model_config.yaml.",
            code="config_too_large",
        ) from err
    except (yaml.YAMLError, ValueError, RecursionError) as err:  # an explicit tag lets its text's ValueError pass
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
        return Config.model_validate_json(json.dumps(complete(content), default=str), strict=True)
    except ValidationError as err:
        problems = [problem for item in err.errors() for problem in _problems(item)]
        raise ConfigError(_listed(path, problems), problems) from err


def _listed(path: Path, problems: list[str]) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = "".join(f"\n  {line}" for line in problems)
    return f'Configuration file "{path}" has {count}; correct these keys:{lines}'


def _problems(item: Any) -> list[str]:
    """Return one of pydantic's findings, which may hold several problems, with the dotted key of each."""
    error = item.get("ctx", {}).get("error")
    if isinstance(error, UnknownNamesError):
        return error.problems
    # Where `auto` or values may stand, pydantic says what is wrong with each: a text is held against `auto` alone.
    kinds = [part for part in item["loc"] if _is_kind(part)]
    if (
        kinds
        and kinds[-1].startswith("literal[") != isinstance(item.get("input"), str)
        and kinds[-1] == item["loc"][-1]
    ):
        return []
    return [_problem(item | {"loc": tuple(part for part in item["loc"] if not _is_kind(part))})]


def _is_kind(part: Any) -> bool:
    """Return whether a part of a path is no key, but one of the kinds of value that its key may have."""
    return isinstance(part, str) and bool(KIND.fullmatch(part))


def _problem(item: Any) -> str:
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
        model = (field and _model_in(field.annotation)) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model of an annotation such as `Model | None` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)
