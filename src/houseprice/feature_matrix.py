"""Columns in, one array of all numeric ones out, with the names of its rows.

A recorded graph pays for every step and hardly for a step's size, so what is done to all features is done once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class FeatureMatrix:
    """Features of some houses, found by name.

    Attributes:
        names: what the rows of the table are.
        table: numbers, by the array API [names, houses].
        texts: name → texts, one a house.
    """

    names: tuple[str, ...]
    table: Any
    texts: Mapping[str, Any]

    @classmethod
    def of(cls, numbers: Mapping[str, Any], texts: Mapping[str, Any] | None = None) -> Self:
        """Give back the matrix of some columns of numbers, all of one type, and of texts."""
        return cls(tuple(numbers), _stacked(numbers), texts or {})

    def __getitem__(self, name: str) -> Any:
        """Give back one column, of numbers or of texts."""
        if name in self.texts:
            return self.texts[name]
        xp = self.table.__array_namespace__()
        return xp.reshape(self.rows((name,)), (-1,))

    def rows(self, names: Iterable[str]) -> Any:
        """Give back the numbers of some columns [names, houses]."""
        places = np.array([self.names.index(name) for name in names], dtype=np.int64)
        xp = self.table.__array_namespace__()
        return xp.take(self.table, xp.asarray(places), axis=0)

    def select(self, names: tuple[str, ...]) -> Self:
        """Give back the matrix of some of the columns of numbers, and of all texts."""
        return type(self)(names, self.rows(names), self.texts)

    def with_columns(self, numbers: Mapping[str, Any]) -> Self:
        """Give back the matrix with further columns of numbers."""
        if not numbers:
            return self
        xp = self.table.__array_namespace__()
        more = xp.astype(_stacked(numbers), self.table.dtype)
        return type(self)((*self.names, *numbers), xp.concat([self.table, more], axis=0), self.texts)

    def as_float32(self) -> Self:
        """Give back the matrix with its numbers as float32, as the trees compare them."""
        xp = self.table.__array_namespace__()
        return type(self)(self.names, xp.astype(self.table, xp.float32), self.texts)


def _stacked(numbers: Mapping[str, Any]) -> Any:
    columns = list(numbers.values())
    xp = columns[0].__array_namespace__()
    return xp.reshape(xp.concat(columns), (len(columns), -1))
