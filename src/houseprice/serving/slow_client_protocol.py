"""Connections in, only those that get on out: a client that dawdles over a request's head or stops reading is cut off.

The server below waits forever for the first line and headers of a request, however slowly they drip in; and forever for
a client to take the rest of its answer, also when it has closed the connection on its side.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 * 2**10


def patient_for(head_seconds: float, reading_seconds: float) -> type[HttpToolsProtocol]:
    """Give back uvicorn's protocol with a time limit for each request's head, one of its size, and one for readers.

    Args:
        head_seconds: until the head of a request must have come.
        reading_seconds: a client that takes no byte of what waits for it is cut off after twice that; by then whoever
            writes the answer has given up. However slow it is, it may go on as long as it takes some.
    """

    class Patient(HttpToolsProtocol):
        _timer: asyncio.TimerHandle | None = None
        _heading = True
        _head_bytes = 0
        _watch: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._arm()

        def data_received(self, data: bytes) -> None:
            if not self._heading and (self.cycle is None or self.cycle.response_complete):
                self._heading = True  # of the next request on this connection
                self._head_bytes = 0
            super().data_received(data)
            if not self._heading:
                return
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._cut()
            elif self._timer is None:  # most heads come whole, and need none
                self._arm()

        def on_headers_complete(self) -> None:
            self._heading = False
            self._disarm()
            super().on_headers_complete()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._look_later(None)

        def resume_writing(self) -> None:
            if not self.transport.is_closing():
                self._look_away()
            super().resume_writing()

        def timeout_keep_alive_handler(self) -> None:
            super().timeout_keep_alive_handler()
            self._look_later(None)

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            self._look_away()
            super().connection_lost(exc)

        def _arm(self) -> None:
            self._timer = self.loop.call_later(head_seconds, self._cut)

        def _disarm(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _look_later(self, waiting: int | None) -> None:
            self._look_away()
            self._watch = self.loop.call_later(reading_seconds, self._look, waiting)

        def _look(self, before: int | None) -> None:
            """Cut off a client that takes nothing; `before` is how many bytes waited when it was last looked at."""
            waiting = self.transport.get_write_buffer_size()
            if waiting == before:
                self._cut()
            elif waiting:
                self._look_later(waiting)

        def _look_away(self) -> None:
            if self._watch is not None:
                self._watch.cancel()
                self._watch = None

        def _cut(self) -> None:
            self._disarm()
            self.transport.abort()

    return Patient
