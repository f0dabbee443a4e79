"""A small sealed model and its API, in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import toy as toys
from priced_files import HEAD, ROW
from running import Server
from toy import MOST_BYTES, MOST_HOUSES, Client

from houseprice.bundle.load import Bundle, open_bundle
from houseprice.serving.app import create_app
from houseprice.serving.scorer import Scorer
from houseprice.serving.settings import Settings


@pytest.fixture(scope="session")
def toy_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sealed folder, not to be changed."""
    return toys.seal(tmp_path_factory.mktemp("toy") / "bundle")


@pytest.fixture(scope="session")
def toy(toy_dir: Path) -> Bundle:
    """Return the sealed model, opened."""
    return open_bundle(toy_dir)


@pytest.fixture(scope="session")
def scorer(toy: Bundle) -> Scorer:
    """Return the model, ready to be asked."""
    return Scorer(toy)


@pytest.fixture(scope="session")
def client(toy: Bundle) -> Client:
    """Return the API of the model, with limits that are soon reached."""
    return Client(create_app(toy, Settings(max_rows=MOST_HOUSES, max_body_bytes=MOST_BYTES)))


@pytest.fixture(scope="session")
def without(toy: Bundle) -> Client:
    """Return the API with everything switched off that can be."""
    return Client(create_app(toy, Settings(metrics=False, docs=False, access_log=False, page=False)))


@pytest.fixture
def start(toy_dir: Path) -> Iterator[Callable[..., Server]]:
    """Return what starts servers; all are gone after the test."""
    started: list[Server] = []

    def begin(*options: str, **more: Any) -> Server:
        started.append(Server("--bundle", str(toy_dir), *options, **more))
        return started[-1]

    yield begin
    for server in started:
        server.kill()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a CSV of two houses."""
    path = tmp_path / "houses.csv"
    path.write_text(f"{HEAD}\n{ROW}\n80,3,10115,1\n")
    return path
