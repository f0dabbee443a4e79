"""Stores on both databases: every test that takes `store` or `url` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import postgresql as servers
from houseprice.store import Store, open_store
from postgresql import Postgresql
from stored import Clock, Open


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """Start one PostgreSQL server for the session."""
    with servers.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server: Postgresql = request.getfixturevalue("postgresql")
    return server.new_schema()


@pytest.fixture
def clock() -> Clock:
    """Return the clock of all stores that the test opens."""
    return Clock()


@pytest.fixture
def opened(clock: Clock) -> Iterator[Open]:
    """Open stores; they are closed at the end."""
    stores: list[Store] = []

    def one(url: str) -> Store:
        stores.append(open_store(url, clock))
        return stores[-1]

    yield one
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Open, url: str) -> Store:
    """Return an empty store."""
    return opened(url)
