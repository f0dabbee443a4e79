"""Checked houses in, the rows that stand beside their prices in an answer that is a table out."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from houseprice.errors import nearest
from houseprice.schema import Schema
from houseprice.serving.request import House, is_optional
from houseprice.serving.table import ADDED
from houseprice.serving.validation_errors import FieldError, InvalidRequestError


class Rows(Protocol):
    """What was sent: the houses that are priced, and the table that they stood in.

    Attributes:
        houses: checked, in their order.
    """

    houses: list[House]

    def texts(self, decimal: str) -> tuple[list[str], Sequence[Sequence[str]]]:
        """Give back header and rows as a CSV with this decimal sign holds them."""
        ...

    def values(self) -> dict[str, list[Any]]:
        """Give back column name → values; None is missing."""
        ...


class Listed:
    """Houses that stood in no table: its columns are those that any of them has."""

    def __init__(self, houses: list[House], schema: Schema) -> None:
        self.houses = houses
        self._schema = schema

    def texts(self, decimal: str) -> tuple[list[str], Sequence[Sequence[str]]]:
        """Give back header and rows as a CSV with this decimal sign holds them."""
        return written(self.values(), decimal)

    def values(self) -> dict[str, list[Any]]:
        """Give back column name → values; None is missing."""
        return {name: found for name in self._schema.request if (found := column(self.houses, name, self._schema))}


def column(houses: Sequence[House], name: str, schema: Schema) -> list[Any] | None:
    """Give back the values of a column in the kind that it was declared with, or nothing when no house has it."""
    found = [house.get(name) for house in houses]
    if all(value is None for value in found):
        return None
    kind = {"integer": int, "flag": bool}.get(schema.request[name].kind)
    return found if kind is None else [None if value is None else kind(value) for value in found]


def written(columns: dict[str, list[Any]], decimal: str) -> tuple[list[str], Sequence[Sequence[str]]]:
    """Give back header and rows as a CSV with this decimal sign holds them."""
    texts = [[_text(value, decimal) for value in values] for values in columns.values()]
    return list(columns), list(zip(*texts, strict=True))


def _text(value: Any, decimal: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        return str(value).replace(".", decimal)
    return value.isoformat() if isinstance(value, date) else str(value)


def unreadable(kind: str, message: str) -> InvalidRequestError:
    """Give back the refusal of a body that holds no rows; `message` is a sentence."""
    return InvalidRequestError([FieldError(kind, None, None, None, message)])


def check_header(names: Sequence[str], schema: Schema) -> None:
    """Demand that each column is there once and none is one of the answers.

    Raises:
        InvalidRequestError: with the reason.
    """
    if already := [name for name in ADDED if name in names]:
        raise unreadable(
            "header_invalid",
            f"The table has the columns {', '.join(already)} already; expected one without answers; rename or remove "
            "them.",
        )
    if twice := [name for name in schema.request if names.count(name) > 1]:
        raise unreadable("header_invalid", f"The table has {', '.join(twice)} more than once; expected once; rename.")


def check_whole(names: Sequence[str], schema: Schema) -> None:
    """Demand every column that a price needs, of a table without rows.

    Raises:
        InvalidRequestError: with those that are missing.
    """
    missing = [name for name in schema.request if name not in names and not is_optional(schema, name)]
    if missing:
        others = [name for name in names if name not in schema.request]
        hints = ", ".join(f'"{name}"{nearest(name, others)}' for name in missing)
        raise unreadable(
            "header_invalid",
            f"The table lacks {hints}; found {', '.join(names)[:300]}; add or rename the columns.",
        )
