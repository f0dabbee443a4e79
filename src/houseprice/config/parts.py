"""The parts of the configuration, each frozen and strict, that are not about learning."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from houseprice.schema import Column, Schema

Share = Annotated[float, Field(ge=0, le=1)]
InnerShare = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]


class Part(BaseModel):
    """A frozen group of keys; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Project(Part):
    """Name and currency of what is built."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Paths(Part):
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
        raise ValueError("; ".join(said(item) for item in err.errors())) from err
    return columns


class Data(Part):
    """How the raw table is written, and what its columns mean."""

    separator: Literal["auto", ",", ";", "\t", "|"] = "auto"
    decimal: Literal[".", ","] = "."
    date_formats: Annotated[tuple[str, ...], Field(min_length=1)]
    max_rejected_share: Share
    max_years_sold_before_built: Annotated[int, Field(ge=0)] = 0
    columns: Annotated[dict[str, Column], AfterValidator(_are_a_house)]


class Features(Part):
    """Which derived columns are made."""

    derived: tuple[str, ...] = ()


class Split(Part):
    """How the sales are divided for learning and judging."""

    holdout_share: InnerShare
    folds: Annotated[int, Field(ge=2)]
    origins: Annotated[int, Field(ge=1)]


class Interval(Part):
    """The share of prices that should fall into the interval of their answer."""

    coverage: InnerShare


Band = tuple[float, float]


class LeakRules(Part):
    """When a column tells the price that it should help to find.

    `min_spread` is the least spread (robust standard deviation of the log) that price may have around a column, or
    around a sum, difference, product or ratio of two; below, the column holds the price. A column may be waived, with
    a reason.
    """

    min_spread: Annotated[float, Field(ge=0)]
    waivers: dict[str, Annotated[str, Field(min_length=10)]] = {}


class Gates(Part):
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


class Tracking(Part):
    """Where MLflow keeps what was learned."""

    uri: str | None = None
    experiment: str
    registered_model: str
    retries: Positive = 5
    retry_seconds: Annotated[float, Field(ge=0)] = 2.0


class BundleRules(Part):
    """What the sealed folder must hold to."""

    max_relative_difference: Annotated[float, Field(gt=0)]


class Image(Part):
    """How the image is called."""

    repository: Annotated[str, Field(pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$")]


def said(item: Any) -> str:
    """Give back what one of pydantic's findings says."""
    return str(item["msg"]).removeprefix("Value error, ")
