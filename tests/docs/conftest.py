"""A reader of the tutorial: an empty folder, a repository to start from, and a stand-in for GitHub."""

from pathlib import Path

import pytest
from tutorial import CONFIG, RAW, ROOT, USER, Reader, template

from pipeline import quick_config


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository as it will be when this checkout is committed, but that learns less, and in a hurry."""
    head, *rows = (ROOT / RAW).read_text().splitlines(keepends=True)
    changed = {CONFIG: quick_config((ROOT / CONFIG).read_text()), RAW: "".join([head, *rows[::7]])}
    return template(tmp_path_factory.mktemp("origin"), changed)


@pytest.fixture
def reader(origin: Path, tmp_path: Path) -> Reader:
    """Return a reader of the tutorial."""
    (tmp_path / "home").mkdir()
    address = "https://github.com/OWNER/house-price-model.git"
    return Reader(tmp_path / "home", {address: str(origin), "your-username": USER})
