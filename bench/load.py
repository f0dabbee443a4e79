"""Load generator: many keep-alive connections to 127.0.0.1 in one thread, with the rate and latencies of the answers.

Each client sends its next request as soon as its answer is there. Nothing is parsed but the status and the length of
the answer, so that one core is enough to keep a server on another one busy.
"""

import json
import select
import socket
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

HOST = "127.0.0.1"
_PIECE = 1 << 18
_WAIT_SECONDS = 60.0
_LAST_CHUNK = b"\r\n0\r\n\r\n"


class UnansweredError(RuntimeError):
    """A server that answered with something else than 200, or not at all."""


@dataclass(frozen=True)
class Load:
    """What came of a load.

    Attributes:
        answered: how many requests were answered with 200, those of the warm-up left out.
        seconds: how long that took.
        times: seconds from the request to the whole answer.
        effort: share of its core that the load itself took; near 1 it measures itself.
    """

    answered: int
    seconds: float
    times: array = field(repr=False)
    effort: float

    @property
    def rate(self) -> float:
        """Predictions a second."""
        return self.answered / self.seconds

    def percentile(self, share: float) -> float:
        """Return the time within which a share (0–100) of the requests was answered, in seconds."""
        return float(np.percentile(np.frombuffer(self.times), share))


def request(path: str, content: bytes, content_type: str) -> bytes:
    """Return the bytes of a POST request."""
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def post(path: str, body: Any) -> bytes:
    """Return the bytes of a POST request with a JSON body."""
    return request(path, json.dumps(body, separators=(",", ":")).encode(), "application/json")


def get(path: str) -> bytes:
    """Return the bytes of a GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


class _Line:
    """One connection with at most one request under way; of an answer, only its head and its end are kept."""

    __slots__ = ("begun", "got", "handle", "held", "wanted")

    def __init__(self, port: int) -> None:
        self.handle = socket.create_connection((HOST, port), timeout=_WAIT_SECONDS)
        self.handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = b""
        self.got = self.wanted = 0
        self.begun = 0.0

    def ask(self, request: bytes) -> None:
        self.held, self.got, self.wanted = b"", 0, 0
        self.begun = time.perf_counter()
        self.handle.sendall(request)

    def answered(self) -> bool:
        """Read what has come, and progress whether the answer is whole."""
        piece = self.handle.recv(_PIECE)
        if not piece:
            raise UnansweredError(f"The line was closed in the middle of an answer: {self.held[:200]!r}")
        self.got += len(piece)
        if self.wanted > 0:
            return self.got >= self.wanted
        self.held = held = self.held + piece
        if not self.wanted:
            end = held.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.wanted = _whole(held, end)
            if self.wanted > 0:
                return self.got >= self.wanted
        self.held = held[-len(_LAST_CHUNK) :]
        return self.held == _LAST_CHUNK


def _whole(held: bytes, end: int) -> int:
    """Return how long the answer will be; -1 where it comes in chunks."""
    if held[9:12] != b"200":
        raise UnansweredError(f"expected 200, found {held[:400]!r}")
    head = held[:end].lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        return -1
    stop = head.find(b"\r\n", at + 2)
    return end + 4 + int(head[at + 17 : stop if stop > 0 else end])


def drive(
    port: int,
    requests: Sequence[bytes],
    *,
    clients: int = 32,
    seconds: float = 5.0,
    most: int = 2**62,
    warm_up: float = 0.0,
) -> Load:
    """Ask again and again, request after request in turn, until the time or the number is reached.

    Args:
        port: of the server on this machine.
        requests: what is sent, over and over.
        clients: lines, each with one request under way.
        seconds: how long new requests are sent, after the warm-up.
        most: how many requests are counted at most.
        warm_up: seconds at the beginning that do not count.

    Raises:
        UnansweredError: an answer was none, or no 200.
    """
    now = time.perf_counter
    begun, worked = now(), time.process_time()
    lines = {line.handle.fileno(): line for line in (_Line(port) for _ in range(clients))}
    poll = select.epoll()
    times = array("d")
    turn, count, under_way = 0, len(requests), 0
    begin = now() + warm_up
    end = begin + seconds
    try:
        for number, line in lines.items():
            poll.register(number, select.EPOLLIN)
            line.ask(requests[turn % count])
            turn += 1
        under_way, last = clients, begin
        while under_way:
            events = poll.poll(_WAIT_SECONDS)
            if not events:
                raise UnansweredError(f"No answer within {_WAIT_SECONDS:g} s")
            for number, _ in events:
                line = lines[number]
                if not line.answered():
                    continue
                here = now()
                if here >= begin:
                    times.append(here - line.begun)
                    last = here
                if here < end and len(times) + under_way <= most:
                    line.ask(requests[turn % count])
                    turn += 1
                else:
                    under_way -= 1
    except OSError as err:
        raise UnansweredError(f"The line broke: {err}") from err
    finally:
        poll.close()
        for line in lines.values():
            line.handle.close()
    if not times:
        raise UnansweredError(f"No answer within {seconds:g} s after the warm-up of {warm_up:g} s")
    effort = (time.process_time() - worked) / (now() - begun)
    return Load(len(times), last - begin, times, effort)
