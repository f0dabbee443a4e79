"""Specification of a file of the corpus: how each column is written, and what is right to make of it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from corpus.houses import House, houses

Write = Callable[[House], str]


@dataclass(frozen=True)
class Col:
    """A column: its name, how a house is written in it, and the decisions that are right.

    Attributes:
        kinds: kinds that are right; empty when the column has to be left out.
        role: the right role; None for none, "?" where several are right.
        truth: value of a house after conversion; None when the text itself is right, or nothing is checked.
        blank: share of the rows without a value, written as `mark`.
    """

    name: str
    write: Write
    kinds: tuple[str, ...] = ()
    role: str | None = None
    truth: Callable[[House], Any] | None = None
    unit: str | None = None
    blank: float = 0.0
    mark: str = ""
    levels: tuple[Any, ...] | None = None


@dataclass(frozen=True)
class Case:
    """A file, with what has to be asked about it, and the answers after which all is right.

    Attributes:
        above: lines above the header.
        finish: what makes the text of the file of that of the table.
    """

    name: str
    cols: tuple[Col, ...]
    asked: frozenset[str] = frozenset()
    answers: tuple[str, ...] = ()
    joined: dict[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str | None = None
    separator: str = ","
    encoding: str = "utf-8"
    rows: int = 120
    language: str = "en"
    seed: int = 1
    first: date = date(2014, 1, 2)
    days: int = 700
    order: Callable[[House], Any] | None = None
    above: str = ""
    finish: Callable[[str], str] = str

    def houses(self) -> list[House]:
        """Return the houses of the file, in its order."""
        made = houses(self.rows, self.seed, self.language, self.first, self.days)
        return sorted(made, key=self.order) if self.order else made

    def table(self) -> list[list[str]]:
        """Return the cells of the file, without the header."""
        dice = random.Random(self.seed)  # noqa: S311 - blanks are no secret
        return [
            [col.mark if dice.random() < col.blank else col.write(house) for col in self.cols]
            for house in self.houses()
        ]

    def content(self) -> bytes:
        """Return the file."""
        lines = [[col.name for col in self.cols], *self.table()]
        text = self.above + "".join(self.separator.join(map(self._cell, line)) + "\r\n" for line in lines)
        return self.finish(text).encode(self.encoding)

    def _cell(self, text: str) -> str:
        needs = any(sign in text for sign in (self.separator, '"', "\n"))
        return '"' + text.replace('"', '""') + '"' if needs else text


NUMBERS = ("number", "integer")
ANY = ("*",)
"""Kinds of a column of which several decisions are right."""


def free(name: str, write: Write) -> Col:
    """Return a column of which several decisions are right."""
    return Col(name, write, ANY)


def num(name: str, value: Callable[[House], Any], form: str = "{}", role: str | None = None, **more: Any) -> Col:
    """Return a column of numbers, written by a format."""
    return Col(
        name,
        lambda house: form.format(value(house)),
        NUMBERS,
        role,
        lambda house: float(str(value(house)).replace(",", ".")),
        **more,
    )


def written(name: str, write: Write, value: Callable[[House], Any], role: str | None = None, **more: Any) -> Col:
    """Return a column of numbers that are written in a way that needs to be read."""
    return Col(name, write, NUMBERS, role, lambda house: float(value(house)), **more)


def cat(name: str, write: Write, role: str | None = None, **more: Any) -> Col:
    """Return a column of texts."""
    return Col(name, write, ("category",), role, **more)


def out(name: str, write: Write, **more: Any) -> Col:
    """Return a column that has to be left out."""
    return Col(name, write, **more)


def day(
    name: str,
    form: str,
    role: str | None = "sale_date",
    value: Callable[[House], date] = lambda house: house.day,
    **more: Any,
) -> Col:
    """Return a column of dates, written by a strptime format."""
    truth = value if "%d" in form or "%-d" in form else lambda house: value(house).replace(day=1)
    return Col(name, lambda house: value(house).strftime(form), ("date",), role, truth, **more)


def flag(name: str, yes: str, no: str, **more: Any) -> Col:
    """Return a column of flags."""
    return Col(name, lambda house: yes if house.flag else no, ("flag",), None, lambda house: int(house.flag), **more)


def group(value: float, mark: str, decimals: int = 0, decimal: str = ".") -> str:
    """Return a number with a mark between groups of three digits."""
    text = f"{value:,.{decimals}f}"
    whole, _, fraction = text.partition(".")
    return whole.replace(",", mark) + (decimal + fraction if fraction else "")


def comma(value: float, decimals: int = 2) -> str:
    """Return a number with a decimal comma."""
    return f"{value:.{decimals}f}".replace(".", ",")
