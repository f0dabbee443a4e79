"""Conversion of a column of texts, over its distinct values; agrees with `convert_value` by construction."""

import polars as pl

from houseprice.conversion.form import CellForm, Kind
from houseprice.conversion.value import convert_value, is_missing_value

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


def convert(texts: pl.Series, kind: Kind, form: CellForm) -> pl.Series:
    """Return the values of a column of texts: Float64, Int64 (integers, and flags as 0 and 1), Date or String.

    What is blank, a missing mark, or cannot be read becomes null; `is_missing` tells the first two from the last.
    """
    if kind != "number" or not _means_what_it_says(form):
        return _by_distinct(texts, kind, form)
    plain = texts.str.contains(_PLAIN).fill_null(value=False)
    numbers = texts.set(~plain, None).cast(pl.Float64, strict=False)
    return numbers if plain.all() else numbers.fill_null(_by_distinct(texts.set(plain, None), kind, form))


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
