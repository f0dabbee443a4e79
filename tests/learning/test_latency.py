"""Latency as a ratio: of the model, never of the machine or of what else runs on it."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from houseprice.learning.latency import latency_ratio, reference

BUSY = "while True: sum(number * number for number in range(100_000))"


def times(count: int) -> object:
    """Compute the reference so many times."""
    for _ in range(count):
        reference()
    return None


@pytest.fixture
def two_busy_processes() -> Iterator[None]:
    """Keep two cores busy."""
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2)]
    yield
    for process in busy:
        process.kill()
        process.wait()


def test_it_counts_reference_computations() -> None:
    """Ten of them take ten times as long as one."""
    assert latency_ratio(reference) == pytest.approx(1.0, rel=0.3)
    assert latency_ratio(lambda: times(10)) == pytest.approx(10.0, rel=0.3)


@pytest.mark.long
@pytest.mark.usefixtures("two_busy_processes")
def test_a_busy_machine_changes_it_little() -> None:
    """Ten measurements beside two busy processes: five references never take twelve, and fifty always do."""
    assert all(latency_ratio(lambda: times(5)) < 12.0 for _ in range(10))
    assert latency_ratio(lambda: times(50)) > 12.0
