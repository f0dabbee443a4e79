"""Whatever clients send, leave unread or break off: nothing grows with it, and others are answered."""

import asyncio
import http.client
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from connecting import (
    BODY,
    CHUNKED,
    GET,
    LAST,
    PREDICT,
    Noting,
    connected,
    exchanged,
    growth,
    listening,
    pushed,
    statuses,
)
from running import START_SECONDS, Server
from toy import FULL, FULL_PRICE

from houseprice.serving import connections

Start = Callable[..., Server]


def endless(begin: bytes, part: bytes) -> Iterator[bytes]:
    """Return a beginning, and then the same without end, in large pieces."""
    return itertools.chain([begin], itertools.repeat(part * (2**16 // len(part))))


@pytest.mark.long
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


@pytest.mark.long
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
    assert not re.search(r'Traceback|"status": 5|"level": "error"', log)


@pytest.mark.parametrize(("version", "first"), [(b"1.1", b"HTTP/1.1 100 "), (b"1.0", b"HTTP/1.1 200 ")])
def test_only_clients_of_http_1_1_get_100_continue(start: Start, version: bytes, first: bytes) -> None:
    """RFC 9110, 10.1.1: older ones, such as the upstream side of a proxy, would take it for the answer."""
    with connected(start()) as line:
        line.sendall(PREDICT.replace(b"HTTP/1.1", b"HTTP/%s\r\nExpect: 100-continue\r\nConnection: close" % version))
        answers = line.makefile("rb").read()
    assert answers.startswith(first)
    assert statuses(answers)[-1] == 200


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
