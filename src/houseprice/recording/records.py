"""Records of the spool as predictions of the store."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
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
            predictions.append(_prediction(rules.schema.sale_date, *record))
        except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, OSError):
            damaged += 1
    return Records(predictions, damaged)


def stored_inputs(predictions: list[StoredPrediction], inputs: str) -> list[StoredPrediction]:
    """Return predictions with their inputs as they are to be stored: `on`, `hash` or `off`."""
    if inputs == "on":
        return predictions
    if inputs == "hash":
        return [replace(one, inputs=None) for one in predictions]
    return [replace(one, inputs=None, inputs_hash=None) for one in predictions]


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
    sale_date: str | None,
    at: float,
    request_id: str,
    row: int,
    reference: str | None,
    house: House,
    found: dict[str, Any],
) -> StoredPrediction:
    """Return a prediction; `sale_date` is the column of the valuation date, which is no property of the house."""
    if reference is not None or house.get(REFERENCE) is None:  # otherwise it is a column
        house.pop(REFERENCE, None)
    inputs = {name: value for name, value in house.items() if value is not None}
    low, high = map(float, found["prediction_interval"])
    price, predicted_at = float(found["predicted_price"]), datetime.fromtimestamp(at, UTC)
    day = date.fromisoformat(found["valuation_date"]) if found["valuation_date"] else None
    if not (math.isfinite(price) and price > 0):
        raise ValueError("no price")
    is_dated = sale_date in inputs
    return StoredPrediction(
        request_id=request_id,
        row=row,
        reference=reference or None,
        predicted_at=predicted_at,
        model_version=found["model_version"],
        role="live",
        price=price,
        low=low,
        high=high,
        fsd=float(found["fsd"]) if "fsd" in found else None,  # recorded by an older server
        currency=found["currency"],
        valuation_date=day,
        warnings=found["warnings"],
        inputs=inputs,
        inputs_hash=hash_house(inputs, [sale_date] if sale_date else []) if inputs else None,
        dated=is_dated,
        misdated=is_dated and day is not None and abs((day - predicted_at.date()).days) > MISDATED_DAYS,
    )
