"""Cells of a frame of polars, as JSON would hold them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any


def cell_value(value: Any) -> Any:
    """Return a value of a frame as JSON would hold it; NaN is a blank."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.date()
    return None if value != value else value  # noqa: PLR0124 - NaN


def column_cells(series: Any) -> Sequence[Any]:
    """Return the values of a column, with None for NaN, which is not equal to itself."""
    return list((series.fill_nan(None) if series.dtype.is_float() else series).to_list())
