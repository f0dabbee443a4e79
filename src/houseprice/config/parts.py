"""Sections of the configuration, each frozen and strict, but for `training`."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from houseprice.config.file_layout import FileLayout
from houseprice.schema import Column, Schema

Share = Annotated[float, Field(ge=0, le=1)]
InnerShare = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]


class Part(BaseModel):
    """A frozen group of keys; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Project(Part):
    """Name and currency of the model."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Paths(Part):
    """Files that each step reads and writes unless the command line names others."""

    raw: Path
    cleaned: Path
    featured: Path
    models: Path
    reports: Path


def _form_a_schema(columns: dict[str, Column]) -> dict[str, Column]:
    """Check the columns against each other, so that the error names the key `data.columns`."""
    try:
        Schema(columns=columns)
    except ValidationError as err:
        raise ValueError("; ".join(message_of(item) for item in err.errors())) from err
    return columns


class Data(Part):
    """How the file of sales and its values are written, and the declaration of its columns.

    `thousands_separator: none` says that a decimal sign before three digits, as in 5.650, is one.
    """

    file: FileLayout = FileLayout()
    decimal: Literal[".", ","] = "."
    thousands_separator: Literal["none"] | None = None
    date_formats: Annotated[tuple[str, ...], Field(min_length=1)]
    max_rejected_share: Share
    max_years_sold_before_built: Annotated[int, Field(ge=0)] = 0
    columns: Annotated[dict[str, Column], AfterValidator(_form_a_schema)]


class Features(Part):
    """Derived features to compute."""

    derived: tuple[str, ...] = ()


class Split(Part):
    """How the sales are split for training and evaluation."""

    holdout_share: InnerShare
    folds: Annotated[int, Field(ge=2)]
    origins: Annotated[int, Field(ge=1)]


class Interval(Part):
    """Prediction intervals: the share of prices that should fall into theirs."""

    coverage: InnerShare


Band = tuple[float, float]


class LeakageRules(Part):
    """When a column leaks the target.

    `min_spread` is the least spread (robust standard deviation of the log) that price may have around a column, or
    around a sum, difference, product or ratio of two; below, the column holds the price. A column may be waived, with
    a reason.
    """

    min_spread: Annotated[float, Field(ge=0)]
    waivers: dict[str, Annotated[str, Field(min_length=10)]] = {}


class Gates(Part):
    """Conditions for publishing a model, on the holdout unless stated otherwise.

    Limits of `log_rmse` and `median_ape` are the last defence, for any market; the others are relative.
    """

    max_log_rmse: Annotated[float, Field(gt=0)]
    min_log_rmse: Annotated[float, Field(ge=0)] = 0.0
    max_median_ape: Annotated[float, Field(gt=0)]
    max_error_growth: Annotated[float, Field(gt=0)]
    min_gain_over_constant: Share
    min_gain_over_ridge: Share
    coverage: Band
    min_coverage_by_price: Share
    max_width_to_constant: Annotated[float, Field(gt=0)]
    max_worst_slice_ratio: Annotated[float, Field(ge=1)]
    max_cod: Annotated[float, Field(gt=0)]
    prd: Band
    prb: Band
    interval_to_error: Band
    max_widest_interval_to_error: Annotated[float, Field(gt=0)]
    max_trend_to_error: Annotated[float, Field(gt=0)]
    max_unknown_categories: Share
    leakage: LeakageRules
    max_model_bytes: Positive
    max_latency_ratio: Annotated[float, Field(gt=0, le=100)]

    @model_validator(mode="after")
    def _bands_are_ordered(self) -> Self:
        for name in ("coverage", "prd", "prb", "interval_to_error"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} must be given as [lowest, highest]")
        return self


class Tracking(Part):
    """Where MLflow tracks the runs."""

    uri: str | None = None
    experiment: str
    registered_model: str
    retries: Positive = 5
    retry_seconds: Annotated[float, Field(ge=0)] = 2.0


class BundleRules(Part):
    """Requirements for the exported bundle."""

    max_relative_difference: Annotated[float, Field(gt=0)]


class Image(Part):
    """Name of the image."""

    repository: Annotated[str, Field(pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$")]


def message_of(item: Any) -> str:
    """Return the message of one of pydantic's findings."""
    return str(item["msg"]).removeprefix("Value error, ")
