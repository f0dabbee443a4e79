"""What a valuer asks about a price: how far it can be relied on, what limits it, and how to show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, TypeAdapter
from pydantic.json_schema import SkipJsonSchema

from houseprice.bundle.load import Bundle
from houseprice.errors import ServingError
from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.column_layout import ColumnLayout
from houseprice.serving.display_rounding import display_price
from houseprice.serving.prediction import Prediction, PredictionWarning
from houseprice.serving.request import House

CLASS_LIMITS = (0.30, 0.25, 0.20, 0.16, 0.13, 0.10, 0.07)
"""The largest FSD of the confidence classes 1 to 7. They are this project's own: classes from 0 to 7 are known from the
European AVM Alliance, but no public text with its limits was found."""
SPARSE_SALES, SPARSE_DISTANCE = 5, 0.2
"""A neighbourhood is sparse with fewer sales than these whose differences are worth less than that share of a price."""
OLD_DATE = timedelta(days=90)
_KINDS = {"unknown_category": "outside_learned_range", "outside_range": "outside_learned_range"}
_REASONS = {"missing": "missing_inputs", **_KINDS}


@dataclass(frozen=True, slots=True)
class LimitingFactor:
    """Something that makes a value less certain."""

    code: Literal["sparse_neighbourhood", "outside_learned_range", "missing_inputs", "old_valuation_date"]
    message: Annotated[str, Field(description="The factor in one sentence")]


@dataclass(frozen=True, slots=True)
class Agreement:
    """The price as each of the model's two learners predicts it alone."""

    tree_price: Annotated[float, Field(description="Price of the boosted trees")]
    kernel_ridge_price: Annotated[float, Field(description="Price of the kernel ridge regression")]
    ratio: Annotated[float, Field(description="The first divided by the second")]


@dataclass(frozen=True, slots=True)
class DataQuality:
    """How much of what the model goes by is given, and usual."""

    score: Annotated[
        float, Field(description="Percentage of the feature importance whose columns are given and within training")
    ]
    missing: Annotated[list[str], Field(description="Columns that are not given")]
    unusual: Annotated[list[str], Field(description="Columns with values that training has not seen")]


@dataclass(frozen=True, slots=True)
class Valuation:
    """What a valuer asks about a price."""

    display_price: Annotated[float, Field(description="Price, no finer than its interval allows")]
    display_range: Annotated[tuple[float, float], Field(description="Interval in the same steps, rounded outwards")]
    confidence_class: Annotated[int, Field(ge=0, le=7, description="7 is the most certain, by the limits of the FSD")]
    value_recommended: Annotated[bool, Field(description="Whether the FSD is at most max_fsd")]
    reason: Annotated[str | None, Field(description="Why the value is not recommended")]
    max_fsd: Annotated[float, Field(description="Largest FSD of a recommended value, as configured")]
    agreement: Annotated[Agreement | None, Field(description="Null where the model uses one learner alone")]
    limiting_factors: Annotated[list[LimitingFactor], Field(description="What makes this value less certain")]
    data_quality: DataQuality


def not_null(shown: dict[str, Any]) -> None:
    """Remove the default: a part that was not requested is left out, never null."""
    del shown["default"]


@dataclass(slots=True)
class ValuedPrediction(Prediction):
    """The prediction for one house, with its valuation when `include` asks for it."""

    valuation: Annotated[
        Valuation | SkipJsonSchema[None],
        Field(description="What a valuer asks, when requested", json_schema_extra=not_null),
    ] = None


@dataclass(frozen=True, slots=True)
class ValuedPredictions:
    """The predictions for many houses, in their order."""

    predictions: list[ValuedPrediction]


class Neighbourhood(Protocol):
    """The sales of a bundle, as far as they are needed here."""

    def count_within(self, house: House, distance: float) -> int | None:
        """Return how many sales differ from a house by less than a share of a price; None where there are no sales."""


