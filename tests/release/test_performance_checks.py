"""What an image may take: each limit lets through what is below it, and names what is above."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from houseprice.release.container import Subject
from houseprice.release.layout.weight import Part
from houseprice.release.limits import Limits
from houseprice.release.performance_checks import UNSURE, size, start, vulnerabilities

LOCK = "a" * 64
NOW = datetime.now(UTC).isoformat(timespec="seconds")
FOUND = {"name": "uvicorn", "version": "0.1", "id": "PYSEC-1", "fix": "0.2", "summary": "bad"}
REPORT = {"lock": LOCK, "service": "reached", "found": [], "when": NOW}
SUBJECT = Subject(None, "c", {"Size": 1}, None, 1.0, Limits(lock=LOCK))  # type: ignore[arg-type]


@pytest.fixture
def reported(tmp_path: Path) -> Callable[..., Subject]:
    """Give a subject with the report of an audit."""

    def one(report: Any, **limits: Any) -> Subject:
        path = tmp_path / "audit.json"
        path.write_text(report if isinstance(report, str) else json.dumps(report))
        return replace(SUBJECT, limits=Limits(**{"audit": path, "lock": LOCK, **limits}))

    return one


def test_a_clean_report_of_this_lock_passes(reported: Callable[..., Subject]) -> None:
    """Nothing known passes, strict or not, and the time of the report is told."""
    assert vulnerabilities(reported(REPORT, strict=True)) == (True, f"none known at {NOW}")


def test_what_is_known_is_named_with_its_fix(reported: Callable[..., Subject]) -> None:
    """Each vulnerability fails the image, with the release that is without it, if there is one."""
    passed, found = vulnerabilities(reported(REPORT | {"found": [FOUND, FOUND | {"id": "PYSEC-2", "fix": ""}]}))
    assert not passed
    assert found == "uvicorn 0.1: PYSEC-1, fixed in 0.2; uvicorn 0.1: PYSEC-2, no release without it"


def test_what_was_found_counts_also_when_the_service_went_away(reported: Callable[..., Subject]) -> None:
    """A report that names something fails, whatever it says of the service."""
    assert not vulnerabilities(reported(REPORT | {"service": "unreachable", "found": [FOUND]}))[0]


@pytest.mark.parametrize("strict", [False, True])
def test_nobody_can_tell(reported: Callable[..., Subject], strict: bool) -> None:
    """No report, and a service that was not reached, are said loudly and pass only when that is allowed."""
    silent = reported(REPORT | {"service": "unreachable"}, strict=strict)
    without = replace(SUBJECT, limits=Limits(strict=strict))
    for subject in (silent, without):
        passed, found = vulnerabilities(subject)
        assert passed is not strict
        assert found.startswith(UNSURE)


@pytest.mark.parametrize(
    "report",
    [
        "",
        "[]",
        "{",
        {},
        REPORT | {"found": None},
        REPORT | {"found": ["x"]},
        REPORT | {"found": [{"name": "x"}]},
        REPORT | {"service": "asleep"},
        REPORT | {"service": True},
        REPORT | {"when": None},
        REPORT | {"when": "yesterday"},
        REPORT | {"when": "2026-01-31T12:00:00"},
    ],
)
def test_what_is_no_report_fails(reported: Callable[..., Subject], report: Any) -> None:
    """A file that cannot be understood proves nothing, even without --strict-audit."""
    passed, found = vulnerabilities(reported(report))
    assert not passed
    assert "is no report of an audit" in found


@pytest.mark.parametrize(("days", "tells"), [(0, True), (6.9, True), (7.1, False), (-0.9, True), (-1.1, False)])
@pytest.mark.parametrize("strict", [False, True])
def test_an_old_report_tells_nothing(reported: Callable[..., Subject], days: float, tells: bool, strict: bool) -> None:
    """What was known a year ago is not what is known; nor can anybody have looked tomorrow."""
    when = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    passed, found = vulnerabilities(reported(REPORT | {"when": when}, strict=strict))
    assert passed is (tells or not strict)
    assert found.startswith(UNSURE) is not tells


def test_an_old_report_that_names_something_fails(reported: Callable[..., Subject]) -> None:
    """A hole that was known stays one."""
    passed, found = vulnerabilities(reported(REPORT | {"when": "2020-01-01T00:00:00+00:00", "found": [FOUND]}))
    assert (passed, "PYSEC-1" in found) == (False, True)


def test_a_report_that_is_not_there_fails(tmp_path: Path) -> None:
    """A report that was named and is missing is not the same as none."""
    subject = replace(SUBJECT, limits=Limits(audit=tmp_path / "none.json", lock=LOCK))
    assert not vulnerabilities(subject)[0]


@pytest.mark.parametrize("lock", ["b" * 64, ""])
def test_a_report_of_other_libraries_fails(reported: Callable[..., Subject], lock: str) -> None:
    """What is known of another lock, or of an image whose lock is unknown, says nothing of this one."""
    passed, found = vulnerabilities(reported(REPORT, lock=lock))
    assert not passed
    assert "the report is of the lock aaaaaaaaaaaa" in found


@pytest.mark.parametrize(("own", "passes"), [(90_000_000, True), (90_000_001, False)])
def test_a_layout_is_weighed_without_its_base(own: int, passes: bool) -> None:
    """Of an image in a layout the compressed layers above the base count."""
    part = Part("linux/amd64", "sha256:1", 10 * own, own)
    passed, found = size(replace(SUBJECT, part=part))
    assert passed is passes
    assert found.startswith("90 MB compressed, without its base")
    assert ("allowed are 90 MB" in found) is not passes


@pytest.mark.parametrize(("healthy", "passes"), [(109.9, True), (110.1, False)])
def test_a_slow_start_fails(healthy: float, passes: bool) -> None:
    """The time from docker run to the first 200 is held against its limit."""
    passed, found = start(replace(SUBJECT, moments={"started": 100.0, "healthy": healthy}))
    assert passed is passes
    assert "s from docker run to the first 200" in found
