"""The query parameter `include`: parts to add to an answer."""

from collections.abc import Sequence
from urllib.parse import parse_qs

from fastapi import HTTPException, Request

from houseprice.errors import nearest


def read_query(request: Request) -> dict[str, list[str]]:
    """Return the values of each parameter of the query."""
    return parse_qs(request.url.query, keep_blank_values=True)


def included_parts(request: Request, known: Sequence[str]) -> set[str]:
    """Return the parts that `include` asks for.

    Raises:
        HTTPException: 422, one of them is not known.
    """
    found = read_query(request).get("include", [])
    value = ",".join(found)
    parts = [part.strip() for part in value.split(",")] if found else []
    for part in parts:
        if part not in known:
            hint = nearest(part[:40], known)
            listed = f"known are {', '.join(known[:-1])} and {known[-1]}" if known[1:] else f"known is {known[0]}"
            raise invalid_query("include", f'"{part[:40]}" is not a part of this answer{hint}; {listed}.', value)
    return set(parts)


def invalid_query(name: str, message: str, value: str) -> HTTPException:
    """Return the error of a parameter of the query."""
    detail = {"type": "value_error", "loc": ["query", name], "msg": message, "input": value[:80]}
    return HTTPException(422, [detail])
