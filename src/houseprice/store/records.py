"""Records of the store: predictions as they were answered, prices paid, and what is read back."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Role = Literal["live", "shadow"]
Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]
HASH_DIGITS = 32
MISSING_BIN = -1
"""Bin of `InputCount` for values that were not given."""
UNKNOWN_BIN = -2
"""Bin of `InputCount` for categories that the training data did not hold."""


@dataclass(frozen=True, slots=True)
class StoredPrediction:
    """One prediction that was answered, or computed beside the answer by a shadow model.

    Attributes:
        request_id: ID of the request.
        row: position of the house within the request, from 0.
        reference: the caller's own name of the house.
        predicted_at: time of the answer, UTC.
        model_version: version of the model.
        role: `live` for what was answered, `shadow` for a model beside it.
        price, low, high: predicted price and the ends of its interval, in `currency`; the price is positive.
        fsd: expected standard deviation of the error of the log price.
        currency: ISO 4217 code.
        valuation_date: day that the price is for.
        warnings: as they were answered.
        inputs: validated columns of the house, without those that are missing; None where inputs are not kept.
        inputs_hash: `hash_house` of the columns without the valuation date; computed from `inputs` where it is None.
        dated: whether the request gave the valuation date; it is only summed up, as are the next two.
        misdated: whether that date is far from the day of the prediction.
        repeated: whether the same house was asked for on the same day before.
    """

    request_id: str
    row: int
    reference: str | None
    predicted_at: datetime
    model_version: str
    role: Role
    price: float
    low: float
    high: float
    fsd: float | None
    currency: str
    valuation_date: date | None
    warnings: list[dict[str, Any]]
    inputs: dict[str, Any] | None
    inputs_hash: str | None
    dated: bool = False
    misdated: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Actual:
    """The price that was paid for a house, and what identifies its prediction.

    Of several keys the first that finds a prediction counts, in the order request ID, reference, house.

    Attributes:
        price: price paid.
        sale_date: day of the sale.
        request_id: ID of the request that asked for the price.
        reference: the caller's own name of the house.
        house: its validated columns without the valuation date, as `hash_house` takes them.
        currency: ISO 4217 code; None is the currency of the prediction.
        row: position of the house within the request; needed where the request had several.
    """

    price: float
    sale_date: date
    request_id: str | None = None
    reference: str | None = None
    house: Mapping[str, Any] | None = None
    currency: str | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class ActualsResult:
    """What became of the prices paid.

    Attributes:
        added: how many are new.
        corrected: how many replace a stored one.
        duplicates: how many were stored already.
        unknown: how many are of houses that nobody had asked for when they were sold.
    """

    added: int
    corrected: int
    duplicates: int
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class InputCount:
    """How many live predictions of a day had a value of one column in one bin.

    Attributes:
        day: UTC day of the predictions.
        model_version: version of the model whose reference profile defines the bins.
        column: name of the column.
        bin: number of the bin, from 0; `MISSING_BIN` and `UNKNOWN_BIN` are none of the profile's.
        count: number of predictions.
    """

    day: date
    model_version: str
    column: str
    bin: int
    count: int


@dataclass(frozen=True, slots=True)
class DailySummary:
    """Sums over the predictions of one day, model, role and currency.

    Attributes:
        day: UTC day.
        predictions: how many there were.
        log_price_sum: sum of the natural logs of the predicted prices.
        log_price_squares: sum of their squares.
        fsd_sum: sum of the FSDs that are known.
        fsd_count: how many are known.
        warned: predictions with at least one warning.
        dated: predictions whose request gave the valuation date.
        misdated: those of them whose date is far from the day of the prediction.
        repeated: predictions of a house that was asked for on the same day before.
    """

    day: date
    model_version: str
    role: Role
    currency: str
    predictions: int
    log_price_sum: float
    log_price_squares: float
    fsd_sum: float
    fsd_count: int
    warned: int
    dated: int
    misdated: int
    repeated: int


@dataclass(frozen=True)
class LabelledPredictions:
    """Predictions whose price paid is known, one array element a sale, in the order of the sale dates.

    Attributes:
        request_id, row, reference, model_version: of the prediction.
        predicted_at: time of the prediction, datetime64[us], UTC.
        recorded_at: time when the price paid became known, datetime64[us], UTC.
        sale_date: datetime64[D].
        valuation_date: datetime64[D], NaT where there is none.
        price_paid, price, low, high: in the currency of the prediction.
        fsd: NaN where it is unknown.
        inputs: the columns of the house as a dict; None where they are not kept, or were not asked for.
    """

    request_id: Objects
    row: npt.NDArray[np.int64]
    reference: Objects
    model_version: Objects
    predicted_at: npt.NDArray[np.datetime64]
    recorded_at: npt.NDArray[np.datetime64]
    sale_date: npt.NDArray[np.datetime64]
    valuation_date: npt.NDArray[np.datetime64]
    price_paid: Floats
    price: Floats
    low: Floats
    high: Floats
    fsd: Floats
    currency: Objects
    inputs: Objects

    def __len__(self) -> int:
        return len(self.price)


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What the store holds.

    Attributes:
        database: `sqlite` or `postgresql`.
        place: where it is, without a password.
        revision: revision of the schema.
        predictions: stored predictions, live and shadow.
        first, last: time of the oldest and the newest of them.
        labelled: sales whose price paid is known.
        corrections: prices paid that were replaced by a later correction.
        bytes: size of the database on disk.
    """

    database: str
    place: str
    revision: str
    predictions: int
    first: datetime | None
    last: datetime | None
    labelled: int
    corrections: int
    bytes: int


def hash_house(house: Mapping[str, Any], leave_out: Iterable[str] = ()) -> str:
    """Return the hash by which a sale finds the predictions for the same house.

    Numbers count by their value, dates by their day, and missing values not at all, so that the hash is the same for a
    house that was written in another way. It is the beginning of a SHA-256, as hex digits.

    Args:
        house: column → value, validated.
        leave_out: columns that are no property of the house, such as the valuation date.
    """
    without = frozenset(leave_out)
    values = {name: _plain(value) for name, value in house.items() if value not in (None, "") and name not in without}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, int | float) else value


def storable(text: str) -> str:
    """Return a text with what no database stores, NUL and halves of characters, replaced."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
