"""Routes that are dispatched by their path alone, without FastAPI's own parsing, which would cost more than a price."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

MAX_PART_BYTES = 64 * 2**10

Endpoint = Callable[[Request], Awaitable[Response]]


class DirectRoute(APIRoute):
    """A documented route whose endpoint takes the request and returns a response.

    Attributes:
        direct_path: the path that is dispatched without trying one route after the other.
        path_params: the values of the path's parameters there.
        respond: returns the response.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.direct_path = path
        self.path_params: Mapping[str, Any] = {}
        self.respond_by(endpoint)

    def respond_by(self, respond: Endpoint) -> None:
        """Let a function return the response."""
        self.respond = respond

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await respond(Request(scope, receive))
            await response(scope, receive, send)

        self.app = app


class BytesResponse(Response):
    """A response of bytes; Starlette's own takes longer to make its headers than to send them."""

    def __init__(self, content: bytes, content_type: str = "application/json") -> None:
        self.status_code = 200
        self.background = None
        self.body = content
        self.raw_headers = [
            (b"content-length", b"%d" % len(content)),
            (b"content-type", content_type.encode("latin-1")),
        ]


class PartsResponse(BytesResponse):
    """A response of bytes in parts, each of which is let go when it has been sent."""

    def __init__(self, parts: list[bytes], content_type: str = "application/json") -> None:
        super().__init__(b"", content_type)
        self._parts = parts
        self.raw_headers[0] = (b"content-length", b"%d" % sum(map(len, parts)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - an ASGI application
        """Send the parts, those of a short answer together."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        parts, self._parts = deque(self._parts), []
        if reservation := scope.get("reservation"):  # the body has been let go
            reservation.resize(sum(map(len, parts)))
        while parts:
            part = parts.popleft()
            while parts and len(part) + len(parts[0]) <= MAX_PART_BYTES:
                part += parts.popleft()
            await send({"type": "http.response.body", "body": part, "more_body": bool(parts)})


def dispatch_directly(routes: list[Any], others: ASGIApp, exception_handlers: Mapping[Any, Any]) -> ASGIApp:
    """Return an application that answers by direct routes, and lets another application answer all else.

    Of routes with the same path the first counts, as for FastAPI. Exceptions of a direct route are handled as those of
    the others, but by a middleware that is entered only when there is one.
    """
    first: dict[tuple[str, str], Any] = {}
    for route in routes:
        for method in getattr(route, "methods", None) or ():
            first.setdefault((method, getattr(route, "direct_path", route.path)), route)
    direct = {key: route for key, route in first.items() if isinstance(route, DirectRoute) and "{" not in key[1]}
    failed = ExceptionMiddleware(_raise_exception, exception_handlers)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        route = direct.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await others(scope, receive, send)
            return
        scope["route"], scope["path_params"] = route, route.path_params
        try:
            response = await route.respond(Request(scope, receive))
        except Exception as err:  # noqa: BLE001 - raised again within the middleware
            scope["exception"] = err
            await failed(scope, receive, send)
        else:
            await response(scope, receive, send)

    return dispatch


async def _raise_exception(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - an ASGI application
    raise scope.pop("exception")
