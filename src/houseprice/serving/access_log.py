"""What was answered in, one JSON line each out; never a word of what was asked.

Lines are written together a few times a second. A log that cannot be written (a full disk, a closed pipe) is counted
and costs no answer.
"""

import asyncio
import json
import os
from datetime import UTC, datetime
from functools import lru_cache

SECONDS = 0.1


class Journal:
    """The log of requests, on a file descriptor; a descriptor of None writes nothing."""

    def __init__(self, descriptor: int | None = 2) -> None:
        self._descriptor = descriptor
        self._lines: list[str] = []
        self.lost = 0

    def write(self, request_id: str, method: str, path: str, status: int, seconds: float, caller: str) -> None:
        """Note one request; it is written soon. Id and method are taken to be plain words, as the guard sees to."""
        if self._descriptor is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        who = f', "caller": {_quoted(caller)}' if caller else ""
        self._lines.append(
            f'{{"time": "{now}", "event": "request", "request_id": "{request_id}", "method": "{method}", '
            f'"path": {_quoted(path[:200])}, "status": {status}, "milliseconds": {seconds * 1e3:.2f}{who}}}'
        )
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_later(SECONDS, self.flush)

    def flush(self) -> None:
        """Write what was noted."""
        lines, self._lines = self._lines, []
        if not lines or self._descriptor is None:
            return
        try:
            rest = memoryview("".join(f"{line}\n" for line in lines).encode())
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            self.lost += len(lines)


@lru_cache(256)
def _quoted(text: str) -> str:
    """Write a text as JSON; there are few paths and callers that are not made up."""
    return json.dumps(text)
