"""Long work on the event loop leaves most of the time to others."""

import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from connecting import CHUNKED, GET, exchanged, listening

from houseprice.serving.formats.ndjson import STEP_BYTES, blocks
from houseprice.serving.pacing import MAX_DELAY_SECONDS, REST, Pacer

MUCH = 2_000_000
BODY = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"

LONG_HEAD = b"GET / HTTP/1.1\r\nHost: x\r\nX: %b\r\n\r\n" % (b"x" * 15_000)


class Noting(Pacer):
    """A pacer that notes the work and asks for no rest."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[float] = []

    def delay(self, seconds: float, connection: object = None) -> float:  # noqa: ARG002 - nothing rests
        """Note the work."""
        self.noted.append(seconds)
        return 0.0


def test_no_step_waits_for_those_of_clients_that_came_without_end() -> None:
    """They may have left, and so many cannot be there at once."""
    pacer = Pacer()
    assert max(pacer.delay(0.5) for _ in range(1000)) <= MAX_DELAY_SECONDS


@pytest.mark.parametrize("connections", [1, 10])
def test_the_steps_of_all_wait_for_each_other(connections: int) -> None:
    """However many have work, the last of them goes on when all have left the time that they owe."""
    pacer = Pacer()
    delays = [pacer.delay(0.05) for _ in range(connections)]
    assert delays == sorted(delays)
    assert delays[-1] == pytest.approx(REST * 0.05 * connections, rel=0.05)


def busy(seconds: float) -> None:
    """Compute for some time of the processor."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_a_connection_alone_needs_no_rest() -> None:
    """As long as hardly anything else computes, and no other connection has had a step."""
    pacer, step = Pacer(), 0.02
    delays = []
    for connection, work in ((1, step), (1, step), (1, 3 * step), (1, step), (2, step), (1, step)):
        busy(work)
        delays.append(pacer.delay(step, connection))
        time.sleep(delays[-1] + 0.001)
    assert [delay > 0.0 for delay in delays] == [True, False, True, False, True, True]


def test_two_connections_in_turns_rest() -> None:
    """Since each of them is other work."""
    pacer = Pacer()
    assert all(pacer.delay(1e-6, connection) > 0.0 for connection in (1, 2) * 5)


async def reading(_: Any, receive: Any, send: Any) -> None:
    """Answer when the body has come."""
    while (await receive())["more_body"]:
        pass
    await hasty(_, receive, send)


async def hasty(_: Any, __: Any, send: Any) -> None:
    """Answer at once."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


@pytest.mark.parametrize(
    ("app", "sent", "is_paced", "is_discarded"),
    [
        (reading, BODY % (300, b"x" * 300), False, False),
        (reading, BODY % (MUCH, b"x" * MUCH), True, False),
        (hasty, BODY % (MUCH, b"x" * MUCH), False, True),
        (reading, LONG_HEAD + BODY % (0, b""), True, False),
    ],
    ids=["short", "long body", "long body that was answered", "long head"],
)  # fmt: skip
def test_what_a_connection_sends_is_read_at_a_pace(app: Any, sent: bytes, is_paced: bool, is_discarded: bool) -> None:
    """Also bytes that are not parsed take time to read; a usual request is never made to wait."""

    async def ask() -> tuple[list[float], list[float]]:
        async with listening(app) as (port, config):
            paced, discarded = config.pool.pacer, config.pool.discards = Noting(), Noting()
            await exchanged(port, sent)
            return paced.noted, discarded.noted

    paced, discarded = anyio.run(ask)
    assert bool(paced) is is_paced or is_discarded
    assert (len(discarded) > 1) is is_discarded


def test_many_short_requests_are_never_made_to_wait() -> None:
    """However many bytes a connection has sent in all of them."""

    async def ask() -> list[float]:
        async with listening(reading) as (port, config):
            paced = config.pool.pacer = Noting()
            stream = await anyio.connect_tcp("127.0.0.1", port)
            async with stream:
                for _ in range(400):
                    await stream.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)
                    await stream.receive()
            return paced.noted

    assert not anyio.run(ask)


@pytest.mark.parametrize("sent", [LONG_HEAD + GET, CHUNKED + b"1\r\nx\r\n" * 600 + b"0\r\n\r\n"])
def test_the_first_long_step_of_a_connection_waits_for_those_of_others(sent: bytes) -> None:
    """Otherwise clients that connect again and again would never wait; short requests do not wait."""

    async def ask() -> list[str]:
        answered = []

        async def exchange(port: int, name: str, content: bytes) -> None:
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                await stream.send(content)
                await stream.receive()
                answered.append(name)

        async with listening(reading) as (port, config), anyio.create_task_group() as group:
            config.pool.pacer.delay(0.05)
            group.start_soon(exchange, port, "long", sent)
            await anyio.sleep(0.03)
            group.start_soon(exchange, port, "short", GET)
        return answered

    assert anyio.run(ask) == ["short", "long"]


def test_lines_without_end_are_split_at_a_pace() -> None:
    """Blank ones too, which are no houses; lines of houses need no rest."""

    async def split(part: bytes) -> list[float]:
        async def parts() -> AsyncIterator[bytes]:
            yield part * (4 * STEP_BYTES // len(part))

        pacer = Noting()
        async for _ in blocks(parts(), pacer):
            pass
        return pacer.noted

    assert len(anyio.run(split, b"\n")) >= 4
    assert len(anyio.run(split, b'{"living_area": 80}' + b" " * 400 + b"\n")) < 4
