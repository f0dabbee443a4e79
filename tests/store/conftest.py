"""Stores on both databases: every test that takes `store` or `url` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from houseprice.store import Store, open_store
from stored import Clock, Open


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
