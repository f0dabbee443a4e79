"""A container that answers in, what it takes out: checks of latency, start, size and known vulnerabilities."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from houseprice.errors import ImageError
from houseprice.release.container import Look, Subject

ROUNDS = 3
UNSURE = "CANNOT TELL"
FRESH_DAYS = 7
"""Days for which a report tells what is known; a report of the future tells nothing."""
UNPACKED = 5
"""An image on an engine is unpacked and stands on its base: so many times as much is allowed there."""

_DAY = timedelta(days=1)


def latency(subject: Subject) -> Look:
    """Look at the slowest of a hundred requests; a machine may be busy once, a slow image is slow in every round."""
    rows = [json.dumps(row) for row in subject.bundle.golden["rows"]]
    if not rows:
        return False, "the sealed model has no golden rows to ask for"
    limit = subject.limits.latency_seconds
    for count in range(1, ROUNDS + 1):
        taken = sorted(_taken(subject, rows))
        half, most = (taken[math.ceil(share * len(taken)) - 1] for share in (0.5, 0.99))
        found = f"p50 {half * 1000:.1f} ms, p99 {most * 1000:.1f} ms of {len(taken)} requests"
        if most <= limit:
            return True, found if count == 1 else f"{found} in round {count}"
    return False, f"{found} in round {ROUNDS}; allowed are {limit * 1000:g} ms"


def _taken(subject: Subject, rows: Sequence[str]) -> Iterator[float]:
    """Give the seconds of one request after another on one connection, until there were too many slow ones."""
    connection = subject.connection()
    spare = subject.limits.requests // 100
    try:
        for count in range(subject.limits.requests):
            begin = time.perf_counter()
            connection.request("POST", "/predict", rows[count % len(rows)], {"Content-Type": "application/json"})
            with connection.getresponse() as response:
                response.read()
            if response.status != 200:
                raise ImageError(f"/predict answers {response.status}")
            seconds = time.perf_counter() - begin
            yield seconds
            spare -= seconds > subject.limits.latency_seconds
            if spare < 0:
                return
    finally:
        connection.close()


def start(subject: Subject) -> Look:
    """Tell the time from `docker run` to the first 200, which the health check waited for."""
    taken = subject.moments["healthy"] - subject.moments["started"]
    limit = subject.limits.start_seconds
    found = f"{taken:.1f} s from docker run to the first 200"
    return taken <= limit, found if taken <= limit else f"{found}; allowed are {limit:g} s"


def size(subject: Subject) -> Look:
    """Weigh what an update moves; of an image that is only on an engine, what it takes there."""
    limit = subject.limits.own_bytes
    if subject.part:
        weight, kind = subject.part.own_bytes, "compressed, without its base"
    else:
        weight, kind = int(subject.image["Size"]), "unpacked, with its base; only a layout tells more"
        limit *= UNPACKED
    found = f"{weight / 1e6:.0f} MB {kind}"
    return weight <= limit, found if weight <= limit else f"{found}; allowed are {limit / 1e6:.0f} MB"


def vulnerabilities(subject: Subject) -> Look:
    """Read the report of an audit: what it names fails the image, and so does a report of other libraries."""
    limits = subject.limits
    if limits.audit is None:
        return _cannot_tell("no report was given with --audit", strict=limits.strict)
    try:
        told: Any = json.loads(limits.audit.read_bytes())
        lock, reached, found = str(told["lock"]), ("unreachable", "reached").index(told["service"]), list(told["found"])
        fixes = [f"fixed in {one['fix']}" if one["fix"] else "no release without it" for one in found]
        age = datetime.now(UTC) - datetime.fromisoformat(told["when"])
        named = [f"{one['name']} {one['version']}: {one['id']}, {fix}" for one, fix in zip(found, fixes, strict=True)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
        return False, f'"{limits.audit}" is no report of an audit ({type(err).__name__}: {err})'
    if lock.removeprefix("sha256:") != limits.lock:
        return False, f"the report is of the lock {lock[:12]}, the image is of {limits.lock[:12] or 'an unknown one'}"
    if named:
        return False, "; ".join(named)
    doubt = "" if -_DAY < age < FRESH_DAYS * _DAY else f"the report is of {told['when']}; make one of today"
    if not reached:
        doubt = f"the service that knows was not reached at {told['when']}"
    return _cannot_tell(doubt, strict=limits.strict) if doubt else (True, f"none known at {told['when']}")


def _cannot_tell(why: str, *, strict: bool) -> Look:
    return not strict, f"{UNSURE}: {why}"
