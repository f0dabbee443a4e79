"""uvicorn's HTTP protocol, one request at a time, with a limit for everything that is not a body.

uvicorn parses all that a client sends at once. It queues pipelined requests without a bound, collects trailers without
end, and drops the body of a request with an `Upgrade` header, which it then reads as the next request. Here the parser
gets no byte behind a request before that was answered, and the reading of the connection stops meanwhile.
"""

import time
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from houseprice.serving.connections import Connections
from houseprice.serving.flow_control import END_SECONDS, AnswerTransport, HoldableFlow, send_end
from houseprice.serving.http_refusals import MAX_HEAD_BYTES, MAX_HEADERS, MAX_URL_BYTES, refuse
from houseprice.serving.pacing import BYTE_SECONDS, DISCARD_SECONDS, HEAD_BYTE_SECONDS, LONG_HEAD_BYTES, Pacer

_CHUNKED_PIECE, _LONG_CHUNKED = 4 * 2**10, 2 * 2**10
STEP_SECONDS = 0.001
"""How long pieces are parsed before others have their turn."""
_END, _CHUNKED = b"\r\n\r\n", -1
_FRAMING = frozenset((b"content-length", b"transfer-encoding", b"expect"))


class SequentialProtocol(HttpToolsProtocol):
    """Parses a request when the one before it was answered."""

    _in_head = _is_received = True  # or before a head
    is_answering = False  # a request that was received
    _left = 0  # of the body, or `_CHUNKED`
    _received = 0  # of the body
    _owed = 0.0  # seconds of work that were not followed by a pause yet
    _overhead = 0  # bytes since the last byte of a body, or since the head began
    _has_progress = _is_upgrade = _is_next = False
    _scheduled: Any = None  # what parses on later
    _is_ending = False  # nothing more is answered
    _held = b""
    _status = 400

    def __init__(self, config: Any, *args: Any, **options: Any) -> None:
        super().__init__(config, *args, **options)
        self.pool: Connections = config.pool

    def connection_made(self, transport: Any) -> None:
        """Begin with a connection."""
        super().connection_made(transport)
        self.flow: HoldableFlow = HoldableFlow(transport)
        self._answer_transport: Any = AnswerTransport(transport, self._close_after_answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was held, and what refers to this object, so that no garbage collection is needed to free it."""
        self._hold(b"")
        super().connection_lost(exc)
        self.cycle = self._answer_transport = None  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Parse data up to the end of a request; the rest waits until that was answered."""
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        self._owed += len(data) * BYTE_SECONDS
        if self._is_ending:
            self._rest(self.pool.discards, DISCARD_SECONDS)
        elif self._scheduled or self.is_answering:
            self._hold(self._held + data)
            self._stop_reading()
        else:
            self._parse(self._held + data if self._held else data)

    def _parse(self, data: bytes) -> None:
        begin, size, begun = 0, len(data), 0.0
        while begin < size and not self.is_answering:
            if self._left == _CHUNKED and not self._in_head:  # of which the chunks may be many
                now = time.perf_counter()
                begun = begun or now
                if now - begun > STEP_SECONDS:
                    break
            if self._left > 0 and not self._in_head:  # the rest of a body
                end = min(size, begin + self._left)
                self._left -= end - begin
            else:
                end = self._end_of_piece(data, begin)
                if end == begin or self._waits_for_others(end - begin):  # a line feed decides
                    break
            self._feed(data[begin:end])
            if self._is_ending:
                return
            begin = end
        if begin < size or self._held:
            self._hold(data[begin:])
        if self.is_answering:
            if self._held:
                self._stop_reading()
            elif self.flow.is_held:
                self._read_on()
        else:
            self._wait()
            self._pace(time.perf_counter() - begun if begun else 0.0)

    def _waits_for_others(self, size: int) -> bool:
        """Return whether a long piece waits for the rests of others: new connections would not wait otherwise."""
        longest = LONG_HEAD_BYTES if self._in_head else _LONG_CHUNKED
        if self._is_next or self._overhead + size <= longest or not self.pool.pacer.is_busy:
            return False
        self._owed = max(self._owed, STEP_SECONDS / 2)
        return True

    def _pace(self, seconds: float) -> None:
        """Go on after some seconds of work, with what is held and with reading, when others have had their turn."""
        self._owed += seconds
        if not self._in_head and self.cycle.response_complete:
            self._rest(self.pool.discards, DISCARD_SECONDS)
        elif self._owed > STEP_SECONDS / 4:
            self._rest(self.pool.pacer)
        elif self.flow.is_held:
            self._read_on()

    def _rest(self, pacer: Pacer, least: float = 0.0) -> None:
        seconds, self._owed = max(self._owed, least), 0.0
        self._read_later(pacer.delay(seconds, None if least else id(self)))

    def _read_later(self, seconds: float) -> None:
        self.flow.is_held = True
        self.flow.pause_reading()
        self._scheduled = self.loop.call_later(seconds, self._parse_held)

    def _read_on(self) -> None:
        self.flow.is_held = False
        cycle = self.cycle
        if cycle is None or cycle.response_complete or len(cycle.body) <= HIGH_WATER_LIMIT:
            self.flow.resume_reading()

    def _parse_held(self) -> None:
        self._scheduled = None
        if self.transport.is_closing():
            return
        if self._held and not self._is_ending:
            self._is_next = True
            self._parse(self._held)
            self._is_next = False
        else:
            self._read_on()

    def _wait(self) -> None:
        """Wait for the rest of a request."""

    def _end_of_piece(self, data: bytes, begin: int) -> int:
        """Return where the next piece ends that can hold the end of one request at most.

        A head ends with an empty line, as trailers do.
        """
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
        if self._in_head and self._overhead + len(piece) > LONG_HEAD_BYTES:
            self._owed += len(piece) * HEAD_BYTE_SECONDS
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            self._feed_without_upgrade()
        except httptools.HttpParserError:
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
                is_continue = value.lower() == b"100-continue"
                self.expect_100_continue = is_continue and self.parser.get_http_version() != "1.0"
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
        if self.is_answering:
            raise RuntimeError("a piece held two requests")
        if len(self.url) > MAX_URL_BYTES:
            self._status = 414
            raise ValueError("too long an address")
        super().on_headers_complete()
        self._in_head = self._is_received = False
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
        self._left = self._received = 0
        cycle = self.cycle
        if not cycle.response_complete:
            self.is_answering = True
            cycle.more_body = False
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Continue with the next request, if it is there."""
        super().on_response_complete()
        self.is_answering = False
        self.cycle.body.clear()  # of which not all may have been read
        if self._is_ending:
            self._unset_keepalive_if_required()
        elif self._is_received and not self._scheduled:
            if self._owed > STEP_SECONDS / 4:
                self._rest(self.pool.pacer)
            elif self._held:
                self._unset_keepalive_if_required()
                self._scheduled = self.loop.call_soon(self._parse_held)
            self._owed = 0.0  # many short requests are no long one

    def _hold(self, data: bytes) -> None:
        """Hold bytes until the request before them was answered; not beyond what all connections may hold."""
        self.pool.held_bytes += len(data) - len(self._held)
        self._held = data
        if self.pool.is_full and data and self.is_answering:
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
            refuse(self.transport, status)
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
        self._read_later(END_SECONDS)
        self.loop.call_later(END_SECONDS, send_end, self.transport)
