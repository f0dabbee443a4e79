"""Records of the spool as predictions of the store."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from statistics import NormalDist
from typing import Any

from houseprice.monitoring.data import MISDATED_DAYS
from houseprice.serving.column_rules import REFERENCE
from houseprice.serving.request import House, RequestModel, has_reference
from houseprice.serving.validation_errors import InvalidRequestError
from houseprice.store import StoredPrediction, hash_house

SENT = 4
"""Values of a record of one house as it was sent: time, ID of the request, house, prediction."""


@dataclass(frozen=True)
class Records:
    """What some lines of a spool hold.

    Attributes:
        predictions: with the columns of their houses as `inputs`, also where these are not stored.
        damaged: how many records or lines could not be read.
    """

    predictions: list[StoredPrediction]
    damaged: int


def read_records(lines: Iterable[bytes], rules: RequestModel) -> Records:
    """Return the predictions that lines of the spool hold; what cannot be read is counted and left out.

    `rules` validate the houses that were recorded as they were sent.
    """
    predictions, damaged = [], 0
    for line in lines:
        if not line:
            continue
        try:
            record = json.loads(line)
            if len(record) == SENT:
                at, request_id, sent, found = record
                house, reference = _validated(sent, rules)
                record = [at, request_id, 0, reference, house, found]
            predictions.append(_prediction(*record))
        except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, OSError):
            damaged += 1
    return Records(predictions, damaged)


def stored_inputs(
    predictions: Sequence[StoredPrediction], inputs: str, sale_date: str | None
) -> list[StoredPrediction]:
    """Return predictions with their inputs as they are to be stored.

    Args:
        predictions: with the columns of their houses.
        inputs: `on`, `hash` or `off`.
        sale_date: the column of the valuation date, which is no property of a house; predictions are marked where it
            was given, and where it is far from their day.
    """
    if inputs == "off":
        return [replace(one, inputs=None) for one in predictions]
    leave_out = [sale_date] if sale_date else []
    predictions = [
        replace(one, dated=True, misdated=_is_misdated(one)) if sale_date and sale_date in (one.inputs or {}) else one
        for one in predictions
    ]
    hashes = [hash_house(one.inputs or {}, leave_out) for one in predictions]
    return [
        replace(one, inputs=one.inputs if inputs == "on" else None, inputs_hash=found)
        for one, found in zip(predictions, hashes, strict=True)
    ]


def forecast_standard_deviation(low: float, high: float, coverage: float) -> float | None:
    """Return the FSD of an interval in log price: (ln high - ln low) / 2z; None where it has no positive width.

    Here z is the normal quantile that leaves half of what is not covered above it.
    """
    if not 0 < low < high:
        return None
    return (math.log(high) - math.log(low)) / (2 * NormalDist().inv_cdf((1 + coverage) / 2))


def _is_misdated(one: StoredPrediction) -> bool:
    if one.valuation_date is None:
        return False
    return abs((one.valuation_date - one.predicted_at.astimezone(UTC).date()).days) > MISDATED_DAYS


def _validated(sent: House, rules: RequestModel) -> tuple[House, str | None]:
    """Return a house as it was validated for its prediction, and its reference."""
    try:
        (house,) = rules.validate([sent])
    except InvalidRequestError:  # a server with another schema has accepted it
        house = sent
    reference = house.get(REFERENCE) if has_reference(rules.schema) else None
    return {name: _plain(value) for name, value in house.items()}, None if reference is None else str(reference)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _prediction(
    at: float, request_id: str, row: int, reference: str | None, house: House, found: dict[str, Any]
) -> StoredPrediction:
    if reference is not None or house.get(REFERENCE) is None:  # otherwise it is a column
        house.pop(REFERENCE, None)
    low, high = map(float, found["prediction_interval"])
    price, day = float(found["predicted_price"]), found["valuation_date"]
    if not (math.isfinite(price) and price > 0):
        raise ValueError("no price")
    return StoredPrediction(
        request_id=request_id,
        row=row,
        reference=reference or None,
        predicted_at=datetime.fromtimestamp(at, UTC),
        model_version=found["model_version"],
        role="live",
        price=price,
        low=low,
        high=high,
        fsd=forecast_standard_deviation(low, high, found["coverage"]),
        currency=found["currency"],
        valuation_date=date.fromisoformat(day) if day else None,
        warnings=found["warnings"],
        inputs={name: value for name, value in house.items() if value is not None},
        inputs_hash=None,
    )
