"""Attacks: connections to 127.0.0.1 that send what a script gives them, as a hostile client does.

A script is a generator of pieces of bytes. It yields `ANSWER` to wait until something of an answer has come and `RESET`
to reset its connection, and it is started again on a new connection when its connection has ended.
"""

import errno
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from load import HOST, post

ANSWER, RESET = b"", b"RST"
Script = Callable[[], Iterator[bytes]]
_PIECE = 1 << 17
_CONNECTS_PER_ROUND = 64
_CONNECTING = (errno.EINPROGRESS, errno.EAGAIN)


STORM_MB, WORK_MB = 64, 192
"""Growth of memory that is allowed to a storm of connections or heads, and to bodies within the limits."""


@dataclass(frozen=True)
class Target:
    """What the attacked server knows: legal houses, the name of its model as in its paths, and its limit of a batch."""

    houses: Sequence[dict[str, Any]]
    model: str
    batch_bytes: int

    @property
    def house(self) -> bytes:
        """A legal request for a price."""
        return post("/predict", self.houses[0])

    @property
    def rows(self) -> list[dict[str, Any]]:
        """As many houses as a batch may hold."""
        return [self.houses[number % len(self.houses)] for number in range(10_000)]


Make = Callable[[Target], list[Script]]


@dataclass(frozen=True)
class Attack:
    """Something to send.

    Attributes:
        name: as it stands in the table.
        make: returns one script for each connection.
        most: growth of memory that is allowed, in MB.
        reads: whether answers are read.
    """

    name: str
    make: Make
    most: float
    reads: bool


ATTACKS: list[Attack] = []


def attack(name: str, most: float = STORM_MB, *, reads: bool = True) -> Callable[[Make], Make]:
    """Add an attack to `ATTACKS`, in the order of the table."""

    def add(make: Make) -> Make:
        ATTACKS.append(Attack(name, make, most, reads))
        return make

    return add


class _Connection:
    """One connection and where its script is."""

    def __init__(self, port: int, script: Script, *, reads: bool) -> None:
        self.script, self.reads = script, reads
        self._pieces = script()
        self._rest = memoryview(b"")
        self._waits = self._ended = False
        self.handle = socket.socket()
        self.handle.setblocking(False)
        error = self.handle.connect_ex((HOST, port))
        if error and error not in _CONNECTING:
            self.handle.close()
            raise OSError(error, "cannot connect")

    @property
    def events(self) -> int:
        """What the connection waits for."""
        wants = select.EPOLLIN if self.reads or self._waits else select.EPOLLRDHUP
        return wants if self._waits or self._ended else wants | select.EPOLLOUT

    def send(self) -> None:
        """Send one more piece of the script."""
        if not self._rest:
            piece = next(self._pieces, None)
            if piece is RESET:
                self.handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise ConnectionResetError
            self._ended, self._waits = piece is None, piece == ANSWER
            if not piece:
                return
            self._rest = memoryview(piece)
        self._rest = self._rest[self.handle.send(self._rest[:_PIECE]) :]

    def receive(self) -> bool:
        """Read what has come; return whether the connection is still open."""
        if not self.handle.recv(_PIECE):
            return False
        self._waits = False
        return True


def play(port: int, scripts: list[Script], seconds: float, *, reads: bool = True) -> None:
    """Play scripts, each on a connection of its own, for so many seconds.

    Args:
        port: of the server.
        scripts: one for each connection.
        seconds: until all connections are closed.
        reads: whether answers are read, also by scripts that do not wait for them.
    """
    ends = time.monotonic() + seconds
    poll = select.epoll()
    connections: dict[int, _Connection] = {}
    waiting = list(scripts)
    watched: dict[int, int] = {}

    def drop(number: int) -> None:
        connection = connections.pop(number)
        watched.pop(number, None)
        with suppress(OSError):
            poll.unregister(number)
        connection.handle.close()
        waiting.append(connection.script)

    while (left := ends - time.monotonic()) > 0:
        for _ in range(min(len(waiting), _CONNECTS_PER_ROUND)):
            script = waiting.pop(0)
            try:
                connection = _Connection(port, script, reads=reads)
            except OSError:
                waiting.append(script)
                break
            number = connection.handle.fileno()
            connections[number] = connection
            watched[number] = connection.events
            poll.register(number, connection.events)
        for number, event in poll.poll(min(left, 0.05)):
            connection = connections[number]
            try:
                is_open = not event & select.EPOLLIN or connection.receive()
                if is_open and event & select.EPOLLOUT:
                    connection.send()
            except OSError:
                is_open = False
            if not is_open or event & (select.EPOLLHUP | select.EPOLLERR | select.EPOLLRDHUP):
                drop(number)
            elif connection.events != watched[number]:
                watched[number] = connection.events
                poll.modify(number, connection.events)
    for connection in connections.values():
        connection.handle.close()
    poll.close()


def again(*requests: bytes) -> Script:
    """Return a script that sends requests in turn, each after something of the answer before has come."""

    def script() -> Iterator[bytes]:
        while True:
            for request in requests:
                yield request
                yield ANSWER

    return script


def endless(head: bytes, piece: bytes) -> Script:
    """Return a script that sends a beginning, and then a piece without end."""

    def script() -> Iterator[bytes]:
        if head:
            yield head
        while True:
            yield piece

    return script


def held(*pieces: bytes) -> Script:
    """Return a script that sends some pieces and then holds its connection open."""
    return lambda: iter(pieces)


def left(*pieces: bytes) -> Script:
    """Return a script that sends some pieces, resets its connection, and comes again."""
    return lambda: iter((*pieces, RESET))


def head(line: str, *headers: str) -> bytes:
    """Return the head of a request."""
    return "\r\n".join([f"{line} HTTP/1.1", f"Host: {HOST}", *headers, "", ""]).encode()
