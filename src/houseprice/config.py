"""YAML in, frozen `Config` out: read once at the edge, strict, every problem told at once with its dotted key."""

import hashlib
import json
from collections.abc import Hashable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from houseprice.errors import ConfigError, nearest
from houseprice.schema import Column, Schema

Share = Annotated[float, Field(ge=0, le=1)]
InnerShare = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Project(_Part):
    """Name and currency of what is built."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Paths(_Part):
    """Where each step reads and writes when the command line does not say otherwise."""

    raw: Path
    cleaned: Path
    featured: Path
    models: Path
    reports: Path


def _are_a_house(columns: dict[str, Column]) -> dict[str, Column]:
    """Check the columns against each other, at the key where they stand."""
    try:
        Schema(columns=columns)
    except ValidationError as err:
        raise ValueError("; ".join(_said(item) for item in err.errors())) from err
    return columns


class Data(_Part):
    """How the raw table is written, and what its columns mean."""

    separator: Literal["auto", ",", ";", "\t", "|"] = "auto"
    decimal: Literal[".", ","] = "."
    date_formats: Annotated[tuple[str, ...], Field(min_length=1)]
    max_rejected_share: Share
    max_years_sold_before_built: Annotated[int, Field(ge=0)] = 0
    columns: Annotated[dict[str, Column], AfterValidator(_are_a_house)]


class Features(_Part):
    """Which derived columns are made."""

    derived: tuple[str, ...] = ()


class Split(_Part):
    """How the sales are divided for learning and judging."""

    holdout_share: InnerShare
    folds: Annotated[int, Field(ge=2)]
    origins: Annotated[int, Field(ge=1)]


class Boosting(_Part):
    """Parameters of the boosted oblivious trees."""

    rounds: Positive
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    depth: Annotated[int, Field(ge=1, le=8)]
    l2_leaf_reg: Annotated[float, Field(gt=0)] = 3.0
    random_strength: Annotated[float, Field(ge=0)] = 1.0
    column_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    row_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    borders: Annotated[int, Field(ge=1, le=254)] = 128


class SmoothColumn(_Part):
    """How one column becomes a coordinate of the smooth surface.

    `sharpness` is how fast likeness falls with distance, in kernel widths a standard deviation; none is the common one.
    """

    form: Literal["none", "log", "root"] = "none"
    sharpness: Annotated[float, Field(gt=0)] | None = None


class Smooth(_Part):
    """Parameters of the smooth surface."""

    centres: Positive
    penalty: Annotated[float, Field(gt=0)]
    sharpness: Annotated[float, Field(gt=0)]
    text_penalty: Annotated[float, Field(gt=0)] = 3.0
    columns: Annotated[dict[str, SmoothColumn], Field(min_length=1)]
    texts: tuple[str, ...] = ()


class TrendRules(_Part):
    """Where the market's trend may bend, and how far it is carried on past the newest sale, in months."""

    knots_months: tuple[float, ...] = ()
    horizon_months: Annotated[float, Field(ge=0)]


class Training(_Part):
    """How the model is learned."""

    seed: Annotated[int, Field(ge=0)]
    threads: Positive
    ridge_alpha: Annotated[float, Field(gt=0)]
    level_weight: Annotated[float, Field(ge=0)] = 10.0
    forest_share: Share
    refit: bool = True
    trend: TrendRules
    boosting: Boosting
    smooth: Smooth


class Interval(_Part):
    """The share of prices that should fall into the interval of their answer."""

    coverage: InnerShare


Band = tuple[float, float]


class LeakRules(_Part):
    """When a column tells the price that it should help to find.

    `min_spread` is the least spread (robust standard deviation of the log) that price may have around a column, or
    around a sum, difference, product or ratio of two; below, the column holds the price. A column may be waived, with
    a reason.
    """

    min_spread: Annotated[float, Field(ge=0)]
    waivers: dict[str, Annotated[str, Field(min_length=10)]] = {}


