"""Features of houses as one array, whose rows are found by name.

An exported graph costs time for every node and hardly for the size of one, so operations on all features are done at
once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class FeatureMatrix:
    """Features of some houses, found by name.

    Attributes:
        names: features in the rows of the table.
        table: numbers, by the array API [names, houses].
        texts: name → one text per house.
    """

    names: tuple[str, ...]
    table: Any
    texts: Mapping[str, Any]

    @classmethod
    def of(cls, numbers: Mapping[str, Any], texts: Mapping[str, Any] | None = None) -> Self:
        """Return the matrix of some columns of numbers, all of one type, and of texts."""
        return cls(tuple(numbers), _stacked(numbers), texts or {})

    def __getitem__(self, name: str) -> Any:
        """Return one column, of numbers or of texts."""
        if name in self.texts:
            return self.texts[name]
        place = self.names.index(name)
        if isinstance(self.table, np.ndarray):
            return self.table[place]
        import ndonnx as ndx
        import spox.opset.ai.onnx.v21 as op

        return ndx.asarray(op.gather(self.table.unwrap_spox(), op.const(place)))  # one node instead of two

    def rows(self, names: Iterable[str]) -> Any:
        """Return the numbers of some columns [names, houses]."""
        places = np.array([self.names.index(name) for name in names], dtype=np.int64)
        xp = self.table.__array_namespace__()
        return xp.take(self.table, xp.asarray(places), axis=0)

    def select(self, names: tuple[str, ...]) -> Self:
        """Return the matrix of some of the columns of numbers, and of all texts."""
        return type(self)(names, self.rows(names), self.texts)

    def houses(self, part: slice | npt.NDArray[np.int64]) -> Self:
        """Return the matrix of some of the houses."""
        texts = {name: values[part] for name, values in self.texts.items()}
        return type(self)(self.names, self.table[:, part], texts)

    def with_columns(self, numbers: Mapping[str, Any]) -> Self:
        """Return the matrix with further columns of numbers."""
        if not numbers:
            return self
        xp = self.table.__array_namespace__()
        more = xp.astype(_stacked(numbers), self.table.dtype)
        return type(self)((*self.names, *numbers), xp.concat([self.table, more], axis=0), self.texts)

    def as_float32(self) -> Self:
        """Return the matrix with its numbers as float32, as the trees compare them."""
        xp = self.table.__array_namespace__()
        return type(self)(self.names, xp.astype(self.table, xp.float32), self.texts)


def _stacked(numbers: Mapping[str, Any]) -> Any:
    columns = list(numbers.values())
    xp = columns[0].__array_namespace__()
    return xp.reshape(xp.concat(columns), (len(columns), -1))
