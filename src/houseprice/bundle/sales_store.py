"""Sold houses and their prices in, the bytes of `sales.npy` out, and back again.

One array of records in numpy's own format, read without pickle: a field a column, each of the smallest kind that holds
all of its values exactly. The same sales give the same bytes. No parcel is named.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.errors import ArtifactError

PRICE = "sale price"
"""Name of the price's field, next to the fields of the columns."""
_NUMBERS = ("i1", "<i2", "<i4", "<f4", "<f8")


@dataclass(frozen=True)
class Sales:
    """Houses that were sold, and what was paid.

    Attributes:
        columns: name → one value a sale, as the model takes them.
        prices: what was paid on the day of the sale.
    """

    columns: dict[str, npt.NDArray[Any]]
    prices: npt.NDArray[np.float64]


def pack(columns: Mapping[str, npt.NDArray[Any]], prices: npt.NDArray[np.float64]) -> bytes:
    """Return the bytes that hold some sales."""
    fields = {name: _smallest(values) for name, values in {**columns, PRICE: prices}.items()}
    records = np.empty(len(prices), dtype=[(name, values.dtype) for name, values in fields.items()])
    for name, values in fields.items():
        records[name] = values
    stream = io.BytesIO()
    np.lib.format.write_array(stream, records, version=(3, 0), allow_pickle=False)
    return stream.getvalue()


def unpack(content: bytes) -> Sales:
    """Return the sales that `pack` packed.

    Raises:
        ArtifactError: the bytes are none of them.
    """
    try:
        records = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
        columns = {name: _own(records[name]) for name in records.dtype.names or ()}
        return Sales({name: values for name, values in columns.items() if name != PRICE}, columns[PRICE])
    except (ValueError, TypeError, KeyError, EOFError) as err:
        raise ArtifactError(
            f"The sealed sales cannot be read ({err}); expected an array of records with columns and prices; seal the "
            "folder again with `houseprice bundle`."
        ) from err


def _smallest(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the values in the smallest kind that tells them all; texts as UTF-8."""
    if values.dtype == object:
        return np.array([str(text).encode() for text in values.tolist()], dtype=np.bytes_)
    for kind in _NUMBERS:
        with np.errstate(invalid="ignore", over="ignore"):
            smaller = values.astype(kind)
        if np.array_equal(smaller.astype(np.float64), values, equal_nan=True):
            return smaller
    return values


def _own(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return one field as the model takes it."""
    if values.dtype.kind == "S":
        levels, places = np.unique(values, return_inverse=True)
        return np.array([level.decode() for level in levels.tolist()], dtype=object)[places]
    return values.astype(np.float64)
