"""The API of the model that was trained on real sales, and a built page that is small."""

import gzip
from pathlib import Path

import brotli
import pytest
from toy import Client

from houseprice.bundle.load import Bundle, open_bundle
from houseprice.serving.app import create_app


@pytest.fixture(scope="session")
def sealed(bundle_dir: Path) -> Bundle:
    """Return the bundle of the session's model."""
    return open_bundle(bundle_dir)


@pytest.fixture(scope="session")
def county(sealed: Bundle) -> Client:
    """Return its API."""
    return Client(create_app(sealed))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as the build of the page leaves it."""
    folder = tmp_path_factory.mktemp("page") / "built"
    (folder / "assets").mkdir(parents=True)
    for name, content in (
        ("index.html", b'<!doctype html><script type="module" src="./assets/a-1.js"></script>'),
        ("assets/a-1.js", b"console.log(1)" * 20),
    ):
        (folder / name).write_bytes(content)
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        (folder / f"{name}.br").write_bytes(brotli.compress(content))
    (folder / "assets" / "b.svg").write_bytes(b"<svg/>")
    return folder
