"""Cross-origin requests from browsers: which pages may send them, and what they may read of an answer."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


def is_preflight(scope: Scope) -> bool:
    """Tell whether a browser asks if it may send a request; it has no key to send along."""
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


class CorsMiddleware(CORSMiddleware):
    """Adds Starlette's headers for the origins that are allowed, also to refusals.

    Preflight requests are passed on, so that they are admitted, logged and counted as any other before
    `PreflightMiddleware` answers them.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=["content-type", "content-encoding", "authorization", "x-api-key", "x-request-id"],
            expose_headers=["x-request-id", "retry-after"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by the inner application, with the headers for its origin."""
        if scope["type"] == "http" and (headers := Headers(scope=scope)).get("origin") and not is_preflight(scope):
            await self.simple_response(scope, receive, send, request_headers=headers)
        else:
            await self.app(scope, receive, send)


class PreflightMiddleware:
    """Answers preflight requests."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app = app
        self._cors = CorsMiddleware(app, origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight request; pass on any other."""
        if scope["type"] == "http" and is_preflight(scope):
            await self._cors.preflight_response(Headers(scope=scope))(scope, receive, send)
        else:
            await self._app(scope, receive, send)
