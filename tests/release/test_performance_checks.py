"""Limits of an image: each lets through what is below it, and names what is above."""

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from houseprice.errors import ImageError
from houseprice.release.container import ContainerUnderTest
from houseprice.release.performance_checks import (
    UNKNOWN,
    Limits,
    Outcome,
    check_latency,
    check_size,
    check_start,
    check_vulnerabilities,
    slowdown,
)

NOW = datetime.now(UTC).isoformat(timespec="seconds")
KNOWN = {"name": "uvicorn", "version": "0.1", "id": "PYSEC-1", "fix": "0.2", "summary": "bad"}
LOCK = b"uvicorn==0.1\n"
REPORT = {"lock": hashlib.sha256(LOCK).hexdigest(), "reached": True, "vulnerabilities": [], "created": NOW}
Audited = Callable[..., Outcome]


def container(size: int = 1, **times: float) -> ContainerUnderTest:
    """Return a container that nobody asks anything."""
    return ContainerUnderTest(None, "c", {}, size, None, times)  # type: ignore[arg-type]


@pytest.fixture
def audited(tmp_path: Path) -> Audited:
    """Judge a report of vulnerabilities."""

    def one(report: Any, *, strict: bool = False) -> Outcome:
        path, lock = tmp_path / "audit.json", tmp_path / "serving.txt"
        path.write_text(report if isinstance(report, str) else json.dumps(report))
        lock.write_bytes(LOCK)
        return check_vulnerabilities(container(), Limits(audit=path, lock=lock, strict_audit=strict))

    return one


def test_a_clean_report_of_this_lock_passes(audited: Audited) -> None:
    """Nothing known passes, strict or not."""
    assert audited(REPORT, strict=True) == (True, f"none known at {NOW}")


@pytest.mark.parametrize("reached", [True, False])
def test_what_is_known_fails_with_its_fix(audited: Audited, reached: bool) -> None:
    """Each vulnerability is named, with the release that fixes it if there is one."""
    known = [KNOWN, KNOWN | {"id": "PYSEC-2", "fix": ""}]
    passed, found = audited(REPORT | {"vulnerabilities": known, "reached": reached})
    assert not passed
    assert all(word in found for word in ("uvicorn 0.1", "PYSEC-1", "0.2", "PYSEC-2"))


@pytest.mark.parametrize("strict", [False, True])
def test_an_unreachable_service_fails_only_strictly(audited: Audited, strict: bool) -> None:
    """The same without any report."""
    for passed, found in (
        audited(REPORT | {"reached": False}, strict=strict),
        check_vulnerabilities(container(), Limits(strict_audit=strict)),
    ):
        assert passed is not strict
        assert found.startswith(UNKNOWN)


@pytest.mark.parametrize(("days", "known"), [(6.9, True), (7.1, False), (-0.9, True), (-1.1, False)])
def test_an_old_report_says_nothing(audited: Audited, days: float, known: bool) -> None:
    """Neither does one from the future."""
    created = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    assert audited(REPORT | {"created": created})[1].startswith(UNKNOWN) is not known
    assert audited(REPORT | {"created": created}, strict=True)[0] is known


@pytest.mark.parametrize(
    "report",
    [
        "", "[]", "{}", "null", "1", REPORT | {"vulnerabilities": None}, REPORT | {"vulnerabilities": ["x"]},
        REPORT | {"created": "yesterday"}, REPORT | {"created": NOW.partition("+")[0]},
        REPORT | {"lock": "f" * 64},
    ],
    ids=range(10),  # a report holds the time
)  # fmt: skip
def test_what_is_no_report_of_this_lock_fails(audited: Audited, report: Any) -> None:
    """Strict or not."""
    assert not audited(report)[0]


def test_a_missing_report_fails(tmp_path: Path) -> None:
    """A report that was promised and is not there is no good news."""
    assert not check_vulnerabilities(container(), Limits(audit=tmp_path / "none.json"))[0]


