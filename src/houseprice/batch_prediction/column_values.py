"""Validation of whole columns: the rules judge each different cell once, since most cells of a large file are repeated.

Whatever the rules refuse, and whatever else is not plain, is left to the validation of houses, row by row, which says
what is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from houseprice.serving.request import RequestModel, is_optional

MAX_CELLS = 50_000
"""Different cells of a column that are remembered."""
Values = Mapping[str, Sequence[Any]]


class ColumnValues:
    """The validated values of the cells that were seen, by column."""

    def __init__(self, rules: RequestModel) -> None:
        self._rules = rules
        self._known: dict[str, dict[Any, Any]] = {}

    def find(self, name: str, cells: Sequence[Any], parse: Callable[[Any], Any]) -> list[Any] | None:
        """Return the validated values of some cells of a column, None for blanks; None if a house would be refused.

        Args:
            name: the column.
            cells: all of one type, as cells of different types may be equal.
            parse: makes of a cell what JSON would hold; always the same function for a column.
        """
        known = self._known.setdefault(name, {})
        with suppress(KeyError):
            return [*map(known.__getitem__, cells)]
        new = set(cells).difference(known)
        if len(known) + len(new) > MAX_CELLS:
            if len(new) > len(cells) / 2:  # as most of the next block will be, too
                return self._validated(name, [*map(parse, cells)])
            known.clear()
            new = set(cells)
        found = self._validated(name, [*map(parse, new)])
        if found is None:
            return None
        known.update(zip(new, found, strict=True))
        return [*map(known.__getitem__, cells)]

    def _validated(self, name: str, parsed: list[Any]) -> list[Any] | None:
        if None not in parsed:
            return self._rules.validate_column(name, parsed)
        found = self._rules.validate_column(name, [value for value in parsed if value is not None])
        if found is None or not is_optional(self._rules.schema, name):
            return None
        filled = iter(found)
        return [None if value is None else next(filled) for value in parsed]
