"""The wall clock of a running server is set forward and back: nothing but what tells the time of day follows it."""

import http.client
import json
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from running import START_SECONDS, Server
from test_faults import counted, wait_for
from toy import FULL

COMPILER = shutil.which("cc")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(COMPILER is None, reason="no C compiler found to make the clock; `make tools` brings one"),
]
Start = Callable[..., Server]
DAY = 86400
JUMPS = (365 * DAY, -3650 * DAY, 60, -60, 0)
BODY = json.dumps(FULL).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(BODY)
LIMIT = 2.0


class Clock:
    """A wall clock that a test sets; processes have it by a library that is loaded before theirs."""

    def __init__(self, home: Path) -> None:
        self._file, self._library = home / "seconds", home / "clock.so"
        self.set(0)
        source = Path(__file__).with_name("clock.c")
        subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", self._library, source], check=True)

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of a process that has it."""
        return {"LD_PRELOAD": str(self._library), "CLOCK_FILE": str(self._file)}

    def set(self, seconds: int) -> None:
        """Set it so many seconds ahead of the real one, at once and for all."""
        mode = "r+b" if self._file.exists() else "xb"
        with self._file.open(mode) as file:  # in place: it is in the memory of others
            file.write(struct.pack("<q", seconds))


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """Return a clock."""
    return Clock(tmp_path)


def test_the_clock_jumps_for_the_server(start: Start, clock: Clock) -> None:
    """Or the other tests would show nothing: its log and the age of its model follow the clock."""
    server = start(**clock.environment)
    before = counted(server, "houseprice_bundle_age_seconds")
    clock.set(365 * DAY)
    assert counted(server, "houseprice_bundle_age_seconds") - before == pytest.approx(365 * DAY, abs=60)
    server.wait_for(f'"time": "{(datetime.now(UTC) + timedelta(days=365)).year}-')


def test_connections_are_kept_and_counts_stay_true(start: Start, clock: Clock) -> None:
    """One connection outlives all jumps, no request took a year or less than nothing, and the end is an orderly one."""
    server = start(**clock.environment)
    connection = http.client.HTTPConnection(server.host, server.port, timeout=START_SECONDS)
    connection.connect()
    line = connection.sock
    for jump in JUMPS:
        clock.set(jump)
        connection.request("POST", "/predict", BODY, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, b"predicted_price" in answer.read()) == (200, True)
        assert connection.sock is line
    connection.close()
    route = '{route="/predict"}'
    wait_for(lambda: counted(server, f"houseprice_request_seconds_count{route}") == len(JUMPS))
    assert 0 < counted(server, f"houseprice_request_seconds_sum{route}") < START_SECONDS
    clock.set(-DAY)
    code, log = server.stop(signal.SIGTERM)
    assert code == 0
    taken = [float(found) for found in re.findall(r'"milliseconds": (\S+)}', log)]
    assert len(taken) >= len(JUMPS)
    assert all(0 <= milliseconds < START_SECONDS * 1000 for milliseconds in taken)


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_time_limit_is_neither_reached_nor_moved_by_a_jump(start: Start, clock: Clock, jump: int) -> None:
    """A client that stops in the middle of its body, or of its head, is cut off when its own time is over."""
    server = start(HOUSEPRICE_BODY_TIMEOUT_SECONDS=str(LIMIT), **clock.environment)
    for begun in (HEAD + BODY[:10], HEAD[:10]):
        with socket.create_connection((server.host, server.port), timeout=START_SECONDS) as line:
            line.sendall(begun)
            assert server.ask("GET", "/livez")[0] == 200  # by now it was read
            sent = time.monotonic()
            clock.set(jump)
            answer = line.recv(2**16)
            waited = time.monotonic() - sent
            assert answer.startswith(b"HTTP/1.1 408 ") if begun.startswith(HEAD) else answer == b""
        clock.set(0)
        assert LIMIT / 2 < waited < LIMIT * 5


def test_a_budget_is_neither_filled_nor_lost_by_a_jump(start: Start, clock: Clock) -> None:
    """Who has spent it has to wait as long as before, after a jump forward and after one back."""
    server = start(HOUSEPRICE_REQUESTS_PER_MINUTE="2", **clock.environment)
    assert [server.ask("POST", "/predict", FULL)[0] for _ in range(3)] == [200, 200, 429]
    for jump in JUMPS:
        clock.set(jump)
        connection = http.client.HTTPConnection(server.host, server.port, timeout=START_SECONDS)
        connection.request("POST", "/predict", BODY)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 30
