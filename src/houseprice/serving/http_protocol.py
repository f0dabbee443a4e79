"""uvicorn's HTTP protocol, one request at a time, with a limit for everything that is not a body.

uvicorn parses all that a client sends at once. It queues pipelined requests without a bound, collects trailers without
end, and drops the body of a request with an `Upgrade` header, which it then reads as the next request. Here the parser
gets no byte behind a request before that was answered, and the reading of the connection stops meanwhile.
"""

import json
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from houseprice.serving.connections import Connections

MAX_HEAD_BYTES = 16 * 2**10
"""Size of a head; also of what stands between two parts of a chunked body, and of its trailers."""
MAX_HEADERS = 128
_CHUNKED_PIECE = 4 * 2**10
_PIECES = 16
"""Pieces that are parsed before other connections have their turn: a few milliseconds at most."""
_END = b"\r\n\r\n"
_CHUNKED = -1
_FRAMING = frozenset((b"content-length", b"transfer-encoding", b"expect"))
_REASONS = {
    400: "The request is not valid HTTP/1.1, or its body is cut into chunks wrongly.",
    431: f"The head or the trailers of the request have more than {MAX_HEAD_BYTES} bytes or {MAX_HEADERS} fields.",
}


class _HoldableFlow(FlowControl):
    """Flow control that reads no more while bytes of the next request wait, whatever the application asks for."""

    is_held = False

    def resume_reading(self) -> None:
        if not self.is_held:
            super().resume_reading()


class _AnswerTransport:
    """The transport as an answer sees it: it is closed only when the client has had a chance to read the answer."""

    def __init__(self, transport: Any, close: Callable[[], None]) -> None:
        self.write, self.is_closing, self.close = transport.write, transport.is_closing, close


