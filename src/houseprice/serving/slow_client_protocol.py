"""The HTTP protocol with time limits for slow clients, and a limit of connections.

uvicorn waits forever for the request line and headers, however slowly they arrive, and forever for a client to read the
rest of its answer, also when that client has closed its side of the connection.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from houseprice.serving.connections import MOST_WAITING, PARTIAL_BYTES, REPLACEMENT_SECONDS
from houseprice.serving.http_protocol import SequentialProtocol

LINGER_SECONDS = 2.0
_FULL = STATUS_LINE[503] + b"retry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class SlowClientProtocol(SequentialProtocol):
    """Limits the time of a request's head, the time in which a client reads nothing, and the number of connections.

    The head must arrive within `body_timeout_seconds` of the settings, as must the rest of a body that was answered
    before it was complete. A client that takes no byte of a waiting answer is disconnected after twice
    `request_timeout_seconds`; one that reads slowly is not. Beyond `max_connections`, the connection ends that has
    waited for its client for longest; the next request of the new one is read when others have had their turn.
    """

    def __init__(self, config: Any, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        self._head_seconds: float = config.settings.body_timeout_seconds
        self._read_seconds: float = config.settings.request_timeout_seconds

    partial = 0
    _has_place = False
    _timer: asyncio.TimerHandle | None = None
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._start_timer(self._head_seconds)
        excess = len(self.connections) - self.pool.most
        if 0 < excess <= MOST_WAITING:
            self._read_later(self.pool.replacements.delay(REPLACEMENT_SECONDS))
        else:
            self._take_place()

    def _take_place(self) -> None:
        """Enter the pool, if need be in place of the connection that has waited for its client for longest."""
        self._has_place = True
        if len(self.connections) > self.pool.most and not self.pool.end_oldest():
            self.transport.write(_FULL)
            self.transport.close()
        else:
            self.pool.connections[self] = None

    def _parse_held(self) -> None:
        if not self._has_place and not self.transport.is_closing():
            self._take_place()
        super()._parse_held()

    def on_headers_complete(self) -> None:
        """End the time limit of the head."""
        if self._timer is not None:
            self._stop_timer()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, or for the rest of this one."""
        super().on_response_complete()
        if self.partial:
            self._count_partial(0)
        if self.pool.connections.pop(self, True) is None and not self.transport.is_closing():
            self.pool.connections[self] = None  # now the last
            if not self._is_received and self._timer is None:
                self._start_timer(self._head_seconds)

    def pause_writing(self) -> None:
        """Begin to watch a client that does not read."""
        super().pause_writing()
        self._watch_later(None)
        self.pool.unread[self] = None
        self.pool.shed_unread()

    def resume_writing(self) -> None:
        """End watching a client that reads again."""
        self.pool.unread.pop(self, None)
        if not self.transport.is_closing():
            self._stop_watching()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, also when its client does not read."""
        super().timeout_keep_alive_handler()
        self._watch_later(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        self._forget()
        self._stop_timer()
        self._stop_watching()
        self._unset_keepalive_if_required()
        if self._scheduled:
            self._scheduled.cancel()
        super().connection_lost(exc)

    def disconnect(self) -> None:
        """End the connection at once."""
        self._forget()
        self._stop_timer()
        self.transport.abort()

    def _wait(self) -> None:
        """Count what has come of a body, and limit the time of a head; most requests come whole, and need neither."""
        if not self._in_head:
            if not self.cycle.response_complete:
                self._count_partial(min(self._received, PARTIAL_BYTES))
                self.pool.shed_partial()
        elif not (self._overhead or self._held):
            self._stop_timer()  # of the rest of a body that was answered before
            seconds, close = self.timeout_keep_alive, self.timeout_keep_alive_handler
            self.timeout_keep_alive_task = self.loop.call_later(seconds, close)
        elif self._timer is None:
            self._start_timer(self._head_seconds)

    def _count_partial(self, size: int) -> None:
        """Count what a connection has received of a body that is not complete."""
        if size != self.partial:
            self.pool.partial_bytes += size - self.partial
            self.partial = size

    def _forget(self) -> None:
        self.pool.connections.pop(self, None)
        self.pool.unread.pop(self, None)
        self._count_partial(0)

    def _end(self) -> None:
        super()._end()
        self._stop_timer()
        self._start_timer(LINGER_SECONDS)

    def _start_timer(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self.disconnect)

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
            self.disconnect()
        elif waiting:
            self._watch_later(waiting)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