class Valuer:
    """Says of a house and its prediction what a valuer asks."""

    def __init__(self, bundle: Bundle, neighbourhood: Neighbourhood) -> None:
        self._model, self._layout, self._neighbourhood = bundle.model, ColumnLayout(bundle), neighbourhood
        self._max_fsd = bundle.manifest.max_fsd
        schema = bundle.manifest.schema_
        self._shares: dict[str, float] = {
            name: float(bundle.reference.get(name, {}).get("importance", 0.0))
            for name in schema.request
            if name != schema.sale_date
        }

    def value(self, houses: Sequence[House], predictions: Sequence[Prediction]) -> list[Valuation]:
        """Return the valuation of each validated house.

        Raises:
            ServingError: A graph of the bundle failed.
        """
        today = datetime.now(UTC).date()
        rows = zip(houses, predictions, self._agreements(houses), strict=True)
        return [self._value(house, prediction, agreement, today) for house, prediction, agreement in rows]

    def _value(self, house: House, prediction: Prediction, agreement: Agreement | None, today: date) -> Valuation:
        checkpoint()
        price, (low, high) = prediction.predicted_price, prediction.prediction_interval
        shown, shown_range = display_price(price, low, high)
        recommended = prediction.fsd <= self._max_fsd
        reason = f"The forecast standard deviation, {prediction.fsd:.1%}, is above the limit of {self._max_fsd:.1%}."
        return Valuation(
            shown,
            shown_range,
            confidence_class(prediction.fsd),
            recommended,
            None if recommended else reason,
            self._max_fsd,
            agreement,
            [*self._sparse(house), *_of_warnings(prediction.warnings), *_old(prediction.valuation_date, today)],
            self._data_quality(house, prediction.warnings),
        )

    def _agreements(self, houses: Sequence[House]) -> list[Agreement | None]:
        try:
            found = self._model.learner_prices(self._layout.named(self._layout.fill(houses)))
        except Exception as err:  # onnxruntime raises its own unrelated kinds, one a cause
            raise ServingError(f"The model failed: {err}. Restart the server, or build the bundle again.") from err
        if not found:
            return [None] * len(houses)
        pairs = zip(*(prices.tolist() for prices in found), strict=True)
        return [Agreement(round(trees, 2), round(kernel, 2), round(trees / kernel, 4)) for trees, kernel in pairs]

    def _sparse(self, house: House) -> list[LimitingFactor]:
        count = self._neighbourhood.count_within(house, SPARSE_DISTANCE)
        if count is None or count >= SPARSE_SALES:
            return []
        message = (
            f"Fewer than {SPARSE_SALES} sales differ from this house by less than {SPARSE_DISTANCE:.0%} of its price: "
            f"{count}."
        )
        return [LimitingFactor("sparse_neighbourhood", message)]

    def _data_quality(self, house: House, warnings: Sequence[PredictionWarning]) -> DataQuality:
        missing = [name for name in self._shares if house.get(name) is None]
        unusual = [one.column for one in warnings if one.kind in _KINDS and one.column in self._shares]
        whole = sum(self._shares.values())
        lost = sum(self._shares[name] for name in {*missing, *unusual})
        return DataQuality(round(100.0 * (1.0 - lost / whole), 1) if whole else 100.0, missing, unusual)


_prediction_to_json = TypeAdapter(Prediction).serializer.to_json
_valuation_to_json = TypeAdapter(Valuation).serializer.to_json


def valued_as_json(prediction: Prediction, valuation: Valuation) -> bytes:
    """Return a `ValuedPrediction` as JSON."""
    return b'%b,"valuation":%b}' % (_prediction_to_json(prediction)[:-1], _valuation_to_json(valuation))


def confidence_class(fsd: float) -> int:
    """Return the confidence class of a forecast standard deviation, from 0 to 7, the most certain."""
    return sum(fsd <= limit for limit in CLASS_LIMITS)


def _of_warnings(warnings: Sequence[PredictionWarning]) -> list[LimitingFactor]:
    """Return a factor for each code, with the messages of all warnings of its kind."""
    messages: dict[Any, list[str]] = {}
    for one in warnings:
        messages.setdefault(_REASONS[one.kind], []).append(one.message)
    return [LimitingFactor(code, f"{'; '.join(found)}.") for code, found in messages.items()]


def _old(valuation_date: str | None, today: date) -> list[LimitingFactor]:
    if valuation_date is None or today - date.fromisoformat(valuation_date) <= OLD_DATE:
        return []
    message = f"The value is that of {valuation_date}, more than {OLD_DATE.days} days ago."
    return [LimitingFactor("old_valuation_date", message)]
