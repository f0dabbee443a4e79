"""Validation of houses in requests, by one set of rules for JSON and CSV.

The rules are made from the schema in the bundle, so that a house is refused for the same reason on every route and
in every format. A validated house is a dict: float for numbers (flags are 0 or 1), `str` for texts, `date` for
dates; what is missing is absent or None. Beside the columns it may hold the caller's own `reference`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, NotRequired, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from houseprice.schema import Schema
from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.column_rules import REFERENCE, column_rule, reference_rule
from houseprice.serving.json_blocks import JsonTooLargeError, array_pieces, parse_json
from houseprice.serving.json_duplicate_keys import find_duplicate_keys
from houseprice.serving.json_encoding import utf8_json
from houseprice.serving.validation_errors import (
    MAX_ERRORS,
    BatchTooLargeError,
    FieldError,
    InvalidRequestError,
    duplicate_keys,
    invalid_request,
    quoted,
)

House = dict[str, Any]
_CONFIG = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, str_strip_whitespace=True)
MIN_HOUSE_BYTES = 64 * 2**10
"""Bytes that the JSON of a house may have whatever the schema."""
MAX_VALUE_BYTES = 32
"""Bytes of a value, but for longer levels, where the size of many houses is estimated."""
BLOCK = 128
"""Houses that are validated without a pause."""


class RequestModel:
    """What a request may hold, made from a schema.

    Attributes:
        schema: the columns of a house.
        house_bytes: how long the JSON of one house may be.
    """

    def __init__(self, schema: Schema, example: House | None = None) -> None:
        self.schema = schema
        make: Any = TypedDict  # mypy knows only those whose columns are written in the code
        self._rules = rules = {name: column_rule(schema, name, is_optional(schema, name)) for name in schema.request}
        if has_reference(schema):
            rules[REFERENCE] = reference_rule()
        house: Any = make("House", rules)
        self._columns: dict[str, TypeAdapter[list[Any]]] = {}
        shown: House = {"description": "What is known of a house before it is sold."}
        extra = shown | ({"examples": [example]} if example else {})
        house.__pydantic_config__ = ConfigDict(**_CONFIG, json_schema_extra=extra)
        self.house_bytes = max(MIN_HOUSE_BYTES, 4 * self.max_bytes(1))
        self._one: TypeAdapter[House] = TypeAdapter(house)
        self._many: TypeAdapter[list[House]] = TypeAdapter(list[house])

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema of a house, for OpenAPI; its columns bear their names and no titles made of them."""
        found = self._one.json_schema()
        for shown in found["properties"].values():
            del shown["title"]
        return found

    def parse(self, body: bytes) -> House:
        """Return the house that a JSON object holds.

        Raises:
            InvalidRequestError: it is not JSON, or not a house that can be priced.
        """
        body = utf8_json(body)
        return self._parse_one(body, "one house as a JSON object (an array goes to /batch-predict)")

    def parse_line(self, line: bytes, house: int) -> House:
        """Return the house of one line of JSON; `house` is its position among the others, for error messages.

        Raises:
            InvalidRequestError: it is not JSON, or not a house that can be priced.
        """
        if house == 0:
            line = utf8_json(line)
        return self._parse_one(line, "a JSON object", house)

    def _parse_one(self, text: bytes, whole: str, place: int | None = None) -> House:
        is_long = len(text) > self.house_bytes
        try:
            house = self._one.validate_json(text) if not is_long else self._parse_long(text, whole, place)
        except ValidationError as err:
            raise invalid_request(err, self.schema, whole, place) from err
        if twice := find_duplicate_keys(text, len(house)):
            raise duplicate_keys(twice, place)
        return house

    def _parse_long(self, text: bytes, whole: str, place: int | None) -> House:
        """Return the house of a text that is longer than any house needs, without building what may be in it."""
        try:
            value, _ = parse_json(text, self.max_values(1), len(text))
        except JsonTooLargeError as err:
            raise _unreadable("json_too_large", f"This is no house: {err}; expected {whole}.", place) from err
        except ValueError as err:
            raise _unreadable("json_invalid", f"This is not JSON ({err}); expected {whole}.", place) from err
        return self._one.validate_python(_shortened(value, len(self.schema.request) + MAX_ERRORS))

    def array_parser(self, most: int) -> Callable[[bytes], list[House]]:
        """Return the parser of a JSON array of houses, up to so many.

        It raises `InvalidRequestError` when it is not JSON or one of them cannot be priced, and `BatchTooLargeError`.
        """
        whole = "a JSON array of houses (one house goes to /predict)"
        values = self.max_values(most)

        def read(body: bytes) -> list[House]:
            body = utf8_json(body)
            with suppress(ValueError):  # what is wrong is found below
                return self._parse_pieces(body, most)
            try:
                rows, twice = parse_json(body, values)
            except JsonTooLargeError as err:
                raise _unreadable("json_too_large", f"The body cannot be a batch: {err}; expected {whole}.") from err
            except ValueError as err:
                raise _unreadable("json_invalid", f"The body is not JSON ({err}); expected {whole}.") from err
            if not isinstance(rows, list):
                raise _unreadable("list_type", f"The body is {quoted(rows)}; expected {whole}.")
            if len(rows) > most:
                raise BatchTooLargeError(most)
            houses = self.validate_blocks(taken(rows))
            if twice:
                raise duplicate_keys(twice)
            return houses

        return read

    def _parse_pieces(self, body: bytes, most: int) -> list[House]:
        """Return the houses of an array in which nothing is wrong.

        Raises:
            ValueError: Something is wrong, or the array cannot be parsed in pieces.
        """
        houses: list[House] = []
        for piece in array_pieces(body):
            checkpoint()
            found = self._many.validate_json(piece)
            if (houses and not found) or len(houses) + len(found) > most:
                raise ValueError("no house, or too many")
            if find_duplicate_keys(piece, sum(map(len, found))):
                raise ValueError("duplicate keys")
            houses += found
        return houses

    def max_bytes(self, houses: int) -> int:
        """Return how many bytes so many houses need in JSON, with white space and long values."""
        longest = [max(map(len, map(str, column.levels or ())), default=0) for column in self.schema.request.values()]
        names = map(len, map(json.dumps, self.schema.request))
        return houses * sum(name + max(level, MAX_VALUE_BYTES) + 8 for name, level in zip(names, longest, strict=True))

    def max_values(self, houses: int) -> int:
        """Return how many values so many houses may have in JSON, with some of unknown names among them."""
        return houses * (2 * len(self.schema.request) + 8) + 1000

    def validate(self, rows: Sequence[House], most_errors: int = MAX_ERRORS) -> list[House]:
        """Return the houses that rows of Python values hold, by the rules of JSON.

        Raises:
            InvalidRequestError: one of them cannot be priced.
        """
        return self.validate_blocks((rows[i : i + BLOCK] for i in range(0, len(rows), BLOCK)), most_errors)

    def validate_column(self, name: str, values: list[Any]) -> list[Any] | None:
        """Return the values of a column as validated houses hold them; None where one of them would be refused."""
        if name not in self._columns:
            rule: Any = self._rules[name]
            rule = rule.__args__[0] if get_origin(rule) is NotRequired else rule
            self._columns[name] = TypeAdapter(list[rule], config=_CONFIG)
        try:
            return self._columns[name].validate_python(values)
        except ValidationError:
            return None

    def validate_blocks(self, blocks: Iterable[Sequence[House]], most_errors: int = MAX_ERRORS) -> list[House]:
        """Return the houses that blocks of rows hold, without reading on when so many errors were found.

        Raises:
            InvalidRequestError: one of them cannot be priced.
        """
        houses: list[House] = []
        errors: list[FieldError] = []
        seen = 0
        for block in blocks:
            checkpoint()
            try:
                found = self._many.validate_python(block)
            except ValidationError:
                errors += self._errors(block, seen, most_errors - len(errors))
                houses = []
            else:
                houses += [] if errors else found
            if len(errors) >= most_errors:
                break
            seen += len(block)
        if errors:
            raise InvalidRequestError(errors)
        return houses

    def _errors(self, rows: Sequence[House], start: int, enough: int) -> list[FieldError]:
        """Return the errors of some rows, one row after the other; `start` is the position of the first."""
        errors: list[FieldError] = []
        for place, row in enumerate(rows, start):
            try:
                self._one.validate_python(_shortened(row, len(self.schema.request) + MAX_ERRORS))
            except ValidationError as err:
                errors += invalid_request(err, self.schema, "a list of houses", place).errors
            if len(errors) >= enough:
                break
        return errors


def taken(rows: list[House]) -> Iterator[list[House]]:
    """Yield rows in blocks and let them go, so that they are not in memory beside the houses made of them."""
    rows.reverse()
    while rows:
        block = rows[: -BLOCK - 1 : -1]
        del rows[-BLOCK:]
        yield block


def _unreadable(kind: str, message: str, place: int | None = None) -> InvalidRequestError:
    return InvalidRequestError([FieldError(kind, place, None, None, message)])


def _shortened(row: Any, most: int) -> Any:
    """Return a row with so many of its values at most; one that has more has an error among them."""
    return dict(islice(row.items(), most)) if isinstance(row, dict) and len(row) > most else row


def has_reference(schema: Schema) -> bool:
    """Tell whether `reference` is the caller's own reference and not a column."""
    return REFERENCE not in schema.request


def is_optional(schema: Schema, name: str) -> bool:
    """Tell whether a request may leave a column out; it may always leave out the valuation date."""
    return not schema.request[name].required or name == schema.sale_date
