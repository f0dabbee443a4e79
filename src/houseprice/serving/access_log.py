"""The access log: one line per request, with nothing of what it asked for."""

import logging
import time
from typing import Any

MAX_PATH_CHARACTERS = 200

_log = logging.getLogger(__name__)
_TEMPLATE = logging.LogRecord(__name__, logging.INFO, __file__, 0, "request", (), None).__dict__


class AccessLog:
    """Logs requests, unless it is switched off."""

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled

    def write(self, request_id: str, method: str, path: str, status: int, seconds: float, caller: str) -> None:
        """Log one request; `caller` is the name of its API key, or empty. Queries and bodies are never logged."""
        if not (self._enabled and _log.isEnabledFor(logging.INFO)):
            return
        fields: dict[str, Any] = {
            "request_id": request_id,
            "method": method,
            "path": path[:MAX_PATH_CHARACTERS],
            "status": status,
            "milliseconds": round(seconds * 1e3, 2),
        }
        if caller:
            fields["caller"] = caller
        _log.handle(_RequestRecord(fields))


class _RequestRecord(logging.LogRecord):
    """A record that holds what a line shows, and nothing that takes longer to find than an answer."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__ = {**_TEMPLATE, "created": time.time(), "fields": fields}
