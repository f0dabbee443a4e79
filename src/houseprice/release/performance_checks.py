"""Limits of an image: latency, start-up time, size, and known vulnerabilities of its libraries.

Times are compared with a reference: those of predictions with those of /livez, asked in turns of the same container;
that of the start with a computation. On a machine that is half as fast, or busy, an image may take twice as long.
"""

import hashlib
import json
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from houseprice.errors import ImageError
from houseprice.release.container import ContainerUnderTest

Outcome = tuple[bool, str]
"""Whether a check passed, and what it found."""

LOCK = Path("requirements/serving.txt")
UNKNOWN = "UNKNOWN"
"""Begins what was found where nothing can be known about vulnerabilities."""
ROUNDS = 3
ROUND_SECONDS = 8.0
"""A round ends after this time, however few requests were answered."""
REFERENCE_SECONDS = 0.006
"""The reference computation takes this long on the machine for which the limits are stated."""
REPORT_DAYS = 7
"""Days for which a report of vulnerabilities counts."""


@dataclass(frozen=True)
class Limits:
    """What an image may take.

    Attributes:
        deadline_seconds: until /health must have answered 200.
        latency_ratio: time of /predict, relative to that of /livez: of the medians, and of the 99th percentiles.
        requests: how many of each are sent in a round.
        start_seconds: from `docker run` to the first 200.
        size_bytes: of all layers, compressed.
        audit: report of known vulnerabilities, written by `scripts/audit`.
        lock: the lock file that the report must be of.
        strict_audit: whether an image fails when nothing can be known about vulnerabilities.
    """

    deadline_seconds: float = 60.0
    latency_ratio: float = 5.0
    requests: int = 200
    start_seconds: float = 10.0
    size_bytes: int = 150_000_000
    audit: Path | None = None
    lock: Path = LOCK
    strict_audit: bool = False


def slowdown() -> float:
    """Return how many times slower than the reference machine this one is now; never less than 1."""
    seconds = []
    for _ in range(5):
        begin = time.perf_counter()
        hashlib.pbkdf2_hmac("sha256", b"reference", b"computation", 20_000)
        seconds.append(time.perf_counter() - begin)
    return max(1.0, statistics.median(seconds) / REFERENCE_SECONDS)


def check_latency(container: ContainerUnderTest, limits: Limits) -> Outcome:
    """Compare /predict with /livez; a busy moment passes, while a slow image is slow in every round."""
    found = ""
    for count in range(1, ROUNDS + 1):
        livez, predict = (sorted(times) for times in zip(*_latencies(container, limits.requests), strict=True))
        ranks = [math.ceil(share * len(predict)) - 1 for share in (0.5, 0.99)]
        ratios = [predict[rank] / livez[rank] for rank in ranks]
        milliseconds = [predict[rank] * 1000 for rank in ranks]
        found = (
            f"p50 {milliseconds[0]:.1f} ms and p99 {milliseconds[1]:.1f} ms of {len(predict)} in round {count}, "
            f"{ratios[0]:.1f} and {ratios[1]:.1f} times those of /livez (limit {limits.latency_ratio:g} times)"
        )
        if max(ratios) <= limits.latency_ratio:
            return True, found
    return False, found


def _latencies(container: ContainerUnderTest, requests: int) -> Iterator[tuple[float, float]]:
    """Yield the seconds of /livez and of /predict, in turns on one connection, until the time of a round is over."""
    rows = [json.dumps(row) for row in container.expected.golden_rows]
    connection = container.connection()
    deadline = time.monotonic() + ROUND_SECONDS
    try:
        for count in range(requests):
            livez = _seconds(connection, "GET", "/livez")
            yield livez, _seconds(connection, "POST", "/predict", rows[count % len(rows)])
            if time.monotonic() > deadline:
                return
    finally:
        connection.close()


def _seconds(connection: HTTPConnection, method: str, path: str, body: str | None = None) -> float:
    begin = time.perf_counter()
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    with connection.getresponse() as response:
        response.read()
    if response.status != 200:
        raise ImageError(f"{path} answers {response.status}", status=response.status)
    return time.perf_counter() - begin


def check_start(container: ContainerUnderTest, limits: Limits) -> Outcome:
    """Compare the time from `docker run` to the first 200, which the health check waited for."""
    seconds, limit = container.times["healthy"] - container.times["started"], limits.start_seconds * slowdown()
    return seconds <= limit, f"{seconds:.1f} s (limit {limit:.1f} s on this machine)"


def check_size(container: ContainerUnderTest, limits: Limits) -> Outcome:
    """Compare the size of the image as it is downloaded."""
    return container.download_bytes <= limits.size_bytes, f"{container.download_bytes / 1e6:.0f} MB"


def check_vulnerabilities(_container: ContainerUnderTest, limits: Limits) -> Outcome:
    """Read the report of `scripts/audit`: an image fails for what it names, and for a report of other libraries."""
    if limits.audit is None:
        return not limits.strict_audit, f"{UNKNOWN}: no report; give one with --audit"
    try:
        report: Any = json.loads(limits.audit.read_bytes())
        known = [
            f"{one['name']} {one['version']}: {one['id']}, {_fix(one['fix'])}" for one in report["vulnerabilities"]
        ]
        lock, reached, created = str(report["lock"]), bool(report["reached"]), str(report["created"])
        age = datetime.now(UTC) - datetime.fromisoformat(created)
    except (OSError, ValueError, LookupError, TypeError) as err:
        return False, f'"{limits.audit}" is not a report of scripts/audit ({type(err).__name__}: {err})'
    own = hashlib.sha256(limits.lock.read_bytes()).hexdigest() if limits.lock.is_file() else "missing"
    if lock != own:
        return False, f"the report is of another lock file ({lock[:12]}) than {limits.lock} ({own[:12]})"
    if known:
        return False, "; ".join(known)
    if reached and -timedelta(days=1) < age < timedelta(days=REPORT_DAYS):
        return True, f"none known at {created}"
    problem = "the report is too old" if reached else "the vulnerability service could not be reached"
    return not limits.strict_audit, f"{UNKNOWN}: {problem} ({created})"


def _fix(version: str) -> str:
    return f"fixed in {version}" if version else "not fixed"
