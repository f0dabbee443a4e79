"""A real registry, a real cosign with throwaway keys, and one image that is published and signed as it should be."""

import os
import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import loopback
import planting
import pytest
from planting import Tiny
from signing import ACCOUNT, PASSWORD, Keys, Published, sign

from houseprice.release.image_reference import Repository
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Registry
from programs import needs


@pytest.fixture(scope="session")
def cosign() -> str:
    """The command, or skip what needs it."""
    needs("cosign")
    return "cosign"


@pytest.fixture(scope="session")
def make_keys(cosign: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Keys]:
    """Make key pairs."""

    def one() -> Keys:
        folder = tmp_path_factory.mktemp("keys")
        environ = {**os.environ, "COSIGN_PASSWORD": PASSWORD}
        subprocess.run([cosign, "generate-key-pair"], cwd=folder, env=environ, check=True, capture_output=True)
        return Keys(folder / "cosign.key", folder / "cosign.pub")

    return one


@pytest.fixture(scope="session")
def keys(make_keys: Callable[[], Keys]) -> Keys:
    """The pair of whoever publishes."""
    return make_keys()


@pytest.fixture(scope="session")
def others_keys(make_keys: Callable[[], Keys]) -> Keys:
    """The pair of somebody else."""
    return make_keys()


@pytest.fixture
def registry(upstream: str) -> Registry:
    """A client of a repository that no other test uses."""
    return Registry(Repository(upstream, f"{loopback.USER}-{secrets.token_hex(4)}/house-price-model"), ACCOUNT)


@pytest.fixture(scope="session")
def good(upstream: str, keys: Keys, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """One image for two platforms that nobody spoils."""
    client = Registry(Repository(upstream, f"{loopback.USER}-good/house-price-model"), ACCOUNT)
    layout = planting.lay(tmp_path_factory.mktemp("good") / "layout", planting.both(planting.Tiny.of(tiny_bundle)))
    planting.push(layout, client, "0123456", "latest")
    sign(layout, client, keys)
    return Published(client, layout)


@pytest.fixture
def laid(tmp_path: Path) -> Callable[..., Layout]:
    """Lay an image, by default for one platform."""

    def one(tiny: Tiny | dict[str, Tiny], **more: Any) -> Layout:
        platforms = tiny if isinstance(tiny, dict) else {"linux/amd64": tiny}
        return planting.lay(tmp_path / f"layout-{secrets.token_hex(4)}", platforms, **more)

    return one
