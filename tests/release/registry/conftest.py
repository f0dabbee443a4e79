"""A real registry with one account, and a proxy before it that fails on demand."""

import secrets
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import loopback
import pytest
from faulty import Faulty, faulty
from layouts import lay

from houseprice.release.image_reference import Repository
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Account, Registry
from houseprice.release.registry.patience import Patience, Say, silent

ACCOUNT = Account(loopback.USER, loopback.TOKEN)


@pytest.fixture
def proxy(upstream: str) -> Iterator[Faulty]:
    """The same registry, failing when a test wants it."""
    with faulty(upstream) as running:
        yield running


@pytest.fixture
def path() -> str:
    """A repository that no other test uses."""
    return f"{loopback.USER}-{secrets.token_hex(4)}/house-price-model"


@pytest.fixture
def pauses() -> list[float]:
    """How long was waited between tries: nobody sleeps here."""
    return []


@pytest.fixture
def through(proxy: Faulty, path: str, pauses: list[float]) -> Callable[..., Registry]:
    """Gives a client of the repository, through the proxy."""

    def client(
        account: Account | None = ACCOUNT, *, say: Say = silent, total: float = 20.0, silence: float = 5.0
    ) -> Registry:
        patience = Patience(
            connect_seconds=5, silent_seconds=silence, total_seconds=total, sleep=pauses.append, jitter=lambda: 1.0
        )
        return Registry(Repository(proxy.host, path), account, say=say, patience=patience)

    return client


@pytest.fixture
def straight(upstream: str, path: str) -> Registry:
    """A client of the same repository that meets no fault."""
    return Registry(Repository(upstream, path), ACCOUNT)


@pytest.fixture
def layout(tmp_path: Path) -> Callable[..., Layout]:
    """Makes an image of a commit, in a folder of its own."""
    return partial(lay, tmp_path)
