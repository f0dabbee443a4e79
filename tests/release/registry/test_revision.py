"""What an image in a registry says of its commit: annotations first, then labels, and nothing where nothing is."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from houseprice.errors import RegistryError
from houseprice.release.registry.client import INDEX, MANIFEST, Manifest, Registry
from houseprice.release.registry.revision import CREATED, REVISION, Revision, revision_of

COMMIT = "c" * 40
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
SAID = {REVISION: COMMIT, CREATED: "2026-01-01T00:00:00Z"}


class Shop:
    """Puts small images into the real registry."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        self.registry, self.folder = registry, folder

    def config(self, content: Any) -> dict[str, Any]:
        """Send a configuration, and give back its descriptor."""
        path, text = self.folder / "config", json.dumps(content).encode()
        path.write_bytes(text)
        digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
        self.registry.push_blob(path, digest, len(text))
        return {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(text)}

    def manifest(self, config: Any, media_type: str = MANIFEST, **more: Any) -> Manifest:
        """Send the manifest of a configuration."""
        return self.put({"config": self.config(config), "layers": [], **more}, media_type)

    def put(self, content: dict[str, Any], media_type: str) -> Manifest:
        """Send a manifest."""
        text = json.dumps({"schemaVersion": 2, "mediaType": media_type, **content}).encode()
        digest = self.registry.push_manifest(f"sha256:{hashlib.sha256(text).hexdigest()}", text, media_type)
        return Manifest(text, media_type, digest)


@pytest.fixture
def shop(straight: Registry, tmp_path: Path) -> Shop:
    """A shop of the test's own repository."""
    return Shop(straight, tmp_path)


def listed(manifest: Manifest, architecture: str = "amd64") -> dict[str, Any]:
    """Give back how an index lists a manifest."""
    place = {"os": "linux", "architecture": architecture}
    return {
        "mediaType": manifest.media_type, "digest": manifest.digest, "size": len(manifest.content), "platform": place,
    }  # fmt: skip


def test_an_image_of_today_says_it_itself(shop: Shop) -> None:
    """The annotations of the index count, whatever its parts say."""
    inside = shop.manifest({"config": {"Labels": {REVISION: "other"}}})
    index = shop.put({"manifests": [listed(inside)], "annotations": SAID}, INDEX)
    assert revision_of(shop.registry, index) == Revision(COMMIT, SAID[CREATED])


@pytest.mark.parametrize("media_type", [MANIFEST, DOCKER])
def test_an_image_of_docker_build_says_it_in_its_labels(shop: Shop, media_type: str) -> None:
    """One platform without annotations; the moment is that of the build where no label says another."""
    old = shop.manifest({"created": "2025-01-01T00:00:00.5Z", "config": {"Labels": {REVISION: COMMIT}}}, media_type)
    assert revision_of(shop.registry, old) == Revision(COMMIT, "2025-01-01T00:00:00.5Z")
    labelled = shop.manifest({"created": "2025-01-01T00:00:00Z", "config": {"Labels": SAID}}, media_type)
    assert revision_of(shop.registry, labelled) == Revision(COMMIT, SAID[CREATED])


def test_an_index_without_annotations_says_it_below(shop: Shop) -> None:
    """Of its first platform: what a builder attests beside it is no platform."""
    attested = shop.manifest({"config": {"Labels": {REVISION: "other"}}})
    inside = shop.manifest({"config": {"Labels": SAID}})
    index = shop.put({"manifests": [listed(attested, "unknown"), listed(inside)]}, INDEX)
    assert revision_of(shop.registry, index) == Revision(COMMIT, SAID[CREATED])
    annotated = shop.manifest({"config": {}}, annotations=SAID)
    assert revision_of(shop.registry, shop.put({"manifests": [listed(annotated)]}, INDEX)).commit == COMMIT


@pytest.mark.parametrize(
    "config", [{}, {"config": None}, {"config": {"Labels": None}}, {"config": {"Labels": [1]}}, []]
)
def test_an_image_that_says_nothing_says_nothing(shop: Shop, config: Any) -> None:
    """Neither a commit nor a moment is made up."""
    assert revision_of(shop.registry, shop.manifest(config)) == Revision()


@pytest.mark.parametrize(
    "content",
    [b"[]", b"{}", b'{"manifests": []}', b'{"manifests": [7]}', b'{"manifests": [{"digest": "x"}]}', b'{"config": 1}'],
)
def test_a_strange_manifest_says_nothing(shop: Shop, content: bytes) -> None:
    """What is not of the form of an image is of no commit."""
    assert revision_of(shop.registry, Manifest(content, MANIFEST, "sha256:0")) == Revision()


def test_a_configuration_that_is_gone_is_said(shop: Shop) -> None:
    """An image that cannot be read is not one that says nothing."""
    content = json.dumps({"config": {"digest": f"sha256:{'0' * 64}"}}).encode()
    with pytest.raises(RegistryError, match="was refused by"):
        revision_of(shop.registry, Manifest(content, MANIFEST, "sha256:0"))
