"""Routes that are dispatched by their path alone, without FastAPI's own parsing, which would cost more than a price."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send


class DirectRoute(APIRoute):
    """A documented route whose endpoint takes the request and returns a response.

    Attributes:
        direct_path: the path that is dispatched without trying one route after the other.
        path_params: the values of the path's parameters there.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.direct_path = path
        self.path_params: Mapping[str, Any] = {}
        self.app = as_app(endpoint)


def as_app(endpoint: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """Return the ASGI application of an endpoint."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await endpoint(Request(scope, receive))
        await response(scope, receive, send)

    return app


def dispatch_directly(routes: list[Any], others: ASGIApp) -> ASGIApp:
    """Return an application that answers POST by direct routes, and lets another application answer all else.

    Of routes with the same path the first counts, as for FastAPI.
    """
    first: dict[str, Any] = {}
    for route in routes:
        if "POST" in (getattr(route, "methods", None) or ()):
            first.setdefault(getattr(route, "direct_path", route.path), route)
    direct = {path: route for path, route in first.items() if isinstance(route, DirectRoute) and "{" not in path}

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        route = direct.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if route is None:
            await others(scope, receive, send)
            return
        scope["route"], scope["path_params"] = route, route.path_params
        await route.app(scope, receive, send)

    return dispatch
