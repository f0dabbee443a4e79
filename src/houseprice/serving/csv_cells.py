"""Values of CSV cells: text to what JSON would hold, and back. The rules of a request judge them afterwards."""

import math
from collections.abc import Callable, Container
from datetime import date
from typing import Any

from houseprice.conversion.form import CellForm
from houseprice.conversion.value import convert_value, is_missing_value
from houseprice.schema import Column

_BLANKS = frozenset(("", "na", "n/a", "nan", "null", "none"))  # but not of texts: "None" may be a category
_FLAGS = {"true": 1.0, "yes": 1.0, "y": 1.0, "false": 0.0, "no": 0.0, "n": 0.0}

Parser = Callable[[str], Any]
"""Parses a cell; None is blank, and a text that cannot be parsed is returned as it is, for the rules to refuse."""


def cell_parser(column: Column, known: Container[str], decimal: str = ".") -> Parser:
    """Return what parses the cells of a column; `known` are the categories that the model has learned from.

    A column that declares how its cells are written is read by that form, and by the decimal sign that is asked for.
    """
    if column.form is not None:
        form = column.form if decimal == "." else column.form.model_copy(update={"decimal": decimal, "thousands": None})
        return _parser_by_form(column, known, form)
    if column.is_text:
        return lambda text: _parse_text(text, column, known, decimal)
    if column.kind == "date":
        return lambda text: None if text.strip().lower() in _BLANKS else text
    parse = _parse_flag if column.kind == "flag" else _parse_number
    return parse if decimal == "." else lambda text: _with_decimal_comma(text, parse)


def _parser_by_form(column: Column, known: Container[str], form: CellForm) -> Parser:
    kind = column.cell_kind

    def parse(text: str) -> Any:
        if is_missing_value(text, form, kind):
            return None
        if column.is_text:
            return _parse_text(text, column, known, form.decimal or ".")
        value = convert_value(text, kind, form)
        return text if value is None else value

    return parse


def _with_decimal_comma(text: str, parse: Parser) -> Any:
    """Parse a number with a decimal comma; a point may separate thousands there, so it is never guessed at."""
    if "." in text:
        return None if text.strip().lower() in _BLANKS else text
    value = parse(text.replace(",", "."))
    return text if isinstance(value, str) else value


def _parse_number(text: str) -> Any:
    try:
        number = int(text) if text.isascii() and text.isdigit() else float(text)
    except ValueError:
        return None if text.strip().lower() in _BLANKS else text
    if math.isnan(number):  # how many programs write a blank
        return None
    return text if "_" in text else number  # only Python reads "1_000"


def _parse_flag(text: str) -> Any:
    return _FLAGS[word] if (word := text.strip().lower()) in _FLAGS else _parse_number(text)


def _parse_text(text: str, column: Column, known: Container[str], decimal: str) -> str | None:
    """Parse a code; spreadsheets that take it for a number write it with a ".0" behind."""
    code = text.strip()
    return (code if code in known else column.canonical(code, decimal)) or None


def format_cell(value: Any, kind: str = "", decimal: str = ".") -> str:
    """Return a value as text; `kind` is that of its column, for checked houses, which hold flags as numbers."""
    if value is None:
        return ""
    if kind == "flag" or isinstance(value, bool):
        return "true" if value else "false"
    if kind == "integer":
        return str(int(value))
    if isinstance(value, float):
        return str(value).replace(".", decimal)
    return value.isoformat() if isinstance(value, date) else str(value)
