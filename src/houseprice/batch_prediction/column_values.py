"""Validation of whole columns: the rules judge each different cell once, since most cells of a large file are repeated.

Whatever the rules refuse, and whatever else is not plain, is left to the validation of houses, row by row, which says
what is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
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
        if new := set(cells).difference(known):
            if len(known) + len(new) > MAX_CELLS:
                known.clear()
                new = set(cells)
            if not self._learn(name, known, {cell: parse(cell) for cell in new}):
                return None
        values = [known[cell] for cell in cells]
        return None if None in values and not is_optional(self._rules.schema, name) else values

    def _learn(self, name: str, known: dict[Any, Any], parsed: Mapping[Any, Any]) -> bool:
        filled = {cell: value for cell, value in parsed.items() if value is not None}
        found = self._rules.validate_column(name, list(filled.values()))
        if found is None:
            return False
        known.update(dict.fromkeys(parsed))
        known.update(zip(filled, found, strict=True))
        return True