class Gates(_Part):
    """What a model must show before it may be published, each on the newest sales where nothing else is said."""

    max_log_rmse: Annotated[float, Field(gt=0)]
    min_log_rmse: Annotated[float, Field(ge=0)] = 0.0
    max_median_ape: Annotated[float, Field(gt=0)]
    min_gain_over_constant: Share
    min_gain_over_ridge: Share
    coverage: Band
    min_coverage_by_price: Share
    max_width_to_constant: Annotated[float, Field(gt=0)]
    max_worst_slice_log_rmse: Annotated[float, Field(gt=0)]
    max_cod: Annotated[float, Field(gt=0)]
    prd: Band
    prb: Band
    max_unknown_texts: Share
    leaks: LeakRules
    max_model_bytes: Positive
    max_row_microseconds: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _bands_are_ordered(self) -> Self:
        for name in ("coverage", "prd", "prb"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} must be given as [lowest, highest]")
        return self


class Tracking(_Part):
    """Where MLflow keeps what was learned."""

    uri: str | None = None
    experiment: str
    registered_model: str
    retries: Positive = 5
    retry_seconds: Annotated[float, Field(ge=0)] = 2.0


class BundleRules(_Part):
    """What the sealed folder must hold to."""

    max_relative_difference: Annotated[float, Field(gt=0)]


class Image(_Part):
    """How the image is called."""

    repository: Annotated[str, Field(pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$")]


class Config(_Part):
    """Every choice of the project, checked and frozen."""

    project: Project
    paths: Paths
    data: Data
    features: Features
    split: Split
    training: Training
    interval: Interval
    gates: Gates
    tracking: Tracking
    bundle: BundleRules
    image: Image

    @cached_property
    def schema_(self) -> Schema:
        """The columns of a house sale."""
        return Schema(columns=self.data.columns)

    @model_validator(mode="after")
    def _columns_are_a_schema(self) -> Self:
        Schema(columns=self.data.columns)
        return self

    @property
    def sha256(self) -> str:
        """Digest of every choice, whatever the file's comments and order of keys."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load(path: Path) -> Config:
    """Give back the configuration that a YAML file holds.

    Raises:
        ConfigError: the file is missing, is not YAML, or has problems, which are all listed.
    """
    import yaml  # the serving image reads no YAML and has no reader for it

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as err:
        raise ConfigError(
            f'Configuration file "{path}" was not found; expected a YAML file such as configs/model_config.yaml; '
            "give its path with --config."
        ) from err
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f'Configuration file "{path}" cannot be read ({err}); expected a UTF-8 YAML file.') from err
    try:
        content = yaml.load(text, Loader=_strict_loader())  # noqa: S506 - a SafeLoader that also refuses repeated keys
    except (yaml.YAMLError, ValueError, RecursionError) as err:  # PyYAML lets an impossible date pass as ValueError
        where = " ".join(str(err).split())
        raise ConfigError(f'Configuration file "{path}" is not YAML: {where}; correct it.') from err
    if not isinstance(content, dict):
        found = "nothing" if content is None else type(content).__name__
        raise ConfigError(f'Configuration file "{path}" holds {found}; expected the keys of configs/model_config.yaml.')
    try:
        # Strict as JSON is: a text is no number, and neither is yes; dates are texts again until a column takes them.
        return Config.model_validate_json(json.dumps(content, default=str), strict=True)
    except ValidationError as err:
        problems = [_problem(item) for item in err.errors()]
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "".join(f"\n  {line}" for line in problems)
        raise ConfigError(f'Configuration file "{path}" has {count}; correct the keys below:{lines}', problems) from err


def _strict_loader() -> type:
    import yaml

    class StrictLoader(yaml.SafeLoader):
        """YAML without the silence: a key that is given twice is an error."""

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
    """Say one of pydantic's findings with its dotted key."""
    key = ".".join(str(part) for part in item["loc"]) or "(the whole file)"
    if item["type"] == "extra_forbidden":
        return f"{key}: unknown key{nearest(str(item['loc'][-1]), _known_keys(item['loc'][:-1]))}"
    if item["type"] == "missing":
        return f"{key}: missing"
    message = _said(item)
    found = item.get("input")
    shown = f', found "{found}"' if isinstance(found, str | int | float | bool) else ""
    return f"{key}: {message[0].lower()}{message[1:]}{shown}"


def _said(item: Any) -> str:
    return str(item["msg"]).removeprefix("Value error, ")


def _known_keys(parents: tuple[Any, ...]) -> list[str]:
    """Give back the keys that are allowed below a place in the file."""
    model: Any = Config
    for part in parents:
        if part == "columns" and model in (Data, Smooth):
            return list((Column if model is Data else SmoothColumn).model_fields)
        field = model.model_fields.get(part)
        model = field.annotation if field else model
    return list(model.model_fields)
