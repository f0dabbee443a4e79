"""Reading of request bodies, within the documented limits."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import TypeVar

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

from houseprice.serving.gzip_decoding import gunzip

T = TypeVar("T")


async def read_json_body(request: Request, limit: int) -> bytes:
    """Return the body of a JSON request.

    Raises:
        HTTPException: 415 for another content type or coding, 413 for more than `limit` bytes, 400 for a damaged gzip.
    """
    check_json(request)
    is_gzip = check_coding(request)
    body = await read_body(request, limit)
    return gunzip(body, limit) if is_gzip else body


def check_json(request: Request) -> None:
    """Refuse a request whose content type is not JSON.

    Raises:
        HTTPException: 415.
    """
    kind = header(request, b"content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise HTTPException(415, f'The content type is "{kind[:80]}"; send JSON as "application/json".')


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request of any content type as it was sent, perhaps compressed.

    Raises:
        HTTPException: 413 for more than `limit` bytes.
    """
    length = header(request, b"content-length", "0")
    if length.isdecimal() and len(length) < 20 and int(length) > limit:
        raise too_large(limit)
    body, is_whole = await read_beginning(received(request), limit)
    if not is_whole:
        raise too_large(limit)
    return body


async def read_beginning(parts: AsyncIterator[bytes], most: int) -> tuple[bytes, bool]:
    """Return a body, or its beginning as soon as that has more than `most` bytes, and whether it is whole."""
    first, joined = b"", None
    async for part in parts:
        if not first:
            first = part  # most bodies are one part
        elif joined is None:
            joined = BytesIO()  # a list would need many times the memory for parts of a few bytes
            joined.write(first)
        if joined is not None:
            joined.write(part)
        if (len(first) if joined is None else joined.tell()) > most:
            return first if joined is None else joined.getvalue(), False
    return first if joined is None else joined.getvalue(), True


async def received(request: Request) -> AsyncIterator[bytes]:
    """Yield the parts of a body as they arrive."""
    is_complete = False
    while not is_complete:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        is_complete = not message.get("more_body", False)


def too_large(limit: int) -> HTTPException:
    """Return the error of a body of more than `limit` bytes."""
    return HTTPException(413, f"The body has more than {limit} bytes, which is the limit; send less at once.")


def header(request: Request, name: bytes, default: T) -> str | T:
    """Return the value of a header; `Request.headers` would decode all of them first."""
    for key, value in request.scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return default


def check_coding(request: Request) -> bool:
    """Return whether a body is compressed by gzip.

    Raises:
        HTTPException: 415 for another coding, with the header that names what is accepted.
    """
    codings = [str(value, "latin-1") for name, value in request.scope["headers"] if name == b"content-encoding"]
    if not codings:
        return False
    named = [
        name for coding in ",".join(codings).split(",") if (name := coding.strip().lower()) not in ("", "identity")
    ]
    if named not in ([], ["gzip"], ["x-gzip"]):
        raise HTTPException(
            415,
            f'The content encoding is "{", ".join(codings)[:80]}"; send the body by gzip, or uncompressed without it.',
            {"Accept-Encoding": "gzip"},
        )
    return bool(named)
