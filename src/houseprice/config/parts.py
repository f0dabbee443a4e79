"""Sections of the configuration, each frozen and strict, but for `training`."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from houseprice.config.file_layout import FileLayout
from houseprice.conversion.form import CellForm
from houseprice.schema import Column, Schema

Auto = Literal["auto"]

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
    """Files that each step reads and writes unless the command line names others; `defaults.complete` fills gaps.

    `additional` holds sales that came in later, and need not be there.
    """

    raw: Path
    additional: Path | None = None
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

    `form` says how cells are written where their columns do not: `thousands: none` says that a decimal sign before
    three digits, as in 5.650, is one. `missing` are texts that mean in any column that there is no value. `excluded`
    are columns that are left out on purpose, with the reason. `only` says of a column of the file, which may be one of
    them, what it holds for the sales to learn from, such as those at arm's length; all other rows are set aside.
    """

    file: FileLayout = FileLayout()
    form: CellForm = CellForm()
    missing: tuple[str, ...] = ()
    max_rejected_share: Share = 0.1
    max_years_sold_before_built: Annotated[int, Field(ge=0)] = 1
    columns: Annotated[dict[str, Column], AfterValidator(_form_a_schema)]
    excluded: dict[str, Annotated[str, Field(min_length=1)]] = {}
    only: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = {}

    @model_validator(mode="after")
    def _excluded_are_not_declared(self) -> Self:
        read = {source for column in self.columns.values() for source in column.sources} | set(self.columns)
        if both := sorted(read & set(self.excluded)):
            raise ValueError(f"{', '.join(both)} cannot be both declared and excluded")
        return self


def _names_or_auto(value: Any) -> Any:
    """Check for `auto` or a list of names here, since the messages of a union name its parts."""
    if value != "auto" and not (isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)):
        raise ValueError("expected auto, or a list of names")
    return value if value == "auto" else tuple(value)


class Features(Part):
    """Derived features to compute; `auto` are all whose roles the columns have."""

    derived: Annotated[tuple[str, ...] | Auto, BeforeValidator(_names_or_auto)] = "auto"


class Split(Part):
    """How the sales are split for training and evaluation.

    `protocol` says which sales are held out: by `time` the newest, at `random` whole houses. `auto` is time where the
    sales have dates that they can be split by, else random.
    """

    protocol: Literal["auto", "time", "random"] = "auto"
    holdout_share: InnerShare = 0.15
    folds: Annotated[int, Field(ge=2)] = 10
    origins: Annotated[int, Field(ge=1)] = 5


class Interval(Part):
    """Prediction intervals: the share of prices that should fall into theirs.

    With fewer training sales than `few_sales`, the folds that calibrate them are repeated, `repeats` times in all.
    """

    coverage: InnerShare = 0.9
    few_sales: Annotated[int, Field(ge=0)] = 1000
    repeats: Positive = 3


class Valuation(Part):
    """What is said of a price beside it.

    Above `max_fsd`, a forecast standard deviation, the value is not recommended; the number is given all the same.
    """

    max_fsd: InnerShare = 0.25


Band = tuple[float, float]


class LeakageRules(Part):
    """When a column leaks the target.

    `min_spread` is the least spread (robust standard deviation of the log) that price may have around a column, or
    around a sum, difference, product or ratio of two; below, the column holds the price. A column may be waived, with
    a reason.
    """

    min_spread: Annotated[float, Field(ge=0)] = 0.08
    waivers: dict[str, Annotated[str, Field(min_length=10)]] = {}


class DisparityLimits(Part):
    """How far a group of sales may differ from all other sales, in `houseprice equity`, once that is beyond chance.

    `max_bias` is of the mean log(predicted / paid), in either direction; `max_tail_share` of the shares predicted more
    than 15 % too low, or too high, and `max_coverage_loss` of the share within the interval, as differences of shares;
    `max_dispersion_ratio` and `max_width_ratio` are of the mean deviation and of the interval's width, as ratios.
    """

    max_bias: Annotated[float, Field(ge=0)] = 0.02
    max_tail_share: Share = 0.05
    max_coverage_loss: Share = 0.05
    max_dispersion_ratio: Annotated[float, Field(ge=1)] = 1.25
    max_width_ratio: Annotated[float, Field(ge=1)] = 1.5


class Gates(Part):
    """Conditions for publishing a model, on the holdout unless stated otherwise.

    By default all are relative: to baselines, to the wanted coverage, to the other sales, to what so many sales can
    tell. Limits that fit one market only (`max_log_rmse`, `min_log_rmse`, `max_median_ape`, `max_cod`,
    `max_unknown_categories`, `max_model_bytes`, `max_latency_ratio`) hold where they are stated. Without a limit, the
    gain over the constant must be above 0 with its whole interval, the model may not be worse than the ridge, PRD, PRB
    and VEI are compared with those of a model without bias that has the same error, and the interval may be 1.15 times
    as wide as one of constant width; its width is not judged with fewer training sales than `interval.few_sales`.
    """

    max_log_rmse: Annotated[float, Field(gt=0)] | None = None
    min_log_rmse: Annotated[float, Field(ge=0)] | None = None
    max_median_ape: Annotated[float, Field(gt=0)] | None = None
    max_error_growth: Annotated[float, Field(gt=0)] = 1.25
    min_gain_over_constant: Share | None = None
    min_gain_over_ridge: Share | None = None
    coverage: Band | None = None
    min_coverage_by_price: Share | None = None
    max_width_to_constant: Annotated[float, Field(gt=0)] | None = None
    max_worst_slice_ratio: Annotated[float, Field(ge=1)] = 2.0
    max_cod: Annotated[float, Field(gt=0)] | None = None
    prd: Band | None = None
    prb: Band | None = None
    vei: Band | None = None
    interval_to_error: Band = (0.5, 4.0)
    max_widest_interval_to_error: Annotated[float, Field(gt=0)] = 12.0
    max_trend_to_error: Annotated[float, Field(gt=0)] = 2.0
    max_unknown_categories: Share | None = None
    leakage: LeakageRules = LeakageRules()
    disparity: DisparityLimits = DisparityLimits()
    max_model_bytes: Positive | None = None
    max_latency_ratio: Annotated[float, Field(gt=0, le=100)] | None = None

    @model_validator(mode="after")
    def _bands_are_ordered(self) -> Self:
        for name in ("coverage", "prd", "prb", "vei", "interval_to_error"):
            band: Band | None = getattr(self, name)
            if band is not None and band[0] > band[1]:
                raise ValueError(f"{name} must be given as [lowest, highest]")
        return self


class Tracking(Part):
    """Where MLflow tracks the runs; `defaults.complete` names experiment and model after the project."""

    uri: str | None = None
    experiment: str
    registered_model: str
    retries: Positive = 5
    retry_seconds: Annotated[float, Field(ge=0)] = 2.0


class BundleRules(Part):
    """Requirements for the exported bundle."""

    max_relative_difference: Annotated[float, Field(gt=0)] = 1e-6


class Page(Part):
    """What the page, and the API beneath it, may show.

    Without `show_sales`, the bundle holds no sales and no prices paid: there are neither comparables nor a map, and a
    sparse neighbourhood is not found.
    """

    show_sales: bool = True


class Image(Part):
    """Name of the image."""

    repository: Annotated[str, Field(pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$")]


def message_of(item: Any) -> str:
    """Return the message of one of pydantic's findings."""
    return str(item["msg"]).removeprefix("Value error, ")
