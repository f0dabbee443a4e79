"""Other clients of a server that is attacked: how many of their houses are priced, and how long a probe waits."""

import os
import select
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from load import HOST

_LIVEZ = f"GET /livez HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
_PROBE_SECONDS = 0.01
_PIECE = 1 << 16


@dataclass(frozen=True)
class Observation:
    """What came of the requests of other clients.

    Attributes:
        rate: houses priced a second.
        refused: requests that were answered with something else than 200.
        broken: connections that were closed or refused.
        longest: seconds of the longest wait for an answer to `/livez`.
    """

    rate: float
    refused: int
    broken: int
    longest: float


class _Client:
    """One keep-alive connection with at most one request in progress; it connects again when it is closed."""

    def __init__(self, port: int, poll: select.epoll, requests: Sequence[bytes], pause: float = 0.0) -> None:
        self._port, self._poll, self._requests, self._pause = port, poll, requests, pause
        self._turn = 0
        self._handle: socket.socket | None = None
        self.begun = self.next = 0.0
        self._held = b""

    @property
    def number(self) -> int:
        return -1 if self._handle is None else self._handle.fileno()

    def ask(self, now: float) -> bool:
        """Send the next request; return whether it was sent."""
        self.begun, self.next, self._held = now, float("inf"), b""
        try:
            if self._handle is None:
                self._handle = socket.create_connection((HOST, self._port), timeout=1)
                self._handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._poll.register(self._handle, select.EPOLLIN)
            self._handle.sendall(self._requests[self._turn % len(self._requests)])
        except OSError:
            self.close(now)
            return False
        self._turn += 1
        return True

    def answer(self, now: float) -> int | None:
        """Read; return the status of a whole answer, 0 for a closed connection, None when more is to come."""
        piece = b""
        if self._handle is not None:
            with suppress(OSError):
                piece = self._handle.recv(_PIECE)
        if not piece:
            self.close(now)
            return 0
        self._held += piece
        head, separator, body = self._held.partition(b"\r\n\r\n")
        length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        if not separator or len(body) < int(length or 0):
            return None
        self.next = now + self._pause
        return int(head[9:12])

    def close(self, now: float) -> None:
        """Close the connection; the next request opens another one."""
        if self._handle is not None:
            with suppress(OSError):
                self._poll.unregister(self._handle)
            self._handle.close()
        self._handle, self.next = None, now + _PROBE_SECONDS


def observe(port: int, houses: Sequence[bytes], seconds: float, clients: int = 8) -> Observation:
    """Ask for prices from some connections, and probe `/livez` on one of its own, for so many seconds."""
    poll = select.epoll()
    probe = _Client(port, poll, [_LIVEZ], _PROBE_SECONDS)
    asking = [_Client(port, poll, houses[number:] + houses[:number]) for number in range(clients)]
    answered = refused = broken = 0
    longest = 0.0
    now = begun = time.perf_counter()
    while now < begun + seconds:
        for client in (probe, *asking):
            if client.next <= now and not client.ask(now):
                broken += 1
        soonest = min(client.next for client in (probe, *asking))
        events = poll.poll(max(0.0, min(soonest - now, 0.05, begun + seconds - now)))
        now = time.perf_counter()
        by_number = {client.number: client for client in (probe, *asking)}
        for number, _ in events:
            client = by_number[number]
            since = now - client.begun
            status = client.answer(now)
            if status is None:
                continue
            if client is probe:
                longest = max(longest, since)
            answered += client is not probe and status == 200
            refused += status not in (0, 200)
            broken += status == 0
        now = time.perf_counter()
    if probe.next == float("inf"):  # it waits still
        longest = max(longest, now - probe.begun)
    for client in (probe, *asking):
        client.close(now)
    poll.close()
    return Observation(answered / (now - begun), refused, broken, longest)


def hurry() -> None:
    """Let this process run before the attackers on its core, as far as the machine allows it."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
