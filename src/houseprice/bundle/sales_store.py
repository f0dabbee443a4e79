"""Binary store of the training sales, `sales.npy`, from which comparables are taken.

One structured array in numpy's own format, read without pickle: one field per column, each of the smallest type that
holds all of its values exactly. The same sales give the same bytes. Parcel numbers are left out.
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
    """Houses that were sold, and their prices.

    Attributes:
        columns: name → one value per sale, as the model takes them.
        prices: sale prices.
    """

    columns: dict[str, npt.NDArray[Any]]
    prices: npt.NDArray[np.float64]


def pack(columns: Mapping[str, npt.NDArray[Any]], prices: npt.NDArray[np.float64]) -> bytes:
    """Return the sales as bytes."""
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
        ArtifactError: The bytes are not such a store (code `sales_store_invalid`).
    """
    try:
        records = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
        columns = {name: _as_column(records[name]) for name in records.dtype.names or ()}
        return Sales({name: values for name, values in columns.items() if name != PRICE}, columns[PRICE])
    except (ValueError, TypeError, KeyError, EOFError) as err:
        raise ArtifactError(
            f"The sales of the bundle cannot be read ({err}). Export it again with `houseprice bundle`.",
            code="sales_store_invalid",
        ) from err


def _smallest(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the values in the smallest type that holds them exactly; texts as UTF-8."""
    if values.dtype == object:
        return np.array([str(text).encode() for text in values.tolist()], dtype=np.bytes_)
    for kind in _NUMBERS:
        with np.errstate(invalid="ignore", over="ignore"):
            smaller = values.astype(kind)
        if np.array_equal(smaller.astype(np.float64), values, equal_nan=True):
            return smaller
    return values


def _as_column(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return one field as a column of the model."""
    if values.dtype.kind == "S":
        levels, places = np.unique(values, return_inverse=True)
        return np.array([level.decode() for level in levels.tolist()], dtype=object)[places]
    return values.astype(np.float64)
