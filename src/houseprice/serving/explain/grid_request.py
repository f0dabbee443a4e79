"""The body of `/what-if`: a house, and one or two of its columns with the values that they shall take."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from fastapi import HTTPException

from houseprice.bundle.load import Bundle
from houseprice.errors import nearest
from houseprice.serving.explain.feature_groups import to_request_values
from houseprice.serving.json_blocks import JsonTooLargeError, parse_json
from houseprice.serving.json_encoding import utf8_json
from houseprice.serving.request import House, RequestModel
from houseprice.serving.validation_errors import FieldError, InvalidRequestError, duplicate_keys, quoted

MAX_COLUMNS = 2
MAX_VALUES = 20
"""Of a column, so that a grid of two has 400 points at most."""
DEFAULT_VALUES = 11
QUANTILES = (0.05, 0.95)
"""Ends of an automatic grid of numbers."""
WHOLE = '{"house": {…}, "vary": {"COLUMN": [values], …}}'


@dataclass(frozen=True)
class Grid:
    """A validated house, and the validated values of the columns that are varied."""

    house: House
    values: dict[str, list[Any]]


class GridReader:
    """Reads and validates grids; `sold_values` returns a column of the sold houses."""

    def __init__(self, bundle: Bundle, request: RequestModel, sold_values: Callable[[str], npt.NDArray[Any]]) -> None:
        self._rules, self._schema = request, bundle.manifest.schema_
        self._sold_values = sold_values
        self._names = [name for name in self._schema.request if name in bundle.model.inputs]

    def read(self, body: bytes) -> Grid:
        """Return the grid of a JSON body.

        Raises:
            InvalidRequestError: It is no JSON, or holds a key twice.
            HTTPException: 422, it is not a house and a grid, with the place of each error.
        """
        raw, vary = self._parts(body)
        house = self._validated([raw], lambda _: ["house"])[0]
        return Grid(house, {name: self._values(name, raw, wanted) for name, wanted in vary.items()})

    def _parts(self, body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
        body = utf8_json(body)
        try:
            whole, twice = parse_json(body, self._rules.max_values(1))
        except JsonTooLargeError as err:
            raise _unreadable("json_too_large", f"The body cannot be a grid: {err}; expected {WHOLE}.") from err
        except ValueError as err:
            raise _unreadable("json_invalid", f"The body is not JSON ({err}); expected {WHOLE}.") from err
        if twice:
            raise duplicate_keys(twice)
        if not isinstance(whole, dict):
            raise _refusal("dict_type", [], f"The body is {quoted(whole)}; expected {WHOLE}.")
        if unknown := [name for name in whole if name not in {"house", "vary"}]:
            raise _refusal("extra_forbidden", unknown[:1], f"{quoted(unknown[0])} is not known; expected {WHOLE}.")
        for name in ("house", "vary"):
            if not isinstance(whole.get(name), dict):
                kind = "dict_type" if name in whole else "missing"
                raise _refusal(kind, [name], f'"{name}" must be a JSON object; expected {WHOLE}.')
        vary = whole["vary"]
        if not 1 <= len(vary) <= MAX_COLUMNS:
            message = f'"vary" names {len(vary)} columns; expected one or two.'
            raise _refusal("too_long" if vary else "too_short", ["vary"], message)
        for name in vary:
            if name not in self._names:
                known = f"the columns are {', '.join(self._names)}"
                message = (
                    f"{quoted(name)} is not a column that changes the price{nearest(name[:80], self._names)}; {known}."
                )
                raise _refusal("extra_forbidden", ["vary", name[:80]], message)
        return whole["house"], vary

    def _values(self, name: str, raw: dict[str, Any], wanted: Any) -> list[Any]:
        """Return the validated values of a column: those that are given, or an automatic grid."""
        if isinstance(wanted, list):
            if not 1 <= len(wanted) <= MAX_VALUES:
                message = f'"{name}" has {len(wanted)} values; expected 1 to {MAX_VALUES}.'
                raise _refusal("too_long" if wanted else "too_short", ["vary", name], message)
        else:
            wanted = self._automatic(name, _count(name, wanted))
        rows = [{**raw, name: value} for value in wanted]
        return [row.get(name) for row in self._validated(rows, lambda index: ["vary", name, index])]

    def _automatic(self, name: str, count: int) -> list[Any]:
        """Return values of the sold houses: evenly spaced quantiles of numbers and dates, the most frequent texts."""
        values, column = self._sold_values(name), self._schema.columns[name]
        if column.is_text:
            texts, counts = np.unique(values[values != ""].astype(str), return_counts=True)
            found: Iterable[Any] = texts[np.argsort(-counts, kind="stable")][:count].tolist()
        else:
            known = np.sort(values[~np.isnan(values)])
            levels = np.unique(known)
            if len(levels) > count:
                levels = np.unique(np.quantile(known, np.linspace(*QUANTILES, count), method="nearest"))
            found = levels.tolist()
        if not (shown := [to_request_values(self._schema, {name: value})[name] for value in found]):
            message = f'No sale has a value of "{name}", so there is no automatic grid; give the values as an array.'
            raise _refusal("no_learned_values", ["vary", name], message)
        return shown

    def _validated(self, rows: list[Any], place: Callable[[int], list[str | int]]) -> list[House]:
        """Return validated rows; errors stand at `place` of the row.

        Raises:
            HTTPException: 422.
        """
        try:
            return self._rules.validate(rows)
        except InvalidRequestError as err:
            details = []
            for error in err.errors:
                shown = error.detail()
                where = place(error.house or 0)
                shown["loc"] = ["body", *where, *([error.column] if error.column and where == ["house"] else [])]
                details.append(shown)
            raise HTTPException(422, details) from err


def _count(name: str, wanted: Any) -> int:
    """Return how many points an automatic grid shall have: a whole number, or null for the usual."""
    if wanted is None:
        return DEFAULT_VALUES
    is_number = isinstance(wanted, int | float) and not isinstance(wanted, bool)
    if not (is_number and 1 <= wanted <= MAX_VALUES and wanted == int(wanted)):
        message = (
            f'"{name}" is {quoted(wanted)}; expected an array of values, a number of points from 1 to {MAX_VALUES}, or '
            "null."
        )
        raise _refusal("grid_invalid", ["vary", name], message)
    return int(wanted)


def _refusal(kind: str, place: list[str], message: str) -> HTTPException:
    return HTTPException(422, [{"type": kind, "loc": ["body", *place], "msg": message, "input": None}])


def _unreadable(kind: str, message: str) -> InvalidRequestError:
    return InvalidRequestError([FieldError(kind, None, None, None, message)])