class SequentialProtocol(HttpToolsProtocol):
    """Parses a request when the one before it was answered."""

    _in_head = True  # or before one
    _is_received = True
    _left = 0  # of the body, or `_CHUNKED`
    _received = 0  # of the body
    _overhead = 0  # bytes since the last byte of a body, or since the head began
    _has_progress = False
    _is_upgrade = False
    _is_scheduled = False
    _is_ending = False  # nothing more is answered
    _held = b""
    _status = 400

    def __init__(self, config: Any, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        self.pool: Connections = config.pool

    def connection_made(self, transport: Any) -> None:
        """Begin with a connection."""
        super().connection_made(transport)
        self.flow: _HoldableFlow = _HoldableFlow(transport)
        self._answer_transport: Any = _AnswerTransport(transport, self._close_after_answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was held."""
        self._hold(b"")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse data up to the end of a request; the rest waits until that was answered."""
        self._unset_keepalive_if_required()
        if self._is_ending:
            return
        if self._is_scheduled or self._is_answering:
            self._hold(self._held + data)
            self._stop_reading()
        else:
            self._parse(self._held + data if self._held else data)

    @property
    def _is_answering(self) -> bool:
        return self._is_received and self.cycle is not None and not self.cycle.response_complete

    def _parse(self, data: bytes) -> None:
        begin, needs_more = 0, True
        for _ in range(_PIECES):
            if begin == len(data) or self._is_answering:
                break
            end = self._end_of_piece(data, begin)
            if end == begin:  # a line feed decides
                break
            self._feed(data[begin:end])
            if self._is_ending:
                return
            begin = end
        else:
            needs_more = begin == len(data)
        self._hold(data[begin:])
        if self._held and (not needs_more or self._is_answering):
            self._stop_reading()
            self._is_scheduled = not self._is_answering
            if self._is_scheduled:
                self.loop.call_soon(self._parse_held)
        elif self.flow.is_held:
            self.flow.is_held = False
            if self.cycle is None or len(self.cycle.body) <= HIGH_WATER_LIMIT:
                self.flow.resume_reading()

    def _parse_held(self) -> None:
        self._is_scheduled = False
        if self._held and not self._is_ending and not self.transport.is_closing():
            self._parse(self._held)

    def _end_of_piece(self, data: bytes, begin: int) -> int:
        """Return where the next piece ends that can hold the end of one request at most.

        A head ends with an empty line, as trailers do, and a body of known length by itself.
        """
        if not self._in_head and self._left != _CHUNKED:
            end = min(len(data), begin + self._left)
            self._left -= end - begin
            return end
        most = MAX_HEAD_BYTES - self._overhead
        end = min(len(data), begin + (most if self._in_head else min(most, _CHUNKED_PIECE)))
        found = data.find(_END, begin, end)
        if found >= 0:
            return found + len(_END)
        for length in (3, 2, 1):  # what may be the beginning of an empty line
            if data.endswith(_END[:length], begin, end):
                return end - length if end - length > begin or end == len(data) else end
        return end

    def _feed(self, piece: bytes) -> None:
        self._has_progress = False
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self._feed_without_upgrade()
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self._refuse(self._status)
            return
        self._overhead = 0 if self._has_progress else self._overhead + len(piece)
        if self._overhead >= MAX_HEAD_BYTES:
            self._refuse(431)

    def _feed_without_upgrade(self) -> None:
        """Parse a head again without its `Upgrade`: no other protocol is spoken here, which is no error."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        self._is_upgrade = False
        if method == b"CONNECT":
            self._refuse(400)
            return
        lines = [b"%s: %s\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        head = b"%s %s HTTP/%s\r\n%s\r\n" % (method, self.url, version, b"".join(lines))
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._feed(head)

    def on_message_begin(self) -> None:
        """Begin a head."""
        if self._is_answering:
            raise RuntimeError("a piece held two requests")
        super().on_message_begin()
        self._in_head, self._is_received, self._status = True, False, 400
        self._left = self._received = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; trailers are ignored."""
        if not self._in_head:
            return
        if len(self.headers) == MAX_HEADERS:
            self._status = 431
            raise ValueError("too many headers")
        name = name.lower()
        self.headers.append((name, value))
        if name in _FRAMING:
            if name == b"content-length":
                self._left = int(value)
            elif name == b"expect":
                self.expect_100_continue = value.lower() == b"100-continue"
            elif value.strip().lower() == b"chunked":
                self._left = _CHUNKED
            else:
                raise ValueError("another transfer coding")

    def on_headers_complete(self) -> None:
        """Start the request."""
        self._has_progress = True
        if self.parser.should_upgrade():
            self._is_upgrade = True
            return
        super().on_headers_complete()
        self._in_head = False
        self.cycle.transport = self._answer_transport

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body for the application, unless it has answered already."""
        self._has_progress = True
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        self._received += len(body)
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """End the request."""
        if self._is_upgrade:
            return
        self._has_progress = self._in_head = self._is_received = True
        if not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Continue with the next request, if it is there."""
        super().on_response_complete()
        if self._is_ending:
            self._unset_keepalive_if_required()
        elif self._held and not self._is_scheduled and self._is_received:
            self._unset_keepalive_if_required()
            self._is_scheduled = True
            self.loop.call_soon(self._parse_held)

    def _hold(self, data: bytes) -> None:
        """Hold bytes until the request before them was answered; not beyond what all connections may hold."""
        self.pool.held_bytes += len(data) - len(self._held)
        self._held = data
        if self.pool.is_full and data and self._is_answering:
            self.cycle.keep_alive = False  # which also tells the client to send the rest again
            self._is_ending = True
            self._hold(b"")

    def _stop_reading(self) -> None:
        if not self._is_ending:
            self.flow.is_held = True
            self.flow.pause_reading()

    def _refuse(self, status: int) -> None:
        """Answer a request that cannot be parsed, and close."""
        is_unanswered = self._in_head or not self.cycle.response_started
        if not self._in_head and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if is_unanswered:
            body = json.dumps({"detail": _REASONS[status]}).encode()
            head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
            self.transport.write(STATUS_LINE[status] + head + body)
        self._end()

    def _close_after_answer(self) -> None:
        if self._is_received or self.transport.is_closing():
            self.transport.close()
        else:
            self._end()

    def _end(self) -> None:
        """End the answers, but read on for a while: to close while a client sends would take the answer from it."""
        self._is_ending = True
        self._hold(b"")
        self.flow.is_held = False
        self.flow.resume_reading()
        if not self.transport.is_closing():
            self.transport.write_eof()
