"""Limits of an image: each lets through what is below it, and names what is above."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from houseprice.release.container import ContainerUnderTest
from houseprice.release.performance_checks import (
    UNKNOWN,
    Limits,
    Outcome,
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
    ids=str,
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


def test_no_machine_gets_less_time() -> None:
    """The limits are stated for the reference machine, however fast another one is."""
    assert slowdown() >= 1
