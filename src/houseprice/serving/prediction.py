"""Predictions and their warnings, as they stand in the answers of the API."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, TypeAdapter

FEW = 16
"""Houses for which NumPy takes longer than Python."""
NEARLY = 1e-6
"""Distance from a tie between two hundredths within which `round` decides by digits that NumPy does not see."""
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]


@dataclass(frozen=True, slots=True)
class PredictionWarning:
    """A reason to trust a prediction less."""

    column: Annotated[str, Field(description="Column that the warning is about")]
    kind: Literal["unknown_category", "outside_range", "missing"]
    message: Annotated[str, Field(description="The value, and what the training data held")]


@dataclass(slots=True)  # frozen, making one would take six times as long
class Prediction:
    """The prediction for one house."""

    predicted_price: Annotated[float, Field(description="Price on the valuation date")]
    prediction_interval: Annotated[
        tuple[float, float], Field(description="Lower and upper bound of the prediction interval")
    ]
    coverage: Annotated[float, Field(description="Nominal coverage of the interval")]
    fsd: Annotated[
        float, Field(description="Forecast standard deviation, relative: about 68 % of prices lie within ± FSD")
    ]
    confidence: Annotated[float, Field(description="Confidence score, 100 − 100·FSD, at least 0")]
    currency: Annotated[str, Field(description="ISO 4217 code of the prices")]
    valuation_date: Annotated[Day | None, Field(description="Day that the price is for; null where sales have no date")]
    warnings: Annotated[
        list[PredictionWarning], Field(description="Reasons to trust this prediction less; usually empty")
    ]
    model_version: Annotated[str, Field(description="Version of the model")]


def confidences(deviations: Sequence[float]) -> list[float]:
    """Return the confidence scores of forecast standard deviations, in percent with two decimals."""
    if len(deviations) < FEW:
        return [max(round(100.0 - 100.0 * fsd, 2), 0.0) for fsd in deviations]
    hundredths = 100.0 * (100.0 - 100.0 * np.array(deviations))
    scores = np.maximum(np.rint(hundredths) / 100.0, 0.0)
    for tie in np.flatnonzero(np.abs(hundredths - np.floor(hundredths) - 0.5) < NEARLY).tolist():
        scores[tie] = confidences([deviations[tie]])[0]
    found: list[float] = scores.tolist()
    return found


def numbers_of(prediction: Prediction) -> tuple[float, float, float, float]:
    """Return the numbers of a prediction in the order of the model's outputs: price, low, high and FSD."""
    return prediction.predicted_price, *prediction.prediction_interval, prediction.fsd


@dataclass(frozen=True, slots=True)
class Predictions:
    """The predictions for many houses, in their order."""

    predictions: list[Prediction]


_to_json = TypeAdapter(list[Prediction]).serializer.to_json


def predictions_as_json(blocks: Iterable[Sequence[Prediction]]) -> list[bytes]:
    """Return `Predictions` as JSON, in parts: one for each block, which need not be held together in memory."""
    return as_predictions([_to_json(list(block))[1:-1] for block in blocks])


def as_predictions(parts: Sequence[bytes]) -> list[bytes]:
    """Return the JSON of `Predictions`, in parts, from that of some predictions each."""
    return [b'{"predictions":[', *(part for i, part in enumerate(parts) for part in (b"," * (i > 0), part)), b"]}"]


@dataclass(frozen=True, slots=True)
class GoldenRowCheck:
    """A golden row predicted again, compared with the prediction stored in the bundle."""

    expected: float
    found: float
    relative_difference: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether price, interval and FSD are within the tolerance."""
        return self.relative_difference <= self.tolerance
