"""Whatever bytes a client sends: requests are read one after the other, and what is no request is refused."""

import asyncio
import gc
import itertools
import re
import socket
import struct
import tracemalloc
from typing import Any

import anyio
import pytest
from connecting import CHUNKED, GET, LAST, Noting, exchanged, listening, statuses
from hypothesis import given, settings
from hypothesis import strategies as st

from houseprice.serving.connections import REPLACEMENT_SECONDS
from houseprice.serving.http_refusals import MAX_HEAD_BYTES, MAX_HEADERS
from houseprice.serving.pacing import Pacer
from houseprice.serving.slow_client_protocol import SlowClientProtocol

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


def test_beyond_the_limit_connections_take_places_in_turn_with_others() -> None:
    """Clients that come again at once, when their connection ended for another's, do not keep the server busy."""
    paced: list[float] = []

    class NotedPacer(Pacer):
        def delay(self, seconds: float, connection: object = None) -> float:
            paced.append(seconds)
            return super().delay(seconds, connection)

    async def ask() -> None:
        async with listening(Noting(), max_connections=2) as (port, config):
            config.pool.replacements = NotedPacer()
            idle = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(2)]
            assert statuses(await exchanged(port, LAST)) == [200]
            assert statuses(await exchanged(port, LAST)) == [200]
            assert paced[:1] == [REPLACEMENT_SECONDS]
            for stream in idle:
                await stream.aclose()

    anyio.run(ask)
    assert set(paced) == {REPLACEMENT_SECONDS}


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


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n" * 3,
        b"GET /a HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 5000,
        b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 800\r\n\r\nab",
        b"GET / HTTP/1.1\nHost: x\n\n",
    ],
)
def test_a_connection_leaves_no_garbage(sent: bytes) -> None:
    """Whatever its client sent; of garbage, thousands of connections would hold memory until it is collected."""

    async def receive_all(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def connect(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()

    async def found() -> int:
        async with listening(receive_all) as (port, _):
            await connect(port)
            await asyncio.sleep(0.3)
            gc.collect()
            gc.disable()
            try:
                for _ in range(10):
                    await connect(port)
                await asyncio.sleep(0.3)
                return gc.collect()
            finally:
                gc.enable()

    assert anyio.run(found, backend_options={"use_uvloop": True}) < 10


@pytest.mark.parametrize(
    ("sent", "is_read"), [(GET, True), (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 15_000, False)]
)
def test_connections_that_were_ended_are_forgotten_at_once(sent: bytes, is_read: bool) -> None:
    """Also those that were reset by their clients, or ended for others while they waited: not when a timer ends."""

    async def count() -> int:
        async with listening(Noting(), max_connections=3) as (port, _):
            for _ in range(30):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(sent)
                await (reader.read(100) if is_read else asyncio.sleep(0.01))
                linger = struct.pack("ii", 1, 0)  # so that a reset is sent
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.close()
            await asyncio.sleep(0.1)
            return sum(isinstance(one, SlowClientProtocol) for one in gc.get_objects())

    assert anyio.run(count) <= 3


def test_a_body_that_was_not_read_is_forgotten_with_the_answer() -> None:
    """Its connection may stay open for long."""

    async def hasty(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def held() -> int:
        async with listening(hasty) as (port, _):
            tracemalloc.start()
            writers = []
            for _ in range(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000)
                await reader.read(100)
                writers.append(writer)
            await asyncio.sleep(0.2)
            held = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            for writer in writers:
                writer.close()
            return held

    assert anyio.run(held) < 20 * 40_000
