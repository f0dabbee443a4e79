"""The query of `/comparables`: how many sales, which ones, and which not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from houseprice.serving.coded_error import CodedHTTPError
from houseprice.serving.explain.sale_ids import DIGITS, SaleIds
from houseprice.serving.included_parts import invalid_query, read_query

DEFAULT_COUNT, MAX_COUNT = 5, 20
MAX_EXCLUDED = 100
_ID = f"^[0-9a-f]{{{DIGITS}}}$"


def _ids_parameter(name: str, description: str, most: int) -> dict[str, Any]:
    items = {"type": "string", "pattern": _ID}
    schema = {"type": "array", "minItems": 1, "maxItems": most, "items": items}
    return {
        "name": name,
        "in": "query",
        "description": description,
        "style": "form",
        "explode": False,
        "schema": schema,
    }


PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "k",
        "in": "query",
        "description": "How many; with `include`, all of those unless this says less",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_COUNT, "default": DEFAULT_COUNT},
    },
    _ids_parameter("include", "Identifiers of the sales to compare with, and no others", MAX_COUNT),
    _ids_parameter("exclude", "Identifiers of sales to leave out; the next ones take their places", MAX_EXCLUDED),
]


@dataclass(frozen=True)
class SaleSelection:
    """Which sales a request asks for.

    Attributes:
        count: how many, at most.
        include: identifiers of the only ones; None for all.
        exclude: identifiers of those that are left out.
    """

    count: int = DEFAULT_COUNT
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()

    def positions(self, ids: SaleIds) -> tuple[list[int] | None, list[int]]:
        """Return the positions of the included and excluded sales.

        Raises:
            CodedHTTPError: 404, a sale is not in the bundle (code `sale_not_found`).
        """
        return None if self.include is None else _positions(self.include, ids), _positions(self.exclude, ids)


def read_selection(request: Request) -> SaleSelection:
    """Return what the query of a request asks for.

    Raises:
        HTTPException: 422, a value is not what it must be.
    """
    query = read_query(request)
    include = _read_ids("include", query["include"], MAX_COUNT) if "include" in query else None
    exclude = _read_ids("exclude", query["exclude"], MAX_EXCLUDED) if "exclude" in query else ()
    default = DEFAULT_COUNT if include is None else MAX_COUNT
    value = query.get("k", [str(default)])[-1]
    if not (value.isascii() and value.isdecimal() and len(value) < 5 and 1 <= int(value) <= MAX_COUNT):
        raise invalid_query("k", f'"k" must be a whole number from 1 to {MAX_COUNT}, not "{value[:40]}".', value)
    return SaleSelection(int(value), include, exclude)


def _read_ids(name: str, values: Sequence[str], most: int) -> tuple[str, ...]:
    whole = ",".join(values)
    found = [part.strip() for part in whole.split(",")]
    if len(found) > most:
        raise invalid_query(name, f'"{name}" has {len(found)} identifiers; at most {most} are allowed.', whole)
    for one in found:
        if not re.fullmatch(_ID, one):
            message = (
                f'"{one[:40]}" is not the identifier of a sale; expected {DIGITS} digits, as in "id" of the answer.'
            )
            raise invalid_query(name, message, whole)
    return tuple(found)


def _positions(wanted: Sequence[str], ids: SaleIds) -> list[int]:
    found = []
    for one in wanted:
        position = ids.position(one)
        if position is None:
            message = f'No sale of this model has the identifier "{one}"; take one from "id" of an answer.'
            raise CodedHTTPError(404, "sale_not_found", message)
        found.append(position)
    return found
