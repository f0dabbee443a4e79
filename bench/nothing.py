"""The smallest ASGI application, as a lower bound for the cost of a request."""

from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")],
}
_BODY = {"type": "http.response.body", "body": b"{}"}


async def app(_scope: Message, _receive: Callable[[], Awaitable[Message]], send: Send) -> None:
    """Answer with an empty object, whatever was asked."""
    await send(_START)
    await send(_BODY)
