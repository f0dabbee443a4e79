"""The files of an image, seen through its layers as a container would see them."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from houseprice.errors import ImageError
from houseprice.release.layout import files
from houseprice.release.layout.files import seen
from release.layout.saving import layer

Layers = list[dict[str, bytes]]


def looked(tmp_path: Path, layers: Layers, first: int | None = None) -> dict[str, str]:
    """Write layers to disk and give back what is seen through them."""
    paths = []
    for number, content in enumerate(layers):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(gzip.compress(layer(content)) if number % 2 else layer(content))
    return {path: content.decode() for path, content in seen(paths, lambda _path: True, first).items()}


CASES: dict[str, tuple[Layers, dict[str, str]]] = {
    "the upper one counts": ([{"a": b"1"}, {"a": b"2", "b": b"3"}], {"a": "2", "b": "3"}),
    "taken away": ([{"d/a": b"1", "d/b": b"2"}, {"d/.wh.a": b""}], {"d/b": "2"}),
    "a folder taken away": ([{"d/e/a": b"1", "de": b"2"}, {".wh.d": b""}], {"de": "2"}),
    "all that a folder held": (
        [{"d/a": b"1", "d/e/b": b"2", "c": b"3"}, {"d/.wh..wh..opq": b"", "d/x": b"4"}],
        {"c": "3", "d/x": "4"},
    ),
    "everything": ([{"a": b"1"}, {".wh..wh..opq": b"", "b": b"2"}], {"b": "2"}),
    "taken away and put back": ([{"a": b"1"}, {".wh.a": b""}, {"a": b"3"}], {"a": "3"}),
    "put back in the same layer": ([{"a": b"1"}, {".wh.a": b"", "a": b"2"}], {"a": "2"}),
    "a file where a folder was": ([{"d/a": b"1"}, {"d": b"2"}], {"d": "2"}),
    "a leading dot": ([{"./a": b"1"}, {"./.wh.a": b""}], {}),
    "only below": ([{"a": b"1"}, {".wh.b": b""}], {"a": "1"}),
}


@pytest.mark.parametrize(("layers", "expected"), CASES.values(), ids=CASES)
def test_upper_layers_hide_lower_ones(tmp_path: Path, layers: Layers, expected: dict[str, str]) -> None:
    """What is seen is what a container would see."""
    assert looked(tmp_path, layers) == expected


def test_the_first_bytes_can_be_enough(tmp_path: Path) -> None:
    """Of large files only what is asked for is kept."""
    assert looked(tmp_path, [{"a": b"abcdef"}], first=2) == {"a": "ab"}


def test_hard_links_are_files(tmp_path: Path) -> None:
    """A second name of a file holds what the first holds, also when that lies in a lower layer."""
    stream = io.BytesIO(layer({"a": b"1"}))
    (tmp_path / "below").write_bytes(stream.getvalue())
    with tarfile.open(tmp_path / "above", "w") as archive:
        for name, target in (("b", "a"), ("c", "nowhere")):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.LNKTYPE, target
            archive.addfile(entry)
    found = seen((tmp_path / "below", tmp_path / "above"), lambda _path: True)
    assert found == {"a": b"1", "b": b"1", "c": b""}


def test_a_file_of_any_size_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wanted file that is larger than is sensible is refused."""
    monkeypatch.setattr(files, "LIMIT", 3)
    with pytest.raises(ImageError, match='"a" has 4 bytes; expected at most 3'):
        looked(tmp_path, [{"a": b"1234"}])


@pytest.mark.parametrize(
    "content",
    [b"no archive", gzip.compress(layer({"a": b"1"}), mtime=0)[:-30], b"\x1f\x8b"],
    ids=["no archive", "cut off", "a beginning"],
)
def test_what_is_no_layer_is_refused(tmp_path: Path, content: bytes) -> None:
    """A layer that is cut off or is none is named."""
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ImageError, match="is no layer"):
        seen((tmp_path / "x",), lambda _path: True)
