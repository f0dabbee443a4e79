"""Limits of an image: latency, start-up time, size, and known vulnerabilities of its libraries.

Times are compared with a reference computation of the same run: on a machine that is half as fast, or busy, an image
may take twice as long.
"""

import hashlib
import json
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
REFERENCE_SECONDS = 0.006
"""The reference computation takes this long on the machine for which the limits are stated."""
REPORT_DAYS = 7
"""Days for which a report of vulnerabilities counts."""


@dataclass(frozen=True)
class Limits:
    """What an image may take.

    Attributes:
        deadline_seconds: until /health must have answered 200.
        latency_seconds: 99th percentile of /predict, one request after another.
        requests: how many of them are sent.
        start_seconds: from `docker run` to the first 200.
        size_bytes: of all layers, compressed.
        audit: report of known vulnerabilities, written by `scripts/audit`.
        lock: the lock file that the report must be of.
        strict_audit: whether an image fails when nothing can be known about vulnerabilities.
    """

    deadline_seconds: float = 60.0
    latency_seconds: float = 0.05
    requests: int = 300
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
    """Measure /predict; a busy moment passes, while a slow image is slow in every round."""
    found = ""
    for count in range(1, ROUNDS + 1):
        factor = slowdown()
        limit = limits.latency_seconds * factor
        seconds = sorted(_latencies(container, limits.requests, limit))
        median, p99 = (seconds[math.ceil(share * len(seconds)) - 1] for share in (0.5, 0.99))
        found = f"p50 {median * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms of {len(seconds)} requests in round {count}"
        found += f" (limit {limit * 1000:.0f} ms on this machine)"
        if p99 <= limit:
            return True, found
    return False, found


def _latencies(container: ContainerUnderTest, requests: int, limit: float) -> Iterator[float]:
    """Yield the seconds of one request after another on one connection, until too many were slow."""
    rows = [json.dumps(row) for row in container.expected.golden_rows]
    slow = 0
    connection = container.connection()
    try:
        for count in range(requests):
            begin = time.perf_counter()
            connection.request("POST", "/predict", rows[count % len(rows)], {"Content-Type": "application/json"})
            with connection.getresponse() as response:
                response.read()
            if response.status != 200:
                raise ImageError(f"/predict answers {response.status}", status=response.status)
            seconds = time.perf_counter() - begin
            yield seconds
            slow += seconds > limit
            if slow > requests // 100:
                return
    finally:
        connection.close()


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
