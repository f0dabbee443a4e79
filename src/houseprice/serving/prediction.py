"""What the shop gives back: values only, as they stand in the answers."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field


@dataclass(frozen=True, slots=True)
class PredictionWarning:
    """A reason to trust an answer less."""

    column: Annotated[str, Field(description="Column that it is about")]
    kind: Literal["unknown_category", "outside_range", "missing"]
    message: Annotated[str, Field(description="What was found, and what the model has learned from")]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model answers for one house."""

    predicted_price: Annotated[float, Field(description="Price on the valuation date")]
    prediction_interval: Annotated[tuple[float, float], Field(description="Lowest and highest price to reckon with")]
    coverage: Annotated[float, Field(description="Share of prices that the interval is made to hold")]
    currency: Annotated[str, Field(description="ISO 4217 code of the prices")]
    valuation_date: Annotated[str, Field(description="Day that the price is for", json_schema_extra={"format": "date"})]
    warnings: Annotated[list[PredictionWarning], Field(description="Reasons to trust this answer less; empty is good")]
    model_version: Annotated[str, Field(description="Which sealed model answered")]


@dataclass(frozen=True, slots=True)
class Predictions:
    """What the model answers for many houses, in their order."""

    predictions: list[Prediction]


@dataclass(frozen=True, slots=True)
class GoldenRowCheck:
    """One golden row asked again: whether the model still gives the answer that was sealed with it."""

    expected: float
    found: float
    relative_difference: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether price and interval are within the tolerance."""
        return self.relative_difference <= self.tolerance