@pytest.mark.parametrize(("size", "passed"), [(149_000_000, True), (150_000_001, False)])
def test_an_image_may_have_so_many_bytes(size: int, passed: bool) -> None:
    """And no more."""
    assert check_size(container(size), Limits())[0] is passed


@pytest.mark.parametrize(
    ("factor", "seconds", "passed"), [(1, 9.9, True), (1, 10.1, False), (2, 19.9, True), (2, 20.1, False)]
)
def test_a_slow_machine_gets_more_time(
    factor: float, seconds: float, passed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In proportion to the reference computation."""
    monkeypatch.setattr("houseprice.release.performance_checks.slowdown", lambda: factor)
    assert check_start(container(started=1.0, healthy=1.0 + seconds), Limits())[0] is passed


WORK = 3_000
"""Iterations of the hash that a prediction of the made server takes, about a millisecond."""


@contextmanager
def server(work: Callable[[int], int], status: int = 200) -> Iterator[ContainerUnderTest]:
    """Yield a server of /livez, and of /predict which computes `work(number of the prediction)` iterations more."""

    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer is one packet
        asked = 0

        def do_GET(self) -> None:
            self.answer(WORK, 200)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            Api.asked += 1
            self.answer(WORK + work(Api.asked), status)

        def answer(self, iterations: int, status: int) -> None:
            hashlib.pbkdf2_hmac("sha256", b"made", b"server", iterations)
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    served = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    served.daemon_threads = True
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        made = container()
        made.__dict__["port"] = served.server_port
        object.__setattr__(made, "expected", SimpleNamespace(golden_rows=[{"area": 1}]))
        yield made
    finally:
        served.shutdown()
        served.server_close()
        thread.join()


@contextmanager
def two_busy_processes() -> Iterator[None]:
    """Keep two cores busy."""
    code = "while True: sum(number * number for number in range(100_000))"
    busy = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


@pytest.mark.long
@pytest.mark.parametrize(
    ("work", "passed"),
    [
        (lambda number: WORK, True),
        (lambda number: 10 * WORK, False),
        (lambda number: 200 * WORK if number % 20 == 0 else 0, False),  # one in twenty
        (lambda number: 30 * WORK if number < 5 else 0, True),  # a busy moment
    ],
)  # fmt: skip
def test_a_prediction_may_take_so_many_times_as_long_as_an_answer(work: Callable[[int], int], passed: bool) -> None:
    """The median and the tail of /predict are compared with those of /livez; a busy moment is over in a round."""
    with server(work) as made:
        assert check_latency(made, Limits(requests=60))[0] is passed


@pytest.mark.long
def test_two_busy_processes_make_no_image_slow() -> None:
    """Ten checks pass beside them, and a prediction of forty times the work never does, however long others wait."""
    with two_busy_processes():
        with server(lambda number: WORK) as made:
            assert all(check_latency(made, Limits())[0] for _ in range(10))
        with server(lambda number: 40 * WORK) as made:
            assert not any(check_latency(made, Limits(requests=20))[0] for _ in range(3))


def test_a_prediction_that_is_refused_is_not_timed() -> None:
    """It is no prediction."""
    with server(lambda number: 0, status=500) as made, pytest.raises(ImageError) as caught:
        check_latency(made, Limits(requests=2))
    assert caught.value.details["status"] == 500


def test_an_image_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round ends after its time, with what was answered by then."""
    monkeypatch.setattr("houseprice.release.performance_checks.ROUND_SECONDS", 0.2)
    begin = time.monotonic()
    with server(lambda number: 30 * WORK) as made:
        assert not check_latency(made, Limits(requests=10_000))[0]
    assert time.monotonic() - begin < 30


def test_no_machine_gets_less_time() -> None:
    """The limits are stated for the reference machine, however fast another one is."""
    assert slowdown() >= 1
