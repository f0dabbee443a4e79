"""uvicorn's HTTP protocol with time limits for slow clients.

uvicorn waits forever for the request line and headers, however slowly they arrive, and forever for a client to read the
rest of its answer, also when that client has closed its side of the connection.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 2**10


class SlowClientProtocol(HttpToolsProtocol):
    """Limits the time and size of a request's head, and the time in which a client reads nothing.

    The head must arrive within `body_timeout_seconds` of the settings. A client that takes no byte of a waiting answer
    is disconnected after twice `request_timeout_seconds`; one that reads slowly is not.
    """

    def __init__(self, config: Any, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        self._head_seconds: float = config.settings.body_timeout_seconds
        self._read_seconds: float = config.settings.request_timeout_seconds

    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _head_bytes = 0
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Parse data; limit the size and time of a head."""
        if not self._in_head and (self.cycle is None or self.cycle.response_complete):
            self._in_head = True  # of the next request on this connection
            self._head_bytes = 0
        super().data_received(data)
        if not self._in_head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._disconnect()
        elif self._timer is None:  # most heads come whole, and need none
            self._start_timer()

    def on_headers_complete(self) -> None:
        """End the time limit of the head."""
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Begin to watch a client that does not read."""
        super().pause_writing()
        self._watch_later(None)

    def resume_writing(self) -> None:
        """End watching a client that reads again."""
        if not self.transport.is_closing():
            self._stop_watching()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, also when its client does not read."""
        super().timeout_keep_alive_handler()
        self._watch_later(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        self._stop_timer()
        self._stop_watching()
        super().connection_lost(exc)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self._head_seconds, self._disconnect)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch_later(self, waiting: int | None) -> None:
        self._stop_watching()
        self._watch = self.loop.call_later(self._read_seconds, self._check_reading, waiting)

    def _check_reading(self, before: int | None) -> None:
        """Disconnect a client that reads nothing; `before` is how many bytes waited at the last check."""
        waiting = self.transport.get_write_buffer_size()
        if waiting == before:
            self._disconnect()
        elif waiting:
            self._watch_later(waiting)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _disconnect(self) -> None:
        self._stop_timer()
        self.transport.abort()
