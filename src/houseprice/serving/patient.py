"""Connections in, only those that get to the point out: a client that dawdles over its request's head is cut off.

The server below waits forever for the first line and headers of a request, however slowly they drip in.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 * 2**10


def patient_for(seconds: float) -> type[HttpToolsProtocol]:
    """Give back uvicorn's protocol with a time limit for each request's head, and one of its size."""

    class Patient(HttpToolsProtocol):
        _timer: asyncio.TimerHandle | None = None
        _head_bytes = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._arm()

        def data_received(self, data: bytes) -> None:
            if self._timer is None and (self.cycle is None or self.cycle.response_complete):
                self._arm()  # the head of the next request on this connection
            if self._timer is not None:
                self._head_bytes += len(data)
            super().data_received(data)
            if self._timer is not None and self._head_bytes > MOST_HEAD_BYTES:
                self._cut()

        def on_headers_complete(self) -> None:
            self._disarm()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            super().connection_lost(exc)

        def _arm(self) -> None:
            self._head_bytes = 0
            self._timer = self.loop.call_later(seconds, self._cut)

        def _disarm(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _cut(self) -> None:
            self._disarm()
            self.transport.abort()

    return Patient
