"""Conversion of a column of texts, over its distinct values; agrees with `convert_value` by construction."""

import polars as pl

from houseprice.conversion.form import CellForm, Kind
from houseprice.conversion.value import LARGEST_INTEGER, TEXTS, convert_value, is_missing_value, missing_marks

TYPES: dict[Kind, type[pl.DataType]] = {
    "number": pl.Float64,
    "integer": pl.Int64,
    "flag": pl.Int64,
    "date": pl.Date,
    "category": pl.String,
    "ordinal": pl.String,
    "text": pl.String,
}

_PLAIN = r"^[-+]?[0-9]{1,15}(\.[0-9]+)?$"
"""A number that every computer reads alike."""
_NORMAL = r"^[!-~]+( [!-~]+)*$"
"""A text that `normalized` leaves as it is."""


def convert(texts: pl.Series, kind: Kind, form: CellForm) -> pl.Series:
    """Return the values of a column of texts: Float64, Int64 (integers, and flags as 0 and 1), Date or String.

    What is blank, a missing mark, or cannot be read becomes null; `is_missing` tells the first two from the last.
    """
    value = pl.col(texts.name)
    values: pl.Expr
    if kind in TEXTS:
        plain = texts.str.contains(_NORMAL).fill_null(value=False)
        small = value.str.to_lowercase()
        values = pl.when(~small.is_in(missing_marks(form, kind))).then(small if form.case else value)
    elif kind in ("number", "integer") and _means_what_it_says(form):
        plain = texts.str.contains(_PLAIN).fill_null(value=False)
        values = value.cast(pl.Float64, strict=False)
        if kind == "integer":
            values = pl.when((values == values.round()) & (values.abs() < LARGEST_INTEGER)).then(values).cast(pl.Int64)
    else:
        return _by_distinct(texts, kind, form)
    if plain.all():
        return texts.to_frame().select(values)[texts.name]
    found = texts.set(~plain, None).to_frame().select(values)[texts.name]
    return found.fill_null(_by_distinct(texts.set(plain, None), kind, form))


def is_missing(texts: pl.Series, form: CellForm, kind: Kind = "category") -> pl.Series:
    """Return which cells of a column of a kind are blank or hold a missing mark."""
    distinct = texts.unique().drop_nulls().to_list()
    marks = pl.Series([text for text in distinct if is_missing_value(text, form, kind)], dtype=pl.String)
    return (texts.is_null() | texts.is_in(marks.implode())).fill_null(value=True).alias(texts.name)


def _by_distinct(texts: pl.Series, kind: Kind, form: CellForm) -> pl.Series:
    distinct = texts.unique().drop_nulls()
    values = pl.Series([convert_value(text, kind, form) for text in distinct.to_list()], dtype=TYPES[kind])
    return texts.replace_strict(distinct, values, default=None, return_dtype=TYPES[kind])


def _means_what_it_says(form: CellForm) -> bool:
    """Return whether digits with a point mean the same to this form as to a computer."""
    with_point = (form.decimal or ".") == "." and form.thousands != "."
    return with_point and form.factor == 1.0 and not any(letter.isdigit() for mark in form.missing for letter in mark)
