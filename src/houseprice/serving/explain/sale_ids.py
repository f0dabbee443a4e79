"""Names of the sales of a bundle, made of their values, so that they outlive the model.

A sale keeps its name in every bundle that holds it with the same columns and values. Parcel numbers have no part in it,
since a bundle has none. Sales that are alike in everything are told apart by their order.
"""

from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from houseprice.bundle.sales_store import Sales
from houseprice.serving.checkpoints import checkpoint

DIGITS = 12
"""Hexadecimal digits of a name: among 100,000 sales two have the same once in 50,000 bundles, and then differ by it."""
BLOCK = 4096  # sales that are named without a pause
Hashes = npt.NDArray[np.uint64]


class SaleIds:
    """The names of some sales."""

    def __init__(self, sales: Sales) -> None:
        parts = [*(_hashes(sales.columns[name]) for name in sorted(sales.columns)), _hashes(sales.prices)]
        self._numbers = np.empty(len(sales.prices), dtype=np.uint64)
        for start in range(0, len(self._numbers), BLOCK):
            checkpoint()
            rows = np.stack([part[start : start + BLOCK] for part in parts], axis=1).astype("<u8", copy=False)
            self._numbers[start : start + BLOCK] = [_number(row.tobytes()) for row in rows]
        self._order = np.argsort(self._numbers, kind="stable")
        repeated = np.flatnonzero(np.diff(self._numbers[self._order]) == 0) + 1  # in the order of the store
        count = 0
        for place, before in zip(repeated.tolist(), [-1, *repeated.tolist()], strict=False):
            count = count + 1 if place == before + 1 else 1
            position = self._order[place]
            row = np.stack([part[position] for part in parts]).astype("<u8", copy=False)
            self._numbers[position] = _number(row.tobytes() + b"%d" % count)
        if len(repeated):
            self._order = np.argsort(self._numbers, kind="stable")

    def of(self, position: int) -> str:
        """Return the name of the sale at a position of the store."""
        return f"{int(self._numbers[position]):0{DIGITS}x}"

    def position(self, name: str) -> int | None:
        """Return the position of the sale of a name; None where no sale has it."""
        number = np.uint64(int(name, 16))
        at = int(np.searchsorted(self._numbers, number, sorter=self._order))
        if at == len(self._order) or self._numbers[self._order[at]] != number:
            return None
        return int(self._order[at])


def _number(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=DIGITS // 2).digest(), "big")


def _hashes(values: npt.NDArray[np.generic]) -> Hashes:
    """Return a number for each value, the same for equal values; all NaN are equal, as are 0 and -0."""
    if values.dtype == object:
        levels, places = np.unique(values, return_inverse=True)
        numbers = [int.from_bytes(blake2b(str(text).encode(), digest_size=8).digest(), "big") for text in levels]
        return np.array(numbers, dtype=np.uint64)[places]
    floats = values.astype(np.float64) + 0.0
    return np.where(np.isnan(floats), np.nan, floats).view(np.uint64)
