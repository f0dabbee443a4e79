"""Whatever bytes a client sends: requests are read one after the other, and nothing grows with what it sends."""

import asyncio
import http.client
import itertools
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from connecting import connected, exchanged, growth, listening, pushed, statuses
from hypothesis import given, settings
from hypothesis import strategies as st
from running import START_SECONDS, Server
from toy import FULL, FULL_PRICE

from houseprice.serving import connections
from houseprice.serving.http_refusals import MAX_HEAD_BYTES, MAX_HEADERS

Start = Callable[..., Server]
BODY = json.dumps(FULL).encode()
PREDICT = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
GET = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
CHUNKED = b"POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
REQUESTS = [
    (b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", ("/a", b"")),
    (b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n\r\n\r\n0\r\n\r", ("/b", b"\r\n\r\n0\r\n\r")),
    (CHUNKED + b"4\r\n\r\n\r\n\r\n1;x=y\r\n0\r\n0\r\n\r\n", ("/chunked", b"\r\n\r\n0")),
    (CHUNKED + b"2\r\nab\r\n0\r\nTrailer: 1\r\n\r\n", ("/chunked", b"ab")),
    (b"\r\n\r\nPOST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", ("/c", b"")),
    (b"POST /d HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"
     b"Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n", ("/d", b"GET / HTTP/1.1\r\n\r\n")),
    (b"POST /e HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n"
     b"1\r\nz\r\n0\r\n\r\n", ("/e", b"z")),
]  # fmt: skip


class Noting:
    """An application that notes what it was asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Read a request and answer it with nothing."""
        body, more = b"", True
        while more:
            message = await receive()
            assert message["type"] == "http.request"
            body += message["body"]
            more = message["more_body"]
        self.seen.append((scope["path"], body))
        await anyio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


@settings(max_examples=60)
@given(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=6), st.data())
def test_requests_are_the_same_however_they_are_cut(chosen: list[Any], data: st.DataObject) -> None:
    """Pipelined or not, with any kind of body, cut anywhere into packets: each is seen once, in order, and answered."""
    whole = b"".join(sent for sent, _ in chosen) + LAST
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=12)))
    parts = [whole[begin:end] for begin, end in itertools.pairwise([0, *cuts, len(whole)])]

    async def ask() -> None:
        app = Noting()
        async with listening(app) as (port, _):
            answers = await exchanged(port, *parts)
        assert app.seen == [*(expected for _, expected in chosen), ("/last", b"")]
        assert statuses(answers) == [200] * len(app.seen)

    anyio.run(ask)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"0" * 5000 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        (b"GET /?" + b"a" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a:\r\n" * MAX_HEADERS + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"\r" * 3, 400),
        (CHUNKED + b"0\r\n" + b"a: b\r\n" * MAX_HEAD_BYTES, 431),
        (CHUNKED + b"0\r\na: " + b"b" * MAX_HEAD_BYTES, 431),
        (CHUNKED + b"1;" + b"b" * MAX_HEAD_BYTES, 431),
        (CHUNKED + b"1\r\na\r\n" + b"0" * 20 + b"1;" + b"b" * 2 * MAX_HEAD_BYTES, 431),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_the_connection_closed(sent: bytes, status: int) -> None:
    """One answer, and what follows is never read as a request."""

    async def ask() -> None:
        app = Noting()

        async def patient(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            except AssertionError:  # the client has gone, as far as the application can tell
                await send({"type": "http.response.start", "status": 400, "headers": []})

        async with listening(patient) as (port, _):
            answer = await exchanged(port, sent)
            assert statuses(answer) == [status]
            assert re.search(rb"\r\nx-request-id: [0-9a-f]{16}\r\n", answer)
        assert app.seen == []

    anyio.run(ask)


def test_a_head_of_nearly_the_limit_is_read() -> None:
    """Also byte by byte at its end."""
    head = b"GET /a HTTP/1.1\r\nHost: x\r\nA: "
    head += b"a" * (MAX_HEAD_BYTES - len(head) - 4)

    async def ask() -> None:
        app = Noting()
        async with listening(app) as (port, _):
            answers = await exchanged(port, head, b"\r", b"\n", b"\r", b"\n" + LAST)
        assert statuses(answers) == [200, 200]

    anyio.run(ask)


def test_an_answer_that_comes_before_the_end_of_a_body_arrives() -> None:
    """The rest of the body is read and dropped before the connection is closed, which would reset it otherwise."""

    async def refuse(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"much"})

    head = b"POST / HTTP/1.%d\r\nHost: x\r\nContent-Length: 4000000\r\nConnection: %s\r\n\r\n"

    async def ask() -> None:
        async with listening(refuse) as (port, _):
            for version, connection in ((1, b"close"), (0, b"close")):
                answer = await exchanged(port, head % (version, connection), *[b"x" * 100_000] * 40)
                assert (statuses(answer), answer[-4:]) == ([413], b"much")
            kept = await exchanged(port, head % (1, b"keep-alive"), *[b"x" * 100_000] * 40, LAST)
            assert statuses(kept) == [413, 413]

    anyio.run(ask)


def test_a_client_that_never_ends_a_body_that_was_answered_is_cut_off() -> None:
    """It has as long as a head has."""

    async def refuse(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def ask() -> None:
        async with listening(refuse, body_timeout_seconds=0.2) as (port, _):
            answer = await exchanged(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
            assert statuses(answer) == [413]

    anyio.run(ask)


def test_beyond_the_limit_the_connection_that_waited_longest_ends() -> None:
    """New clients are served; requests in progress are not touched."""

    async def ask() -> None:
        app, go, first = Noting(), anyio.Event(), anyio.Event()

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] == "/slow":
                first.set()
                await go.wait()
            await app(scope, receive, send)

        async with listening(slow, max_connections=5) as (port, config), anyio.create_task_group() as tasks:
            found: list[bytes] = []

            async def busy() -> None:
                found.append(await exchanged(port, LAST.replace(b"/last", b"/slow")))

            tasks.start_soon(busy)
            await first.wait()
            idle = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(20)]
            for _ in range(20):
                assert statuses(await exchanged(port, LAST)) == [200]
            assert len(config.pool.connections) <= 5
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await idle[0].receive()
            go.set()
        for stream in idle:
            await stream.aclose()
        assert found

    anyio.run(ask)


def endless(begin: bytes, part: bytes) -> Iterator[bytes]:
    """Return a beginning, and then the same without end, in large pieces."""
    return itertools.chain([begin], itertools.repeat(part * (2**16 // len(part))))


@pytest.mark.parametrize(
    ("begin", "part"),
    [
        (b"", GET),
        (b"", PREDICT),
        (CHUNKED + b"0\r\n", b"a: b\r\n"),
        (CHUNKED + b"0\r\na: ", b"b"),
        (CHUNKED + b"1;", b"b"),
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n"),
        (b"GET /", b"b"),
        (b"", b"\r\n"),
        (CHUNKED.replace(b"/chunked", b"/predict"), b"1\r\n\r\r\n"),
        (b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b" "),
        (b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b" "),
    ],
)
def test_memory_does_not_grow_with_what_one_connection_sends(start: Start, begin: bytes, part: bytes) -> None:
    """Twenty megabytes on one connection, none of the answers read; others are answered meanwhile."""
    server = start(HOUSEPRICE_ACCESS_LOG="off")
    assert server.ask("POST", "/predict", FULL)[0] == 200
    with connected(server) as line:
        grown = growth(server, lambda: pushed(line, endless(begin, part), 20 * 2**20))
        assert server.ask("POST", "/predict", FULL)[1]["predicted_price"] == FULL_PRICE
    assert grown < 12


@pytest.mark.parametrize("count", [1, 2, 50])
def test_a_client_that_leaves_among_its_requests_is_no_failure(start: Start, count: int) -> None:
    """Pipelined posts, then gone at once, in several ways: no 500, no traceback, nothing else in the log."""
    server = start()
    for _ in range(20):
        for how in ("reset", "close", "half"):
            with connected(server) as line:
                line.sendall(PREDICT * count if how != "half" else PREDICT * count + PREDICT[:-10])
                if how == "reset":
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert server.ask("POST", "/predict", FULL)[0] == 200
    log = server.stop(15)[1]  # type: ignore[arg-type]
    assert not re.search(r'Traceback|"status": 5|"level": "ERROR"', log)


def test_upgrade_changes_nothing(start: Start) -> None:
    """A price for a good house, as without the header, and the connection can be used again."""
    server = start()
    upgrading = PREDICT.replace(b"Host: x", b"Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c")
    with connected(server) as line:
        line.sendall(upgrading + GET + upgrading + LAST)
        answers = line.makefile("rb").read()
    assert statuses(answers) == [200, 200, 200, 404]
    assert answers.count(b'"predicted_price":%.1f' % FULL_PRICE) == 2


def test_bodies_that_do_not_end_hold_little_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ones that have waited for longest end; idle connections and complete requests stay."""
    monkeypatch.setattr(connections, "MAX_PARTIAL_BYTES", 50_000)

    async def ask() -> None:
        async with listening(Noting()) as (port, config):
            idle = await anyio.connect_tcp("127.0.0.1", port)
            slow = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(10)]
            for stream in slow:
                await stream.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + b"x" * 10_000)
                await exchanged(port, LAST)
            assert config.pool.partial_bytes == 50_000
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await slow[0].receive()
            for stream in slow[5:]:
                await stream.send(b"x" * 10_000)
                assert statuses(await stream.receive()) == [200]
            assert config.pool.partial_bytes == 0
            await idle.send(LAST)
            assert statuses(await idle.receive()) == [200]
            for stream in (*slow, idle):
                await stream.aclose()

    anyio.run(ask)


def test_answers_that_nobody_reads_hold_little_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients that have not read for longest are disconnected; others are answered."""
    monkeypatch.setattr(connections, "MAX_UNREAD_BYTES", 30_000_000)

    async def much(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"16000000")]})
        await send({"type": "http.response.body", "body": b"x" * 16_000_000})

    async def ask() -> None:
        async with listening(much) as (port, config):
            streams = [await asyncio.open_connection("127.0.0.1", port, limit=1000) for _ in range(5)]
            for _, writer in streams:
                writer.write(GET)
                while not config.pool.unread or writer.get_extra_info("sockname") not in {
                    connection.client for connection in config.pool.unread
                }:
                    await asyncio.sleep(0)
            unread = sum(connection.transport.get_write_buffer_size() for connection in config.pool.unread)
            assert unread < 30_000_000
            assert len(config.pool.unread) < 5
            for _, writer in streams:
                writer.close()

    anyio.run(ask)


@pytest.mark.long
def test_bodies_of_tiny_chunks_leave_time_to_others(start: Start) -> None:
    """Two connections that send nothing else take less than three quarters of the time from another client."""
    server = start(HOUSEPRICE_ACCESS_LOG="off")
    chunks = endless(CHUNKED.replace(b"/chunked", b"/batch-predict"), b"1\r\n \r\n")
    begun, rest = next(chunks), next(chunks)

    def priced(seconds: float = 1.0) -> int:
        ends, count = time.monotonic() + seconds, 0
        connection = http.client.HTTPConnection(server.host, server.port, timeout=START_SECONDS)
        while time.monotonic() < ends:
            connection.request("POST", "/predict", BODY)
            assert b"predicted_price" in connection.getresponse().read()
            count += 1
        connection.close()
        return count

    def attack(is_over: threading.Event) -> None:
        while not is_over.is_set():
            with connected(server) as line:
                pushed(line, itertools.chain([begun], itertools.repeat(rest)), 2**30, 0.5)

    alone = priced()
    is_over = threading.Event()
    attackers = [threading.Thread(target=attack, args=(is_over,), daemon=True) for _ in range(2)]
    for attacker in attackers:
        attacker.start()
    beside = max(priced(), priced())
    is_over.set()
    server.kill()
    for attacker in attackers:
        attacker.join()
    assert beside > alone / 4
