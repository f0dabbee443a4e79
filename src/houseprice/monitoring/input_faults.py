"""What became of a column whose values have changed: which of the usual faults explains its counts best.

Each fault says how the values of training would be counted if it had happened to all of them, and a part of the
requests may be touched by it. The likeliest explanation is named where it explains most of what has changed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from houseprice.monitoring.profile import MISSING, UNKNOWN, ColumnProfile

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
SQUARE_FEET = 10.7639
"""Square feet of a square metre."""
FACTORS = {
    "square metres for square feet": 1.0 / SQUARE_FEET,
    "square feet for square metres": SQUARE_FEET,
    "metres for feet": 1.0 / 3.28084,
    "feet for metres": 3.28084,
    "a factor of 1/1000": 1e-3,
    "a factor of 1000": 1e3,
}
WITHOUT_UNITS = ("latitude", "longitude", "year_built", "year_renovated", "bedrooms", "bathrooms", "quality")
"""Roles of columns whose values nobody converts."""
TOUCHED = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of the requests that may be touched."""
EXPLAINED = 0.6
"""Share of the change of the log-likelihood that an explanation must reach to be named."""
SMALL = 1e-3
MAX_REQUESTS = 500.0
"""Requests that counts are scaled down to: all of one fault, they are no independent witnesses."""


@dataclass(frozen=True)
class Fault:
    """What has happened to a column.

    Attributes:
        cause: `units`, `swapped`, `constant`, `missing`, `unknown` or `shifted`, where nothing else explains it.
        detail: which units, which other column or which value.
        touched: share of the requests.
    """

    cause: str
    detail: str
    touched: float

    def sentence(self, name: str) -> str:
        """Return it in words."""
        part = "all requests" if self.touched >= 0.95 else f"about {self.touched:.0%} of the requests"
        said = {
            "units": f"looks like {self.detail} in {part}",
            "swapped": f"looks like {self.detail} in {part}: the columns are swapped",
            "constant": f"has one value ({self.detail}) in {part}, such as a client's default",
            "missing": f"is missing in {part}",
            "unknown": f"has a category that training has not seen in {part}",
            "shifted": f"is distributed otherwise than in training, most of all {self.detail}",
        }
        return f"{name} {said[self.cause]}."


def find_fault(name: str, counts: Mapping[str, Counts], columns: Mapping[str, ColumnProfile]) -> Fault:
    """Return what explains the counts of a column best; it has changed, as an alarm says.

    `counts` are those of all columns at the time of the alarm: of two that are swapped, both have changed.
    """
    column, gain = columns[name], _Gain(columns[name], counts[name])
    best, most = _largest_change(column, counts[name]), EXPLAINED * gain.most
    for cause, detail, shares in _hypotheses(name, columns):
        for touched in TOUCHED:
            found = gain.of(shares, touched)
            if found > most and (cause != "swapped" or _is_swapped(columns[detail], column, counts[detail], touched)):
                best, most = Fault(cause, detail, touched), found
    return best


class _Gain:
    """Log-likelihood of the counts of a column, less that of nothing having changed."""

    def __init__(self, column: ColumnProfile, counts: Counts) -> None:
        self._counts = counts * min(1.0, MAX_REQUESTS / max(float(counts.sum()), 1.0))
        self._sealed = column.shares
        self.most = self.of(counts / max(float(counts.sum()), 1.0), 1.0)

    def of(self, shares: Floats, touched: float) -> float:
        """Return the gain where some of the requests are distributed otherwise."""
        mixed = (1.0 - touched) * self._sealed + touched * shares
        return float(self._counts @ np.log((mixed + SMALL) / (self._sealed + SMALL)))


def _is_swapped(other: ColumnProfile, column: ColumnProfile, counts: Counts, touched: float) -> bool:
    """Return whether the other column has changed as it had to if it held this one's values."""
    gain = _Gain(other, counts)
    return gain.of(_shares(other, column.points), touched) > EXPLAINED * gain.most > 0.0


def _largest_change(column: ColumnProfile, counts: Counts) -> Fault:
    moved = counts / max(float(counts.sum()), 1.0) - column.shares
    return Fault("shifted", column.bin_name(int(moved.argmax())), float(np.abs(moved).sum() / 2.0))


def _hypotheses(name: str, columns: Mapping[str, ColumnProfile]) -> Iterator[tuple[str, str, Floats]]:
    """Yield cause, detail and the shares of the bins of each fault that may have happened to a column."""
    column = columns[name]
    if column.edges is not None:
        for words, factor in FACTORS.items():
            shares = _shares(column, column.points * factor)
            # What lies beyond all bins may come from anything.
            if column.role not in WITHOUT_UNITS and shares[0] + shares[len(column.edges)] < 0.5:
                yield "units", words, shares
        for other in columns.values():
            if other.name != name and not other.is_text and _differ(column, other):
                yield "swapped", other.name, _shares(column, other.points)
    for place in range(len(column.shares)):
        one = np.zeros(len(column.shares))
        one[place] = 1.0
        if place == len(one) + MISSING:
            yield "missing", "", one
        elif place == len(one) + UNKNOWN:
            yield "unknown", "", one
        elif column.shares[place] > 0.0:
            yield "constant", column.bin_name(place), one


def _shares(column: ColumnProfile, values: Floats) -> Floats:
    counts = column.count(values).astype(np.float64)
    return np.asarray(counts / max(float(counts.sum()), 1.0))


def _differ(column: ColumnProfile, other: ColumnProfile) -> bool:
    """Return whether it could be seen that one column stands in place of the other."""
    return float(np.abs(_shares(column, other.points) - column.shares).sum()) / 2.0 > 0.3
