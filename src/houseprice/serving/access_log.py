"""The access log: one line per request, with nothing of what it asked for.

A line is written here and not by the formatter of other lines, which takes several times as long.
"""

import logging
import time
from json.encoder import encode_basestring_ascii as quote

MAX_PATH_CHARACTERS = 200

_log = logging.getLogger(__name__)
_TEMPLATE = logging.LogRecord(__name__, logging.INFO, __file__, 0, "request", (), None).__dict__


class AccessLog:
    """Logs requests, unless it is switched off."""

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled
        self._second, self._stamp = 0, ""

    def write(self, request_id: str, method: str, path: str, status: int, seconds: float, caller: str) -> None:
        """Log one request; `caller` is the name of its API key, or empty. Queries and bodies are never logged."""
        if not (self._enabled and _log.isEnabledFor(logging.INFO)):
            return
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second, self._stamp = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        stamp = f"{self._stamp}.{int((now - second) * 1e3):03d}+00:00"
        line = (
            f'{{"time": "{stamp}", "level": "info", "event": "request", "request_id": {quote(request_id)}, '
            f'"method": {quote(method)}, "path": {quote(path[:MAX_PATH_CHARACTERS])}, "status": {status}, '
            f'"milliseconds": {round(seconds * 1e3, 2)}'
        )
        _log.handle(_RequestRecord(now, f'{line}, "caller": {quote(caller)}}}' if caller else f"{line}}}"))


class _RequestRecord(logging.LogRecord):
    """A record that holds its line, and nothing that takes longer to find than an answer."""

    def __init__(self, created: float, line: str) -> None:
        self.__dict__ = {**_TEMPLATE, "created": created, "line": line}
