"""Databases for tests: every test that takes `url` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from postgresql import Postgresql


@pytest.fixture(scope="session")
def postgresql() -> "Iterator[Postgresql]":
    """Start one PostgreSQL server for the session."""
    import postgresql as servers  # with its driver, which other tests do without

    with servers.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    server: Postgresql = request.getfixturevalue("postgresql")
    return server.new_schema()
