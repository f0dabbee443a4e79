"""Somebody who follows a page: an empty folder, a repository to start from, and a GitHub of their own."""

from pathlib import Path

import pytest
from guide import CONFIG, ROOT, USER, Reader, template

from road import hurried


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a repository as it will be when this checkout is committed, but that learns in a hurry."""
    return template(tmp_path_factory.mktemp("origin"), {CONFIG: hurried((ROOT / CONFIG).read_text())})


@pytest.fixture
def reader(origin: Path, tmp_path: Path) -> Reader:
    """Give a reader of the Spanish guide."""
    (tmp_path / "home").mkdir()
    address = "https://github.com/PROPIETARIO/house-price-model.git"
    return Reader(tmp_path / "home", {address: str(origin), "su-usuario": USER})
