"""Archives of engines: old or new, compressed or not, one image comes out of them, and it is always the same."""

import json
import tarfile
from pathlib import Path

import pytest

from houseprice.errors import ImageError
from houseprice.release.layout.archive import described, take
from houseprice.release.layout.contents import files_of
from houseprice.release.layout.oci import Descriptor, Layout
from houseprice.release.layout.weight import part_of
from release.layout.saving import diff_id, layer, saved

EPOCH = 1_600_000_000
BASE = layer({"bin/sh": b"#!"}, mtime=1_500_000_000)
APP = layer({"app/b": b"b", "app/a": b"a"})
LATER = layer({"app/a": b"a", "app/b": b"b"}, mtime=1_800_000_000)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Give an empty layout."""
    (tmp_path / "layout").mkdir()
    return Layout.begin(tmp_path / "layout")


def taken(layout: Layout, archive: Path, steps: tuple[str, ...] = (), platform: str = "linux/amd64") -> Descriptor:
    """Take an image out of an archive whose first layer is the base's."""
    return described(take(archive, layout, platform, [diff_id(BASE)], steps, EPOCH), layout, EPOCH)


@pytest.mark.parametrize("shape", ["old", "new", "compressed"])
def test_every_engine_gives_the_same_image(layout: Layout, tmp_path: Path, shape: str) -> None:
    """The shape of the archive, the times of the layers above the base and the builder's own fields do not count."""
    first = taken(layout, saved(tmp_path / "first", [BASE, APP, APP]))
    other = saved(tmp_path / "other", [BASE, LATER, LATER], shape, created="2027-01-01T00:00:00Z", docker_version="1")
    assert taken(layout, other) == first


def test_the_base_stays_as_it_is(layout: Layout, tmp_path: Path) -> None:
    """The base's layer keeps the name that it has everywhere, whatever times its files bear."""
    config = layout.json(layout.config(taken(layout, saved(tmp_path / "a", [BASE, APP]))).digest)
    assert config["rootfs"]["diff_ids"][0] == diff_id(BASE)
    assert config["rootfs"]["diff_ids"][1] != diff_id(APP)


def test_only_what_an_image_declares_is_kept(layout: Layout, tmp_path: Path) -> None:
    """Host names, times and ids of the builder are gone; user, labels in order and command are there."""
    manifest = taken(layout, saved(tmp_path / "a", [BASE, APP]), ("COPY app /app",))
    config = layout.json(layout.config(manifest).digest)
    assert config["config"] == {"User": "1", "Cmd": ["x"], "Labels": {"a": "1", "b": "2"}}
    assert list(config["config"]["Labels"]) == ["a", "b"]
    assert set(config) == {"architecture", "os", "created", "config", "rootfs", "history"}
    assert config["history"] == [
        {"created": "2020-09-13T12:26:40Z", "created_by": step} for step in ("step 0", "COPY app /app")
    ]
    assert part_of(layout, manifest).own_bytes == layout.layers(manifest)[1].size


def test_what_is_taken_is_a_whole_layout(layout: Layout, tmp_path: Path) -> None:
    """Once finished, the layout can be opened, and its files are those of the image."""
    manifest = taken(layout, saved(tmp_path / "a", [BASE, APP]))
    layout.finish((manifest,), {})
    found = Layout.open(layout.folder)
    assert files_of(found, found.manifests()[0], lambda _path: True) == {"app/a": b"a", "app/b": b"b", "bin/sh": b"#!"}


def test_a_variant_is_told_as_it_was_asked_for(layout: Layout, tmp_path: Path) -> None:
    """Engines differ in whether they write the variant; the platform that was asked for counts."""
    plain = saved(tmp_path / "a", [BASE, APP], architecture="arm64")
    marked = saved(tmp_path / "b", [BASE, APP], architecture="arm64", variant="v8")
    assert taken(layout, plain, platform="linux/arm64") == taken(layout, marked, platform="linux/arm64")
    assert taken(layout, plain, platform="linux/arm64/v8").platform == "linux/arm64/v8"


def test_an_image_of_another_machine_is_refused(layout: Layout, tmp_path: Path) -> None:
    """A builder that quietly took a base for another machine is found out."""
    with pytest.raises(ImageError, match=r"made for linux/amd64; expected linux/arm64; .* --base linux/arm64=IMAGE"):
        taken(layout, saved(tmp_path / "a", [BASE, APP]), platform="linux/arm64")


def test_an_image_on_another_base_is_refused(layout: Layout, tmp_path: Path) -> None:
    """A base that was exchanged between two builds is found out."""
    with pytest.raises(ImageError, match="was not built on its base"):
        taken(layout, saved(tmp_path / "a", [APP, BASE]))


def test_what_is_no_image_is_refused(layout: Layout, tmp_path: Path) -> None:
    """An archive without an image, or with two, ends in a sentence."""
    two = saved(tmp_path / "two", [BASE, APP])
    for content in (b"[]", b"{}", b"[{}, {}]", b"[{}]", b"no"):
        with tarfile.open(tmp_path / "archive", "w") as archive:
            (tmp_path / "manifest.json").write_bytes(content)
            archive.add(tmp_path / "manifest.json", "manifest.json")
        with pytest.raises(ImageError, match="holds no single image"):
            taken(layout, tmp_path / "archive")
    assert json.loads(layout.read(taken(layout, two).digest))["layers"]


def test_zstd_is_said_not_to_be_read(layout: Layout, tmp_path: Path) -> None:
    """A layer in a compression that Python has no words for is named."""
    zstd = b"\x28\xb5\x2f\xfd" + bytes(100)
    archive = saved(tmp_path / "a", [BASE, zstd])
    with pytest.raises(ImageError, match="compressed with zstd"):
        taken(layout, archive)
