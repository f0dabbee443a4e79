"""`POST /predict` in, its answer out, past the machinery that only rare requests need.

One house that was sent whole and as JSON is answered here. Whatever else comes, and whatever is wrong with it, goes on
to the documented route as it came, so that there is one place that refuses.
"""

from typing import Any

from pydantic import TypeAdapter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from houseprice.errors import ServingError
from houseprice.serving.micro_batching import MicroBatcher
from houseprice.serving.prediction import Prediction
from houseprice.serving.validation_errors import InvalidRequestError

MOST_BYTES = 32 * 2**10
_JSON = b"application/json"
_prediction = TypeAdapter(Prediction)


class Lean:
    """An ASGI application in front of another."""

    def __init__(self, app: ASGIApp, batcher: MicroBatcher, max_body_bytes: int) -> None:
        self._app = app
        self._read = batcher.scorer.request.parse
        self._batcher = batcher
        self._most = min(MOST_BYTES, max_body_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one house, or let the other application answer."""
        if scope["type"] != "http" or scope["path"] != "/predict" or not _is_plain(scope):
            await self._app(scope, receive, send)
            return
        message = await receive()
        body = message.get("body", b"")
        if message["type"] == "http.request" and not message.get("more_body") and len(body) <= self._most:
            try:
                content = _prediction.dump_json(await self._batcher.predict(self._read(body)))
            except (InvalidRequestError, ServingError):
                pass
            else:
                length = (b"content-length", str(len(content)).encode())
                await send(
                    {"type": "http.response.start", "status": 200, "headers": [length, (b"content-type", _JSON)]}
                )
                await send({"type": "http.response.body", "body": content})
                return
        await self._app(scope, _again(message, receive), send)


def _is_plain(scope: Scope) -> bool:
    if scope["method"] != "POST" or scope.get("query_string"):
        return False
    for name, value in scope["headers"]:
        if name == b"content-encoding" or (name == b"content-type" and value != _JSON):
            return False
    return True


def _again(first: Message, receive: Receive) -> Receive:
    """Give what was already received once more, then what follows."""
    waiting: list[Any] = [first]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
