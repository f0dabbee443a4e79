"""A server that stops without losing requests.

uvicorn closes connections that are idle when it stops, and a request that is on its way to such a connection is lost.
This server first stops to listen, and takes the connections that were waiting for it. Then each connection has its
next request answered with `Connection: close`, and is closed when no request has come for `IDLE_SECONDS`.
"""

import asyncio
import select
import signal
import socket
from contextlib import suppress

import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from houseprice.serving.slow_client_protocol import SlowClientProtocol

IDLE_SECONDS = 1.0
"""How long a connection stays open for one more request when the server stops."""


class DrainingServer(uvicorn.Server):
    """uvicorn's server, which accepts what waits in the backlog before it stops."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop to listen, let all connections come to their end, and end the application."""
        loop = asyncio.get_running_loop()
        backlogs = [listener.dup() for listener in sockets or ()]
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)
        accepted = [connection for backlog in backlogs for connection in _close_listener(backlog)]
        for waiting in accepted:
            await loop.connect_accepted_socket(self._make_protocol, waiting)
        await super().shutdown()

    def _make_protocol(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            _loop=asyncio.get_running_loop(),
        )
        return protocol


class DrainingProtocol(SlowClientProtocol):
    """A connection that is closed only after a time without a request, or after an answer that says so."""

    _is_draining = False

    def shutdown(self) -> None:
        """Begin to stop."""
        if self._is_draining:
            return
        self._is_draining = True
        if self._is_in_progress:
            self._answer_last()
        self._close_when_idle(self)

    @property
    def _is_in_progress(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _answer_last(self) -> None:
        """Let the request be answered with `Connection: close`, unless its answer has begun without it."""
        if not self.cycle.response_started and not self._held:
            self.cycle.keep_alive = False

    def _parse(self, data: bytes) -> None:
        """Begin a request; while the server stops it is the last of its connection, unless another one is there."""
        super()._parse(data)
        if self._is_draining and self._is_in_progress:
            self._answer_last()

    @property
    def _is_idle(self) -> bool:
        """Whether no request is being received or answered."""
        newest: RequestResponseCycle | None = self.cycle
        if newest is None:
            return self.scope is None
        return newest.scope is self.scope and newest.response_complete and not self._held

    def _close_when_idle(self, before: object) -> None:
        """Close the connection when it is idle since the last look, whose newest request was `before`."""
        if self.transport.is_closing():
            return
        newest = self.cycle if self._is_idle else self
        if newest is before and newest is not self and not self._has_unread_bytes():
            self.transport.close()
        else:
            self.loop.call_later(IDLE_SECONDS, self._close_when_idle, newest)

    def _has_unread_bytes(self) -> bool:
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))


def terminate_on_hangup() -> None:
    """Let SIGHUP stop the process as SIGTERM does, unless the process was started to ignore it (`nohup`)."""
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))


def _close_listener(listener: socket.socket) -> list[socket.socket]:
    """Close a listening socket; return the connections that were waiting to be accepted."""
    connections = []
    listener.setblocking(False)
    with listener, suppress(OSError):  # there are no more, or no more files may be opened
        while True:
            with suppress(ConnectionAbortedError):
                connections.append(listener.accept()[0])
    return connections
