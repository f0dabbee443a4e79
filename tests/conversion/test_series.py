"""A column is converted as its cells are, one by one."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.conversion import CellForm, Kind, convert, convert_value, is_missing, is_missing_value

FORMS = (
    CellForm(),
    CellForm(decimal=",", thousands=".", strip=("€",), missing=("-", "0")),
    CellForm(thousands=",", strip=("$",), multipliers={"k": 1e3}, ranges="midpoint", factor=2.0),
    CellForm(dates=("%d/%m/%Y", "decimal_year"), true=("ja",), false=("nein",), duration="years"),
)
KINDS: tuple[Kind, ...] = ("number", "integer", "category", "ordinal", "flag", "date", "text")
CELLS = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.floats().map(str),
    st.integers().map(str),
    st.text("0123456789.,-+€$k/ \u00a0\u2212eE", max_size=10),
    st.dates().map(lambda day: day.strftime("%d/%m/%Y")),
    st.sampled_from(["yes", "nein", "NA", "61 years 4 months", "2012.917", "10 TO 12", "-"]),
)


@pytest.mark.parametrize("form", FORMS)
@given(cells=st.lists(CELLS, max_size=8), kind=st.sampled_from(KINDS))
def test_a_column_agrees_with_its_cells(cells: list[str | None], kind: Kind, form: CellForm) -> None:
    """What the pipeline learns from is what a request means."""
    texts = pl.Series("a", cells, dtype=pl.String)
    assert convert(texts, kind, form).to_list() == [convert_value(cell, kind, form) for cell in cells]
    assert is_missing(texts, form, kind).to_list() == [is_missing_value(cell, form, kind) for cell in cells]


@pytest.mark.parametrize(
    ("kind", "cells", "values", "dtype"),
    [
        ("number", ["1", "x", None], [1.0, None, None], pl.Float64),
        ("integer", ["1", "x", None], [1, None, None], pl.Int64),
        ("flag", ["y", "x", None], [1, None, None], pl.Int64),
        ("date", ["2014-10-13", "x", None], [date(2014, 10, 13), None, None], pl.Date),
        ("ordinal", ["1", "x", None], ["1", "x", None], pl.String),
        ("number", [], [], pl.Float64),
        ("date", [None], [None], pl.Date),
    ],
)
def test_a_column_has_the_type_of_its_kind(
    kind: Kind, cells: list[str | None], values: list[object], dtype: type[pl.DataType]
) -> None:
    """The name stays, too, and a column without values has its type all the same."""
    found = convert(pl.Series("a", cells, dtype=pl.String), kind, CellForm())
    assert found.to_list() == values
    assert found.dtype == dtype
    assert found.name == "a"
