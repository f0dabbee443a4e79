"""Predictions for the tests of the store, and the clock that they set."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from houseprice.store import Store, StoredPrediction

Open = Callable[[str], Store]
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)

HOUSE = {"bedrooms": 3.0, "sqft_living": 1800.0, "zipcode": "98125", "built": date(1951, 1, 1)}
PREDICTION = StoredPrediction(
    request_id="request-1",
    row=0,
    reference="house-1",
    predicted_at=datetime(2026, 5, 1, 9, 30, 0, 123456, UTC),
    model_version="abcdef123456",
    role="live",
    price=500_000.0,
    low=400_000.0,
    high=620_000.0,
    fsd=0.12,
    currency="USD",
    valuation_date=date(2026, 5, 1),
    warnings=[],
    inputs={"bedrooms": 3.0, "sqft_living": 1800.0, "zipcode": "98125", "built": "1951-01-01"},
    inputs_hash=None,
)


def prediction(**changes: Any) -> StoredPrediction:
    """Return a prediction that differs from the usual one."""
    return replace(PREDICTION, **changes)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Return the time that was set."""
        return self.now
