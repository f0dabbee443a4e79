"""Merging exported images into a layout whose digest does not depend on the builder."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from houseprice.errors import ImageError
from houseprice.release.layout_writer import LayoutWriter
from houseprice.release.oci_layout import OciLayout

LAYER = "application/vnd.oci.image.layer.v1.tar"
CREATED = "2026-01-02T03:04:05Z"
BASE, OWN = b"base" * 1000, b"files of the image" * 1000


def export(
    folder: Path, *, level: int = 6, history: str = "EXPOSE 8000", rewritten: bool = True, architecture: str = "amd64"
) -> Path:
    """Write an image as BuildKit exports it, with a base layer and one of its own."""
    (folder / "blobs" / "sha256").mkdir(parents=True)

    def add(content: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        (folder / "blobs" / "sha256" / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    note = {"annotations": {"buildkit/rewritten-timestamp": "1577836800"}} if rewritten else {}
    layers = [add(gzip.compress(BASE, 1, mtime=5), f"{LAYER}+gzip")]
    layers.append(add(gzip.compress(OWN, level, mtime=level), f"{LAYER}+gzip") | note)
    config = {
        "architecture": architecture,
        "os": "linux",
        "created": "2020-01-01T00:00:00Z",
        "config": {"Labels": {"a": "b"}, "Cmd": ["serve"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in (BASE, OWN)]},
        "history": [{"created_by": history}],
    }
    described = add(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json")
    manifest = {"schemaVersion": 2, "config": described, "layers": layers}
    top = add(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [top]}))
    return folder


def merged(folder: Path, *exported: tuple[Path, str]) -> OciLayout:
    """Merge exported images of platforms."""
    writer = LayoutWriter(folder, CREATED)
    for built, platform in exported:
        writer.add_image(built, platform)
    writer.finish({"org.opencontainers.image.revision": "abc"})
    return OciLayout.open(folder)


def test_compression_and_history_of_the_builder_do_not_matter(tmp_path: Path) -> None:
    """Two builders that compress and word the history in other ways lead to one digest."""
    one = merged(tmp_path / "1", (export(tmp_path / "a"), "linux/amd64"))
    other = merged(tmp_path / "2", (export(tmp_path / "b", level=9, history="EXPOSE map[8000]"), "linux/amd64"))
    assert one.digest == other.digest
    assert one.config("linux/amd64")["config"] == {"Labels": {"a": "b"}, "Cmd": ["serve"]}
    assert one.config("linux/amd64")["created"] == CREATED


def test_the_base_keeps_its_bytes(tmp_path: Path) -> None:
    """A layer of the base image keeps the digest by which its registry knows it, and does not count as own."""
    built = export(tmp_path / "built")
    image = LayoutWriter(tmp_path / "layout", CREATED).add_image(built, "linux/amd64")
    base = gzip.compress(BASE, 1, mtime=5)
    assert (tmp_path / "layout" / "blobs" / "sha256" / hashlib.sha256(base).hexdigest()).read_bytes() == base
    assert image.size_bytes - image.own_bytes == len(base)


def test_the_order_of_platforms_does_not_matter(tmp_path: Path) -> None:
    """One index names every platform, in one order."""
    amd = (export(tmp_path / "amd"), "linux/amd64")
    arm = (export(tmp_path / "arm", architecture="arm64"), "linux/arm64")
    one, other = merged(tmp_path / "1", amd, arm), merged(tmp_path / "2", arm, amd)
    assert one.digest == other.digest
    assert list(one.platforms) == ["linux/amd64", "linux/arm64"]


def _break_layer(built: Path) -> None:
    manifest = json.loads((built / "index.json").read_bytes())["manifests"][0]["digest"][7:]
    layer = json.loads((built / "blobs" / "sha256" / manifest).read_bytes())["layers"][1]["digest"][7:]
    (built / "blobs" / "sha256" / layer).write_bytes(gzip.compress(b"something else"))


def _empty_index(built: Path) -> None:
    (built / "index.json").write_text('{"manifests": []}')


def _no_index(built: Path) -> None:
    (built / "index.json").unlink()


@pytest.mark.parametrize(
    ("options", "damage", "code"),
    [
        ({"architecture": "arm64"}, None, "platform_mismatch"),
        ({"rewritten": False}, None, "builder_too_old"),
        ({}, _break_layer, "layer_changed"),
        ({}, _empty_index, "builder_output_invalid"),
        ({}, _no_index, "builder_output_invalid"),
    ],
)
def test_output_that_cannot_be_published(
    tmp_path: Path, options: dict[str, Any], damage: Callable[[Path], None] | None, code: str
) -> None:
    """Another platform, files with the time of the build, a damaged layer and other output are refused."""
    built = export(tmp_path / "built", **options)
    if damage:
        damage(built)
    with pytest.raises(ImageError) as refused:
        LayoutWriter(tmp_path / "layout", CREATED).add_image(built, "linux/amd64")
    assert refused.value.code == code
