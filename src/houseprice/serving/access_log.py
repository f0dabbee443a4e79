"""The access log: one line per request, with nothing of what it asked for.

A request leaves its facts only; the thread of the log makes the line of them, among those of many other requests.
"""

import logging
import time
from functools import cached_property, lru_cache
from json.encoder import encode_basestring_ascii as quote

from houseprice.serving.json_logging import JsonQueueHandler, handler_of

MAX_PATH_CHARACTERS = 200

_log = logging.getLogger(__name__)


class AccessLog:
    """Logs requests where the server's logging is configured, unless it is switched off."""

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled

    def write(self, request_id: str, method: str, path: str, status: int, seconds: float, caller: str) -> None:
        """Log one request; `caller` is the name of its API key, or empty. Queries and bodies are never logged."""
        if self._handler is not None:
            facts = time.time(), request_id, method, path[:MAX_PATH_CHARACTERS], status, seconds, caller
            self._handler.enqueue((_line, facts))

    @cached_property
    def _handler(self) -> JsonQueueHandler | None:
        return handler_of(_log) if self._enabled and _log.isEnabledFor(logging.INFO) else None


def _line(created: float, request_id: str, method: str, path: str, status: int, seconds: float, caller: str) -> str:
    second = int(created)
    line = (
        f'{{"time": "{_stamp(second)}.{int((created - second) * 1e3):03d}+00:00", "level": "info", "event": "request", '
        f'"request_id": {quote(request_id)}, "method": {quote(method)}, "path": {quote(path)}, "status": {status}, '
        f'"milliseconds": {seconds * 1e3:.2f}'
    )
    return f'{line}, "caller": {quote(caller)}}}' if caller else f"{line}}}"


@lru_cache(2)
def _stamp(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
