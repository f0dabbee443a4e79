"""Reading of request bodies, within the documented limits."""

from typing import TypeVar

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

T = TypeVar("T")


async def read_json_body(request: Request, limit: int) -> bytes:
    """Return the body of a JSON request.

    Raises:
        HTTPException: 415 for another content type or a compressed body, 413 for more than `limit` bytes.
    """
    kind = header(request, b"content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise HTTPException(415, f'The content type is "{kind}"; send JSON as "application/json".')
    return await read_body(request, limit)


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request of any content type.

    Raises:
        HTTPException: 413 for more than `limit` bytes, 415 for a compressed body.
    """
    check_not_compressed(request)
    length = header(request, b"content-length", "0")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)
    chunks, size, is_complete = [], 0, False
    while not is_complete:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        is_complete = not message.get("more_body", False)
    return b"".join(chunks)


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"The body has more than {limit} bytes, which is the limit; send less at once.")


def header(request: Request, name: bytes, default: T) -> str | T:
    """Return the value of a header; `Request.headers` would decode all of them first."""
    for key, value in request.scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return default


def check_not_compressed(request: Request) -> None:
    """Refuse a compressed body: a few bytes could stand for very many.

    Raises:
        HTTPException: 415, with the header that names what is accepted.
    """
    codings = [str(value, "latin-1") for name, value in request.scope["headers"] if name == b"content-encoding"]
    if codings and {coding.strip().lower() for coding in ",".join(codings).split(",")} - {"", "identity"}:
        raise HTTPException(
            415,
            f'The content encoding is "{", ".join(codings)[:80]}"; send the body uncompressed, without that header.',
            {"Accept-Encoding": "identity"},
        )
