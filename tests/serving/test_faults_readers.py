"""Clients that ask and do not read what they are answered: they hold up nobody, and are cut off; slow ones are not."""

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from running import START_SECONDS, Server
from test_faults import counted, wait_for
from toy import FULL, LEAST

pytestmark = pytest.mark.long
Start = Callable[..., Server]
MANY = 16_000  # their answers are far more than the buffers of two sockets hold
LIMIT = 3.0
HEAD = "POST /batch-predict HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
LINES = b"".join(json.dumps(LEAST).encode() + b"\n" for _ in range(MANY))
ARRAY = b"[" + b",".join(LINES.splitlines()) + b"]"


@pytest.fixture
def server(start: Start) -> Server:
    """Return a server whose limits are soon reached."""
    return start(HOUSEPRICE_REQUEST_TIMEOUT_SECONDS=str(LIMIT), HOUSEPRICE_MAX_ROWS=str(MANY))


def asked(server: Server, kind: str, body: bytes) -> socket.socket:
    """Send a request, as much of it as is taken, and give the connection, of which nothing was read."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect((server.host, server.port))

    def send() -> None:
        with suppress(OSError):
            line.sendall((HEAD % (kind, len(body))).encode() + body)

    threading.Thread(target=send, daemon=True).start()
    return line


def is_open(server: Server, line: socket.socket) -> bool:
    """Tell whether the server still holds its end of a connection."""
    ports = f"{server.port:04X}", f"{line.getsockname()[1]:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = [(row[1].rpartition(":")[2], row[2].rpartition(":")[2]) for row in rows if row[3] == "01"]
    return ports in ends


def longest_wait(server: Server, until: Callable[[], bool]) -> float:
    """Ask for prices until something is so; return how long the slowest took."""
    waits = []
    ends = time.monotonic() + START_SECONDS
    while not until() and time.monotonic() < ends:
        begun = time.monotonic()
        assert server.ask("POST", "/predict", FULL)[0] == 200
        waits.append(time.monotonic() - begun)
    assert until()
    return max(waits, default=0.0)


def test_a_streamed_answer_that_nobody_reads_is_given_up(server: Server) -> None:
    """Others are answered meanwhile, the time limit ends it, and the connection and its place are given back."""
    with asked(server, "application/x-ndjson", LINES) as line:
        wait_for(lambda: counted(server, "houseprice_requests_in_progress") == 2)  # with the one that asks for this
        waited = longest_wait(server, lambda: "HOUSEPRICE_REQUEST_TIMEOUT_SECONDS" in server.log())
        assert waited < LIMIT
        longest_wait(server, lambda: not is_open(server, line))
        wait_for(lambda: counted(server, "houseprice_requests_in_progress") == 1)


def test_a_whole_answer_that_nobody_reads_is_given_up(start: Start) -> None:
    """The server has done its part and waits for no one: the bytes that are left are dropped with the connection."""
    seconds = str(3 * LIMIT)  # also a busy machine makes the answer in that time
    server = start(HOUSEPRICE_REQUEST_TIMEOUT_SECONDS=seconds, HOUSEPRICE_MAX_ROWS=str(MANY))
    with asked(server, "application/json", ARRAY) as line:
        wait_for(lambda: counted(server, "houseprice_houses_total") >= MANY)
        assert is_open(server, line)
        longest_wait(server, lambda: not is_open(server, line))


@pytest.mark.parametrize(("kind", "body"), [("application/x-ndjson", LINES), ("application/json", ARRAY)])
def test_a_client_that_reads_slowly_gets_everything(server: Server, kind: str, body: bytes) -> None:
    """It takes several times the limit, and never stops for as long as that."""
    pause = threading.Event()
    begun, found, last = time.monotonic(), 0, b""
    with asked(server, kind, body) as line:
        line.settimeout(START_SECONDS)
        while not last.endswith((b"0\r\n\r\n", b"]}")):
            part = line.recv(2**18)
            assert part, f"cut off after {found} answers"
            found += part.count(b'"predicted_price"') + (last[-16:] + part[:16]).count(b'"predicted_price"')
            last = part
            if found // 3000 > (found - part.count(b'"predicted_price"')) // 3000:
                pause.wait(LIMIT / 2)
    assert time.monotonic() - begun > 2 * LIMIT
    assert found >= MANY
