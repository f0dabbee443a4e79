"""Conversion of validated houses into the arrays that the model takes, one per column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle.load import Bundle
from houseprice.serving.request import House

_EPOCH = date(1970, 1, 1).toordinal()
Numbers = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Columns:
    """The columns of some houses.

    Attributes:
        numbers: one row per column, in the order of `ColumnLayout.numbers`; NaN is missing, dates are days since 1970.
        texts: one row per column, in the order of `ColumnLayout.texts`; "" is missing.
    """

    numbers: Numbers
    texts: Texts


class ColumnLayout:
    """The columns that the model takes, and their order."""

    def __init__(self, bundle: Bundle) -> None:
        schema = bundle.manifest.schema_
        self.numbers = [name for name, is_text in bundle.model.inputs.items() if not is_text]
        self.texts = [name for name, is_text in bundle.model.inputs.items() if is_text]
        self.dates = {name for name in self.numbers if schema.columns[name].kind == "date"}
        self._dated = [(row, name) for row, name in enumerate(self.numbers) if name in self.dates]
        self._plain_names = [name for name in self.numbers if name not in self.dates]
        self._plain_rows = [row for row, name in enumerate(self.numbers) if name not in self.dates]
        names = self._plain_names
        self._plain = itemgetter(*names) if len(names) > 1 else lambda house: [house[name] for name in names]
        self._sale_date = schema.sale_date
        reference = bundle.manifest.reference_date
        self._reference = date.fromisoformat(reference) if reference else None

    def fill(self, houses: Sequence[House]) -> Columns:
        """Return the columns of some houses; missing values are left to the model."""
        try:
            plain = [self._plain(house) for house in houses]
        except KeyError:  # a column is left out
            plain = [tuple(map(house.get, self._plain_names)) for house in houses]
        numbers = np.empty((len(self.numbers), len(houses)))
        numbers[self._plain_rows] = np.array(plain, dtype=np.float64).reshape(len(houses), len(self._plain_rows)).T
        for row, name in self._dated:
            numbers[row] = self._days(houses, name)
        texts = [[house.get(name) or "" for house in houses] for name in self.texts]
        return Columns(
            numbers,
            np.array(texts, dtype=object).reshape(len(self.texts), len(houses)),
        )

    def fill_columns(self, values: Mapping[str, Sequence[Any]], houses: int) -> Columns:
        """Return the columns of some houses from column name → their validated values, None where one is missing."""
        absent = [None] * houses
        numbers = []
        for name in self.numbers:
            column = values.get(name, absent)
            usual = self._reference if name == self._sale_date else None
            numbers.append([_day(day or usual) for day in column] if name in self.dates else column)
        texts = [[value or "" for value in values.get(name, absent)] for name in self.texts]
        return Columns(
            np.array(numbers, dtype=np.float64).reshape(len(self.numbers), houses),
            np.array(texts, dtype=object).reshape(len(self.texts), houses),
        )

    def select(self, columns: Mapping[str, npt.NDArray[Any]]) -> Columns:
        """Return the columns of the model among others, by their names.

        Raises:
            KeyError: One is missing.
        """
        houses = len(next(iter(columns.values())))
        return Columns(
            np.array([columns[name] for name in self.numbers], dtype=np.float64).reshape(len(self.numbers), houses),
            np.array([columns[name] for name in self.texts], dtype=object).reshape(len(self.texts), houses),
        )

    def named(self, columns: Columns) -> dict[str, npt.NDArray[Any]]:
        """Return column name → values."""
        return dict(zip(self.numbers + self.texts, [*columns.numbers, *columns.texts], strict=True))

    def valuation_date(self, house: House) -> date | None:
        """Return the valuation date of a house: by default, the newest sale date in the training data.

        None where the model was trained on sales without dates.
        """
        day: date | None = house.get(self._sale_date) if self._sale_date else None
        return day or self._reference

    def valuation_day(self, house: House) -> str | None:
        """Return the valuation date of a house as it stands in answers."""
        return self.valuation_days([house])[0]

    def valuation_days(self, houses: Sequence[House]) -> list[str | None]:
        """Return the valuation dates of some houses as they stand in answers."""
        name, usual = self._sale_date, self._reference
        days = [house.get(name) or usual for house in houses] if name else [usual] * len(houses)
        shown = {day: day.isoformat() if day else None for day in set(days)}
        return [shown[day] for day in days]

    def _days(self, houses: Sequence[House], name: str) -> list[float | None]:
        usual = self._reference if name == self._sale_date else None
        days = [house.get(name) or usual for house in houses]
        since = {day: _day(day) for day in set(days)}
        return [since[day] for day in days]


@lru_cache(maxsize=4096)
def _day(day: date | None) -> float | None:
    return None if day is None else day.toordinal() - _EPOCH


def from_iso(text: str) -> float:
    """Return the days since 1970-01-01."""
    return date.fromisoformat(text).toordinal() - _EPOCH


def to_iso(days: float) -> str:
    """Return the date that is so many days after 1970-01-01."""
    return date.fromordinal(int(days) + _EPOCH).isoformat()
