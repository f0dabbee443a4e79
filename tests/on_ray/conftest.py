"""Fixtures for tests on Ray: what they start is gone when they end, however that comes about."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import toy as toys
from priced_files import HEAD
from ray_processes import Cluster, Processes


@pytest.fixture
def processes() -> Iterator[Processes]:
    """Return what starts processes; none is left after the test."""
    started = Processes()
    yield started
    started.end()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Return a cluster that tests share."""
    started = Processes()
    try:
        made = Cluster(started)
        yield made
        made.end()
    finally:
        started.end()


@pytest.fixture
def own_cluster(processes: Processes) -> Iterator[Callable[..., Cluster]]:
    """Return what starts a cluster that a test may destroy."""
    started: list[Cluster] = []

    def start(**more: str) -> Cluster:
        started.append(Cluster(processes, **more))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture(scope="session")
def toy_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bundle whose model costs next to nothing."""
    return toys.seal(tmp_path_factory.mktemp("toy") / "bundle")


@pytest.fixture(scope="session")
def rows_of() -> Callable[[int], str]:
    """Return what makes a CSV of so many different houses."""
    return lambda count: "\n".join([HEAD, *(f"{20 + number * 0.001:.3f},3,98039,1" for number in range(count))])
