"""Prices paid, as callers of the API send them: read, checked and stored, all or none of them."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from houseprice.errors import DataError, InvalidActualsError, StoreError, nearest
from houseprice.recording.connection import StoreConnection
from houseprice.recording.status import Status
from houseprice.serving.column_rules import REFERENCE
from houseprice.serving.json_blocks import parse_json
from houseprice.serving.json_encoding import utf8_json
from houseprice.serving.request import RequestModel, has_reference
from houseprice.serving.validation_errors import MAX_ERRORS, InvalidRequestError, quoted
from houseprice.store import Actual

KEYS = ("request_id", "row", "reference", "house", "price", "sale_date", "currency")
LONGEST = 200
Answer = tuple[int, bytes]


@dataclass(frozen=True)
class _Fault:
    """Why a row, or the body as a whole, cannot be taken."""

    code: str
    place: list[str | int]
    message: str

    def detail(self) -> dict[str, Any]:
        return {"type": self.code, "loc": ["body", *self.place], "msg": self.message}


class _Refused(Exception):  # noqa: N818 - it is an answer
    def __init__(self, status: int, detail: str | list[_Fault]) -> None:
        super().__init__(status)
        shown = detail if isinstance(detail, str) else [fault.detail() for fault in detail[:MAX_ERRORS]]
        self.answer = status, _json({"detail": shown})


class ActualsTaker:
    """Answers requests with prices paid."""

    def __init__(self, rules: RequestModel, connection: StoreConnection, status: Status, max_rows: int) -> None:
        self._rules, self._connection, self._status = rules, connection, status
        self._max_rows = max_rows

    def answer(self, body: bytes) -> Answer:
        """Return status and content of the answer to a body."""
        try:
            actuals = self._read(body)
        except _Refused as refused:
            return refused.answer
        try:
            result = self._connection.store().add_actuals(actuals)
        except InvalidActualsError as err:
            faults = [_Fault(error.code, [error.row], error.message) for error in err.errors]
            return _Refused(422, faults).answer
        except StoreError as err:
            self._connection.failed(err)
            return 503, _json({"detail": "The database cannot be used; nothing was taken. Retry later."})
        self._connection.succeeded()
        self._status.actuals += result.added + result.corrected
        return 200, _json({"added": result.added, "corrected": result.corrected})

    def _read(self, body: bytes) -> list[Actual]:
        most = self._max_rows * (len(KEYS) + 2 * len(self._rules.schema.request)) + 1000
        try:
            rows, twice = parse_json(utf8_json(body), most)
        except (ValueError, DataError) as err:
            raise _Refused(422, [_Fault("json_invalid", [], f"The body is not JSON that can be read: {err}.")]) from err
        if twice:
            faults = [_Fault("duplicate_key", list(one.path), f"{quoted(one.key)} is given twice.") for one in twice]
            raise _Refused(422, faults)
        if not isinstance(rows, list):
            raise _Refused(422, [_Fault("list_type", [], f"The body is {quoted(rows)}; expected a list of sales.")])
        if len(rows) > self._max_rows:
            raise _Refused(413, f"The body holds more than {self._max_rows} sales; send them in parts.")
        actuals, faults = [], []
        for place, row in enumerate(rows):
            found = list(self._faults(place, row))
            faults += found
            if not found:
                actuals.append(self._actual(row))
        if faults:
            raise _Refused(422, faults)
        return actuals

    def _faults(self, place: int, row: Any) -> Iterator[_Fault]:
        if not isinstance(row, dict):
            yield _Fault("object_type", [place], f"Row {place} is {quoted(row)}; expected an object.")
            return
        for name in row:
            if name not in KEYS:
                yield _Fault(
                    "extra_forbidden", [place, name[:80]], f'"{name[:80]}" is unknown{nearest(name[:80], KEYS)}.'
                )
        for name, (is_right, expected) in _RULES.items():
            if (value := row.get(name)) is not None and not is_right(value):
                yield _Fault(f"{name}_invalid", [place, name], f'"{name}" is {quoted(value)}; expected {expected}.')
            elif value is None and name in ("price", "sale_date"):
                yield _Fault("missing", [place, name], f'"{name}" is missing; expected {expected}.')
        if isinstance(row.get("house"), dict):
            try:
                self._rules.validate([row["house"]])
            except InvalidRequestError as err:
                for error in err.errors:
                    yield _Fault(error.kind, [place, "house", *([error.column] if error.column else [])], error.message)

    def _actual(self, row: dict[str, Any]) -> Actual:
        house = None
        if row.get("house") is not None:
            (found,) = self._rules.validate([row["house"]])
            if has_reference(self._rules.schema):
                found.pop(REFERENCE, None)
            sale_date = self._rules.schema.sale_date
            house = {name: value for name, value in found.items() if value is not None and name != sale_date}
        return Actual(
            price=float(row["price"]),
            sale_date=date.fromisoformat(row["sale_date"]),
            request_id=row.get("request_id"),
            reference=None if row.get("reference") is None else str(row["reference"]),
            house=house,
            currency=row.get("currency"),
            row=row.get("row"),
        )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def _is_price(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) == len("2015-05-27") and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_currency(value: Any) -> bool:
    return isinstance(value, str) and len(value) == len("EUR") and value.isascii() and value.isupper()


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "request_id": (_is_text, f"a text of at most {LONGEST} characters"),
    "row": (lambda value: _is_whole(value) and value >= 0, "a whole number from 0 on"),
    "reference": (lambda value: _is_text(value) or _is_whole(value), f"a text of at most {LONGEST} characters"),
    "house": (lambda value: isinstance(value, dict), "a house as an object"),
    "price": (_is_price, "a number above 0"),
    "sale_date": (_is_day, 'a day such as "2015-05-27"'),
    "currency": (_is_currency, 'a code of ISO 4217 such as "EUR"'),
}


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
