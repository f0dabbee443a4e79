"""What pydantic found in, faults out that a person can act on: the column, what was sent, what is allowed.

The API gives them as FastAPI's 422, the CSV command as a sentence with the number of the row.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from houseprice.errors import DataError, nearest
from houseprice.schema import Column, Schema
from houseprice.serving.json_duplicate_keys import Repeat

LONGEST_LIST = 100
LONGEST_QUOTE = 80

_WHATS = {
    "number": "a number",
    "integer": "a whole number",
    "flag": "true, false, 1 or 0",
    "category": "a text, or a whole number of up to 15 digits",
    "date": 'a day such as "2015-05-27"',
}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with what was sent.

    Attributes:
        kind: pydantic's name for it, such as `missing`, `float_type`, `less_than_equal`.
        house: position of the house in what was sent, from 0; None when it was sent alone, or nothing could be read.
        column: its name; None when the fault is in the whole.
        sent: the value, fit for JSON; None when there was none.
        message: found and expected, one sentence.
        line: where the house begins in a text that has lines, from 1.
    """

    kind: str
    house: int | None
    column: str | None
    sent: Any
    message: str
    line: int | None = None

    def detail(self) -> dict[str, Any]:
        """Give back the fault in the shape of FastAPI's 422."""
        place = ["body", *(part for part in (self.house, self.column) if part is not None)]
        shown = {"type": self.kind, "loc": place, "msg": self.message, "input": self.sent}
        return shown if self.line is None else {**shown, "line": self.line}


class RefusedError(DataError):
    """What was sent is no house that can be priced; `faults` holds the first of them, `count` is how many there are."""

    def __init__(self, faults: list[Fault]) -> None:
        self.count = len(faults)
        self.faults = tuple(faults[:LONGEST_LIST])
        super().__init__("; ".join(fault.message for fault in self.faults[:3]))


class TooManyError(DataError):
    """More houses were sent at once than are taken."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The batch holds more than {most} houses, which is the limit; send it in parts.")


def refused(error: ValidationError, schema: Schema, whole: str, alone: int | None = None) -> RefusedError:
    """Give back a refusal with one fault a column.

    Args:
        error: what pydantic found.
        schema: what a house may hold.
        whole: what was expected of the body.
        alone: position of the house, when it was read by itself and is one of many.
    """
    faults: dict[tuple[int | None, str | None], Fault] = {}
    for found in error.errors(include_url=False, include_context=False):
        house, *rest = found["loc"] if found["loc"] and isinstance(found["loc"][0], int) else (None, *found["loc"])
        column = str(rest[0]) if rest else None
        if column not in schema.columns:
            column = column and _short(column)
        key = alone if house is None else int(house), column
        if key not in faults or len(rest) > 1:  # of a rule with choices, the last one tells
            message = _about_column(column, found, schema) if column else _about_whole(key[0], found, whole)
            sent = _sendable(found["input"]) if column and found["type"] != "missing" else None
            faults[key] = Fault(found["type"], *key, sent, message)
    return RefusedError(list(faults.values()))


def repeated(repeats: Iterable[Repeat], alone: int | None = None) -> RefusedError:
    """Give back a refusal of names that are given more than once, each with the house it is about, if any.

    `alone` is the position of the house, when it was read by itself and is one of many.
    """
    faults = []
    for repeat in repeats:
        house = next((part for part in repeat.place if isinstance(part, int)), alone)
        name = _short(repeat.name)
        message = f'"{name}" is given more than once; expected each name once; leave all but one out.'
        faults.append(Fault("duplicate_key", house, name, None, message))
    return RefusedError(faults)


def expected(column: Column) -> str:
    """Say what a column may hold."""
    if column.levels is not None:
        shown = ", ".join(_quoted(level) for level in column.levels[:30])
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
    return f"{_WHATS.get(column.kind, 'a number')}{limits}{f' {column.unit}' if column.unit else ''}"


def _about_column(name: str, found: ErrorDetails, schema: Schema) -> str:
    if found["type"] == "missing":
        return f'"{name}" is missing; expected {expected(schema.request[name])}.'
    if found["type"] != "extra_forbidden":
        return f'"{name}" is {_quoted(found["input"])}; expected {expected(schema.request[name])}.'
    known = ", ".join(schema.request)
    if name == schema.target:
        return f'"{name}" is what the model answers; expected only what is known before the sale; leave it out.'
    if name in schema.columns:
        return f'"{name}" has no part in a price; expected {known}; leave it out.'
    hint = nearest(name, schema.request)
    return f'"{name}" is no column of a house{hint or f"; known are {known}"}; correct its name or leave it out.'


def _about_whole(house: int | None, found: ErrorDetails, whole: str) -> str:
    if found["type"] == "json_invalid":
        which = "The body" if house is None else f"House {house}"
        return f"{which} is not JSON ({found['msg'].removeprefix('Invalid JSON: ')}); expected {whole}."
    if house is None:
        return f"The body is {_quoted(found['input'])}; expected {whole}."
    return f"House {house} is {_quoted(found['input'])}; expected a JSON object."


def _sendable(value: Any) -> Any:
    """Give back what was sent when JSON can hold it in few words, and its beginning as text otherwise."""
    if isinstance(value, str):
        return _short(value)
    if value is None or isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 1e300):
        return value
    return _quoted(value)


def _quoted(value: Any) -> str:
    """Show a value as JSON would spell it, shortened."""
    if isinstance(value, dict | list):
        return f"{'an empty' if not value else 'a'} JSON {'object' if isinstance(value, dict) else 'array'}"
    try:
        return _short(json.dumps(value, ensure_ascii=False, default=str))
    except ValueError:  # Python shows no integer of thousands of digits
        return "a number of thousands of digits"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"
