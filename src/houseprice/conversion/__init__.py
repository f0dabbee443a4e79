"""Declared forms of cells → typed values, the same when learning, in `predict` and in the API.

`convert` and `is_missing` take a column of texts and need polars, which is imported when they are called. The serving
side converts cell by cell and imports `houseprice.conversion.value`, which needs nothing.
"""

from typing import TYPE_CHECKING

from houseprice.conversion.form import CellForm, Kind
from houseprice.conversion.value import convert_value, is_missing_value

if TYPE_CHECKING:
    import polars as pl

__all__ = ["CellForm", "Kind", "convert", "convert_value", "is_missing", "is_missing_value"]


def convert(texts: "pl.Series", kind: Kind, form: CellForm) -> "pl.Series":
    """Return the values of a column of texts: Float64, Int64 (integers, and flags as 0 and 1), Date or String.

    What is blank, a missing mark, or cannot be read becomes null; `is_missing` tells the first two from the last.
    """
    from houseprice.conversion import series

    return series.convert(texts, kind, form)


def is_missing(texts: "pl.Series", form: CellForm, kind: Kind = "category") -> "pl.Series":
    """Return which cells of a column of a kind are blank or hold a missing mark."""
    from houseprice.conversion import series

    return series.is_missing(texts, form, kind)
