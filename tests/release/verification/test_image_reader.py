"""Files of an image as a container would see them: later layers cover earlier ones, and nothing is unpacked."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_image import Tiny

from houseprice.errors import ImageError
from houseprice.release.oci_layout import OciLayout
from houseprice.release.verification import image_reader
from houseprice.release.verification.image_reader import PlatformImage, read_image

Layers = Callable[..., PlatformImage]


@pytest.fixture
def layers(laid: Callable[..., OciLayout]) -> Layers:
    """Read the files of a stack of layers."""

    def one(*stack: dict[str, bytes | str]) -> PlatformImage:
        layout = laid(Tiny(list(stack), {}))
        return read_image(layout.folder, lambda path: path.startswith("a")).platforms[0]

    return one


@pytest.mark.parametrize(
    ("stack", "files"),
    [
        (({"a/x": b"1", "b": b"2"},), {"a/x": b"1"}),
        (({"./a/x": b"1"}, {"/a/x": b"2"}), {"a/x": b"2"}),
        (({"a/x": b"1", "a/y": b"2"}, {"a/.wh.x": b""}), {"a/y": b"2"}),
        (({"a/x": b"1"}, {"a/y": b"2", "a/.wh..wh..opq": b""}), {"a/y": b"2"}),
        (({"a/x": b"1", "ab": b"3"}, {".wh.a": b""}), {"ab": b"3"}),
        (({"a/x": b"1"}, {".wh..wh..opq": b""}), {}),
        (({"a/.wh.x": b"", "a/x": b"1"},), {"a/x": b"1"}),
        (({"a/x": b"1"}, {"a": b"2"}), {"a": b"2"}),
    ],
    ids=["wanted", "covered", "removed", "opaque", "folder removed", "all removed", "same layer", "file for folder"],
)
def test_later_layers_cover_earlier_ones(
    layers: Layers, stack: tuple[dict[str, bytes | str], ...], files: dict[str, bytes]
) -> None:
    """As the OCI specification says of whiteouts."""
    assert layers(*stack).files == files


def test_a_link_is_reported_where_it_matters(layers: Layers) -> None:
    """Below a folder and on the way to it; never followed."""
    found = layers({"a/b/x": b"1"}, {"a/b": "/elsewhere", "ab": "/elsewhere"})
    assert found.files == {}
    assert found.irregular_at("a/b").keys() == found.irregular_at("a/b/c").keys() == {"a/b"}
    assert found.irregular_at("a").keys() == {"a/b"}


def _layer(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type = kind
        tar.addfile(member)
    return packed.getvalue()


def test_a_device_is_reported(layers: Layers, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no file."""
    monkeypatch.setattr("tiny_image.archive", lambda _files: _layer("a/null", tarfile.CHRTYPE))
    assert layers({}).irregular.keys() == {"a/null"}


@pytest.mark.parametrize("content", [_layer("../a"), b"not a tar", _layer("a")[:100]])
def test_a_layer_that_is_none_is_refused(layers: Layers, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one whose names lead out of the image."""
    monkeypatch.setattr("tiny_image.archive", lambda _files: content)
    with pytest.raises(ImageError) as refused:
        layers({})
    assert refused.value.code == "layout_invalid"


@pytest.mark.parametrize("limit", ["LAYER_BYTES", "READ_BYTES"])
def test_too_much_is_refused(layers: Layers, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it fills the memory."""
    monkeypatch.setattr(image_reader, limit, 10)
    assert layers({"a": b"12345", "b": b""}).files == {"a": b"12345"}
    for stack in (({"a": b"0" * 11},), ({"a": b"0" * 6, "a2": b"0" * 6},)):
        with pytest.raises(ImageError) as refused:
            layers(*stack)
        assert refused.value.code == "layout_invalid"


def test_a_changed_layer_is_refused(laid: Callable[..., OciLayout]) -> None:
    """Whatever it is changed to."""
    layout = laid(Tiny([{"a": b"1"}], {}))
    largest: Path = layout.blob(layout.manifest("linux/amd64")["layers"][0]["digest"])
    largest.write_bytes(b"spoiled")
    with pytest.raises(ImageError) as refused:
        read_image(layout.folder, lambda _path: True)
    assert refused.value.code == "layout_invalid"
