"""Validation errors that name the column, the value that was sent and what is allowed.

pydantic's own messages know nothing of columns and units. The API returns these in the shape of FastAPI's 422, the
command for CSV files as sentences with row numbers.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from houseprice.errors import DataError, nearest
from houseprice.schema import Column, Schema
from houseprice.serving.column_rules import LONGEST_REFERENCE, REFERENCE
from houseprice.serving.json_duplicate_keys import DuplicateKey

MAX_ERRORS = 100
MAX_HINTS = 5
"""Unknown names of one request for which the nearest column is searched, which takes a fraction of a millisecond."""
MAX_QUOTE_CHARACTERS = 80

_KINDS = {
    "number": "a number",
    "integer": "a whole number",
    "flag": "true, false, 1 or 0",
    "category": "a text, or a whole number of up to 15 digits",
    "date": 'a day such as "2015-05-27"',
}


@dataclass(frozen=True)
class FieldError:
    """One invalid field, or one error about the body as a whole.

    Attributes:
        kind: pydantic's name of the error, such as `missing`, `float_type`, `less_than_equal`.
        house: position of the house in the batch, from 0; None for a single house or an unreadable body.
        column: name of the column; None when the error is about the whole.
        sent: the value, representable in JSON; None when there was none.
        message: the value and what is allowed, in one sentence.
        line: first line of the house in a body of lines, from 1.
    """

    kind: str
    house: int | None
    column: str | None
    sent: Any
    message: str
    line: int | None = None

    def detail(self) -> dict[str, Any]:
        """Return the error in the shape of FastAPI's 422."""
        place = ["body", *(part for part in (self.house, self.column) if part is not None)]
        shown = {"type": self.kind, "loc": place, "msg": self.message, "input": self.sent}
        return shown if self.line is None else {**shown, "line": self.line}


class InvalidRequestError(DataError):
    """The request holds a house that cannot be priced, or cannot be read.

    Attributes:
        errors: the first `MAX_ERRORS` field errors.
        count: how many were found; the search ends soon after so many are shown.
    """

    code = "invalid_request"

    def __init__(self, errors: list[FieldError]) -> None:
        self.count = len(errors)
        self.errors = tuple(errors[:MAX_ERRORS])
        super().__init__("; ".join(error.message for error in self.errors[:3]))


class BatchTooLargeError(DataError):
    """The batch holds more houses than one request may."""

    code = "batch_too_large"

    def __init__(self, max_houses: int) -> None:
        message = f"The batch holds more than {max_houses} houses, which is the limit; send it in parts."
        super().__init__(message, max_houses=max_houses)


def invalid_request(
    error: ValidationError, schema: Schema, whole: str, alone: int | None = None
) -> InvalidRequestError:
    """Translate an error of pydantic, with one field error per column.

    Args:
        error: the error of pydantic.
        schema: the columns of a house.
        whole: what the body should have been, for the message when it is something else.
        alone: position of the house in its batch, when it was parsed by itself.
    """
    errors: dict[tuple[int | None, str | None], FieldError] = {}
    hints = MAX_HINTS
    for found in error.errors(include_url=False, include_context=False):
        house, *rest = found["loc"] if found["loc"] and isinstance(found["loc"][0], int) else (None, *found["loc"])
        column = str(rest[0]) if rest else None
        if column not in schema.columns:
            column = column and _short(column)
        key = alone if house is None else int(house), column
        if key not in errors and len(errors) == MAX_ERRORS:
            break
        if key not in errors or len(rest) > 1:  # of a union, the error of the last choice is kept
            hints -= found["type"] == "extra_forbidden"
            message = _about_column(column, found, schema, hints >= 0) if column else _about_whole(key[0], found, whole)
            sent = _sendable(found["input"]) if column and found["type"] != "missing" else None
            errors[key] = FieldError(found["type"], *key, sent, message)
    return InvalidRequestError(list(errors.values()))


def duplicate_keys(duplicates: Iterable[DuplicateKey], alone: int | None = None) -> InvalidRequestError:
    """Return the error of keys that stand more than once in an object, each with the position of its house, if any.

    `alone` is the position of the house in its batch, when it was parsed by itself.
    """
    errors = []
    for duplicate in duplicates:
        house = next((part for part in duplicate.path if isinstance(part, int)), alone)
        name = _short(duplicate.key)
        message = f'"{name}" is given more than once; send each name only once.'
        errors.append(FieldError("duplicate_key", house, name, None, message))
    return InvalidRequestError(errors)


def allowed_values(column: Column) -> str:
    """Return the allowed values of a column in words, such as "a whole number from 0 to 50"."""
    if column.levels is not None:
        shown = ", ".join(quoted(level) for level in column.levels[:30])
        return f"one of {shown}{', …' if len(column.levels) > 30 else ''}"
    match column.minimum, column.maximum:
        case None, None:
            limits = ""
        case low, None:
            limits = f" of at least {low}"
        case None, high:
            limits = f" of at most {high}"
        case low, high:
            limits = f" from {low} to {high}"
    return f"{_KINDS.get(column.kind, 'a number')}{limits}{f' {column.unit}' if column.unit else ''}"


def _about_column(name: str, found: ErrorDetails, schema: Schema, has_hint: bool) -> str:
    if found["type"] == "missing":
        return f'"{name}" is missing; expected {allowed_values(schema.request[name])}.'
    if name not in schema.request and name == REFERENCE:
        return (
            f'"{name}" is {quoted(found["input"])}; expected a text of at most {LONGEST_REFERENCE} characters, none of '
            "them a control character."
        )
    if found["type"] != "extra_forbidden":
        return f'"{name}" is {quoted(found["input"])}; expected {allowed_values(schema.request[name])}.'
    known = ", ".join(schema.request)
    if name == schema.target:
        return f'"{name}" is what the model predicts; leave it out.'
    if name in schema.columns:
        return f'"{name}" is not used for the price; leave it out. The columns are {known}.'
    hint = nearest(name, schema.request) if has_hint else ""
    return f'"{name}" is not a column{hint or f"; the columns are {known}"}; correct its name or leave it out.'


def _about_whole(house: int | None, found: ErrorDetails, whole: str) -> str:
    if found["type"] == "json_invalid":
        which = "The body" if house is None else f"House {house}"
        return f"{which} is not JSON ({found['msg'].removeprefix('Invalid JSON: ')}); expected {whole}."
    if house is None:
        return f"The body is {quoted(found['input'])}; expected {whole}."
    return f"House {house} is {quoted(found['input'])}; expected a JSON object."


def _sendable(value: Any) -> Any:
    """Return a short value unchanged, and the beginning of any other as text, so that it fits into a JSON error."""
    if isinstance(value, str):
        return _short(value)
    if value is None or isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 1e300):
        return value
    return quoted(value)


def quoted(value: Any) -> str:
    """Return a value as JSON spells it, shortened."""
    if isinstance(value, dict | list):
        return f"{'an empty' if not value else 'a'} JSON {'object' if isinstance(value, dict) else 'array'}"
    try:
        return _short(json.dumps(value, ensure_ascii=False, default=str))
    except ValueError:  # Python shows no integer of thousands of digits
        return "a number of thousands of digits"


def _short(text: str) -> str:
    return text if len(text) <= MAX_QUOTE_CHARACTERS else f"{text[:MAX_QUOTE_CHARACTERS]}…"
