"""Image layouts on disk: what is whole is opened, and what is not is named."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice.errors import ImageError
from houseprice.release.layout.oci import CONFIG, LAYER, MANIFEST, Descriptor, Layout, compact, digest_of

PLATFORMS = ("linux/amd64", "linux/arm64/v8")


def made(folder: Path) -> Layout:
    """Make a layout for two platforms, which have one layer in common."""
    layout = Layout.begin(folder)
    manifests = []
    for platform in PLATFORMS:
        layers = [layout.add(content, LAYER) for content in (b"shared", platform.encode())]
        config = layout.add(compact({"architecture": platform}), CONFIG)
        content = {"schemaVersion": 2, "config": config.told(), "layers": [layer.told() for layer in layers]}
        manifests.append(layout.add(compact(content), MANIFEST, platform))
    layout.finish(tuple(manifests), {"org.opencontainers.image.version": "1"})
    return layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Give a layout that a test may spoil."""
    return made(tmp_path / "layout")


def test_a_whole_layout_is_opened(layout: Layout) -> None:
    """Index, manifests, configurations and layers are given back as they were put in."""
    found = Layout.open(layout.folder)
    assert [one.platform for one in found.manifests()] == list(PLATFORMS)
    assert found.json(found.index.digest)["annotations"] == {"org.opencontainers.image.version": "1"}
    one = found.manifest("linux/arm64/v8")
    assert found.json(found.config(one).digest) == {"architecture": "linux/arm64/v8"}
    assert [found.path(layer.digest).read_bytes() for layer in found.layers(one)] == [b"shared", b"linux/arm64/v8"]


def test_nothing_is_sent_before_what_it_names(layout: Layout) -> None:
    """Every blob comes once, layers and configurations first, then the manifests, then the index."""
    blobs = layout.blobs()
    assert len({blob.digest for blob in blobs}) == len(blobs) == 8
    assert [blob.media_type for blob in blobs[-3:]] == [MANIFEST, MANIFEST, layout.index.media_type]
    assert {blob.media_type for blob in blobs[:-3]} == {CONFIG, LAYER}


def test_the_same_content_is_the_same_digest(layout: Layout, tmp_path: Path) -> None:
    """A layout made again from the same content has the same index."""
    assert made(tmp_path / "again").index == layout.index


@pytest.mark.parametrize("position", range(8))
@pytest.mark.parametrize("spoil", ["missing", "changed", "longer", "link"])
def test_each_blob_is_looked_at(layout: Layout, position: int, spoil: str, tmp_path: Path) -> None:
    """One blob that is missing, changed, longer or a link is enough to refuse the layout."""
    path = layout.path(layout.blobs()[position].digest)
    content = path.read_bytes()
    path.unlink()
    if spoil == "changed":
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif spoil == "longer":
        path.write_bytes(content + b" ")
    elif spoil == "link":
        (tmp_path / "elsewhere").write_bytes(content)
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ImageError, match="houseprice image build --layout"):
        Layout.open(layout.folder)


def test_a_size_that_is_not_true_is_found(layout: Layout) -> None:
    """A manifest that gives a layer another size than it has is refused, although every digest is right."""
    one = layout.manifests()[0]
    content = layout.json(one.digest)
    content["layers"][0]["size"] += 1
    changed = layout.add(compact(content), MANIFEST, one.platform)
    layout.finish((changed,), {})
    with pytest.raises(ImageError, match=r"of 6 bytes; expected .* of 7 bytes"):
        Layout.open(layout.folder)


TOP: dict[str, Callable[[dict], object]] = {
    "not JSON": lambda _top: "{",
    "a list": lambda _top: [],
    "nothing": lambda _top: {"manifests": []},
    "two": lambda top: {"manifests": top["manifests"] * 2},
    "a manifest, no index": lambda top: {"manifests": [top["manifests"][0] | {"mediaType": MANIFEST}]},
    "a way out of the folder": lambda top: {"manifests": [top["manifests"][0] | {"digest": "sha256:../../../etc/x"}]},
    "no digest": lambda _top: {"manifests": [{"mediaType": MANIFEST, "size": 1}]},
    "a number": lambda _top: {"manifests": [3]},
    "an unknown index": lambda top: {"manifests": [top["manifests"][0] | {"digest": "sha256:" + "0" * 64}]},
    "a size in words": lambda top: {"manifests": [top["manifests"][0] | {"size": "many"}]},
}


@pytest.mark.parametrize("change", TOP.values(), ids=TOP)
def test_a_top_that_is_no_top_is_refused(layout: Layout, change: Callable[[dict], object]) -> None:
    """Whatever stands in index.json, the answer is a layout or a sentence."""
    path = layout.folder / "index.json"
    changed = change(json.loads(path.read_bytes()))
    path.write_text(changed if isinstance(changed, str) else json.dumps(changed))
    with pytest.raises(ImageError, match=r"expected|image layout"):
        Layout.open(layout.folder)


@pytest.mark.parametrize("platforms", [(), ("linux/amd64", "linux/amd64")])
def test_one_manifest_for_each_platform(layout: Layout, platforms: tuple[str, ...]) -> None:
    """An index without manifests, or with two for one platform, is none."""
    one = layout.manifests()[0]
    layout.finish(tuple(Descriptor(MANIFEST, one.digest, one.size, name) for name in platforms), {})
    with pytest.raises(ImageError, match="expected one manifest each"):
        Layout.open(layout.folder)


def test_a_platform_that_is_not_there_is_named(layout: Layout) -> None:
    """Asking for another platform says which there are."""
    with pytest.raises(ImageError, match=r"no image for linux/s390x \(only linux/amd64, linux/arm64/v8\)"):
        layout.manifest("linux/s390x")


def test_a_description_of_any_size_is_not_read_into_memory(layout: Layout) -> None:
    """A blob that is too large for a description is refused before it is read whole."""
    content = b" " * (5 * 2**20)
    with pytest.raises(ImageError, match="larger than 4194304 bytes"):
        layout.read(layout.add(content, MANIFEST).digest)
    assert layout.path(digest_of(content)).stat().st_size == len(content)


def test_no_library_is_needed(root: Path) -> None:
    """The publishing side can open a layout with Python alone."""
    script = "import sys; sys.path.insert(0, 'src'); import houseprice.release.layout.oci"
    environ = {"PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-I", "-S", "-c", script], cwd=root, env=environ, check=True)
