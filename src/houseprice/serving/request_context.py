"""The request that is being answered, for what is called far below its route."""

from contextvars import ContextVar
from typing import Any

_scope: ContextVar[dict[str, Any] | None] = ContextVar("scope", default=None)


def enter_request(scope: Any) -> None:
    """Make an ASGI scope that of the current task, which answers one request."""
    _scope.set(scope)


def current_scope() -> dict[str, Any]:
    """Return the scope of the request that the current task answers; an empty one outside of requests."""
    scope = _scope.get()
    return {} if scope is None else scope
