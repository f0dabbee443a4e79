"""Texts of a CSV in, the values that JSON would hold out; whether they are allowed is left to the request's rules."""

import math
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Any

from houseprice.schema import Column
from houseprice.serving.request import House

BLANKS = frozenset(("", "na", "n/a", "nan", "null", "none"))  # of all but texts: a text that says "None" says it
FLAGS = {"true": 1.0, "yes": 1.0, "y": 1.0, "false": 0.0, "no": 0.0, "n": 0.0}

Read = Callable[[str], Any]
"""Text of a cell → value; None is blank, and what cannot be read stays the text that it is."""


@dataclass(frozen=True)
class Cell:
    """Where a column stands in a row, and how it is read."""

    place: int
    name: str
    read: Read


def house(cells: list[str], wanted: Iterable[Cell]) -> House:
    """Give back the house that a row describes; blanks are left out."""
    return {cell.name: value for cell in wanted if (value := cell.read(cells[cell.place])) is not None}


def reader(column: Column, known: Container[str]) -> Read:
    """Give back what reads the cells of a column; `known` are the texts that the model has learned from."""
    if column.is_text:
        return lambda text: _text(text, known)
    if column.kind == "date":
        return lambda text: None if text.strip().lower() in BLANKS else text
    return _flag if column.kind == "flag" else _number


def _number(text: str) -> Any:
    try:
        number = int(text) if text.isascii() and text.isdigit() else float(text)
    except ValueError:
        return None if text.strip().lower() in BLANKS else text
    if math.isnan(number):  # how many programs write a blank
        return None
    return text if "_" in text else number  # Python reads "1_000", and no one else


def _flag(text: str) -> Any:
    return FLAGS[word] if (word := text.strip().lower()) in FLAGS else _number(text)


def _text(text: str, known: Container[str]) -> str | None:
    """Read a code; one that went through a program which takes it for a number comes back with a ".0"."""
    code = text.strip()
    whole = code.removesuffix(".0")
    return (whole if whole in known and code not in known else code) or None
