"""Responses that a browser may keep, with headers of their own in place of those that all others get."""

from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

OWN_HEADERS = "own_headers"
"""Key of the scope: names of headers that the middleware leaves as they are."""


class CacheableResponse(Response):
    """A response with its own `cache-control`, and a content security policy where it has one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response."""
        scope[OWN_HEADERS] = frozenset(name for name, _ in self.raw_headers)
        await super().__call__(scope, receive, send)


def cacheable(request: Request, content: bytes, headers: dict[str, str], media_type: str) -> Response:
    """Return the content, or 304 where the client has it; `headers` hold its `etag`."""
    if is_current(request, headers["etag"]):
        return CacheableResponse(status_code=304, headers=headers)
    return CacheableResponse(content, headers=headers, media_type=media_type)


def is_current(request: Request, etag: str) -> bool:
    """Tell whether a client has what bears this tag, by `If-None-Match` (weak comparison, RFC 9110)."""
    sent = ",".join(request.headers.getlist("if-none-match"))
    tags = {tag.strip().removeprefix("W/") for tag in sent.split(",")}
    return etag.removeprefix("W/") in tags or "*" in tags
