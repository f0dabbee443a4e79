"""Recorders of a small model, on both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import toy as toys
from recorded import Recorder
from running import Server

from houseprice.bundle.load import Bundle, open_bundle

Begin = Callable[..., Server]


@pytest.fixture(scope="session")
def toy_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sealed folder, not to be changed."""
    return toys.seal(tmp_path_factory.mktemp("toy") / "bundle")


@pytest.fixture(scope="session")
def toy(toy_dir: Path) -> Bundle:
    """Return the sealed model, opened."""
    return open_bundle(toy_dir)


@pytest.fixture
def recorder(toy_dir: Path, toy: Bundle, url: str, tmp_path: Path) -> Iterator[Recorder]:
    """Return a recorder in this process."""
    found = Recorder(toy_dir, toy, url, tmp_path / "spool")
    yield found
    found.close()


@pytest.fixture
def sqlite_recorder(toy_dir: Path, toy: Bundle, tmp_path: Path) -> Iterator[Recorder]:
    """Return a recorder in this process that writes to SQLite."""
    found = Recorder(toy_dir, toy, f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "spool")
    yield found
    found.close()


@pytest.fixture
def start(toy_dir: Path) -> Iterator[Begin]:
    """Return what starts servers; all are gone after the test."""
    started: list[Server] = []

    def begin(**environment: Any) -> Server:
        started.append(Server("--bundle", str(toy_dir), **environment))
        return started[-1]

    yield begin
    for server in started:
        server.kill()
