"""A real registry, a real cosign with throwaway keys, and one image that is published and signed as it should be."""

import os
import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path

import loopback
import pytest
import tiny_image
from tiny_image import Keys, Published, Tiny

from houseprice.release.image_reference import Repository
from houseprice.release.oci_layout import OciLayout
from programs import needs


@pytest.fixture(scope="session")
def make_keys(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Keys]:
    """Make key pairs."""
    needs("cosign")

    def one() -> Keys:
        keys = Keys(tmp_path_factory.mktemp("keys"))
        environ = {**os.environ, "COSIGN_PASSWORD": keys.password}
        command = ["cosign", "generate-key-pair"]
        subprocess.run(command, cwd=keys.folder, env=environ, check=True, capture_output=True)
        return keys

    return one


@pytest.fixture(scope="session")
def keys(make_keys: Callable[[], Keys]) -> Keys:
    """The pair of the publisher."""
    return make_keys()


@pytest.fixture(scope="session")
def others_keys(make_keys: Callable[[], Keys]) -> Keys:
    """The pair of somebody else."""
    return make_keys()


@pytest.fixture(scope="session")
def good(upstream: str, keys: Keys, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """One image of two platforms that no test spoils."""
    repository = Repository(upstream, f"{loopback.USER}-good/house-price-model")
    layout = tiny_image.lay(tmp_path_factory.mktemp("good") / "layout", tiny_image.both(Tiny.of(tiny_bundle)))
    tiny_image.push(layout, repository, "0123456", "latest")
    tiny_image.sign(layout.digest, keys.signer(repository), tiny_image.attestations(layout))
    return Published(repository, layout)


@pytest.fixture
def laid(tmp_path: Path) -> Callable[..., OciLayout]:
    """Write an image, by default for one platform."""

    def one(tiny: Tiny | dict[str, Tiny]) -> OciLayout:
        platforms = tiny if isinstance(tiny, dict) else {"linux/amd64": tiny}
        return tiny_image.lay(tmp_path / f"layout-{secrets.token_hex(4)}", platforms)

    return one
