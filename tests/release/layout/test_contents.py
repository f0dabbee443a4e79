"""Layers, ours and those of strangers: what shows is what a container would see, and nothing in them can do harm."""

import gzip
import hashlib
import io
import tarfile

import pytest
from planting import archive

from houseprice.errors import ImageError
from houseprice.release.layout import contents as module
from houseprice.release.layout.contents import Contents, below


def shown(*tars: bytes, below: str = "a/", first: int | None = None) -> Contents:
    """Lay tars on each other, packed or not, and give back what shows below a folder."""
    found = Contents(lambda path: path.startswith(below), first)
    for number, tar in enumerate(tars):
        layer = tar if number % 2 else gzip.compress(tar)
        found.lay(io.BytesIO(layer), f"sha256:{hashlib.sha256(tar).hexdigest()}")
    return found


def members(*given: tuple[str, bytes, str]) -> bytes:
    """Give back a tar of members of any type."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, kind, target in given:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            content = target.encode() if kind == tarfile.REGTYPE else b""
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_the_upper_layer_is_seen() -> None:
    """Paths may begin with a slash or a dot; what is not asked for is not read."""
    found = shown(archive({"./a/x": b"1", "/a/y": b"2", "b/z": b"3"}), archive({"a/x": b"4"}))
    assert found.files == {"a/x": b"4", "a/y": b"2"}


CASES: dict[str, tuple[list[dict[str, bytes]], dict[str, bytes]]] = {
    "the upper one counts": ([{"a": b"1"}, {"a": b"2", "b": b"3"}], {"a": b"2", "b": b"3"}),
    "taken away": ([{"d/a": b"1", "d/b": b"2"}, {"d/.wh.a": b""}], {"d/b": b"2"}),
    "a folder taken away": ([{"d/e/a": b"1", "de": b"2"}, {".wh.d": b""}], {"de": b"2"}),
    "all that a folder held": (
        [{"d/a": b"1", "d/e/b": b"2", "c": b"3"}, {"d/.wh..wh..opq": b"", "d/x": b"4"}],
        {"c": b"3", "d/x": b"4"},
    ),
    "all that a folder held, said last": ([{"d/a": b"1"}, {"d/x": b"4", "d/.wh..wh..opq": b""}], {"d/x": b"4"}),
    "everything": ([{"a": b"1"}, {".wh..wh..opq": b"", "b": b"2"}], {"b": b"2"}),
    "taken away and put back": ([{"a": b"1"}, {".wh.a": b""}, {"a": b"3"}], {"a": b"3"}),
    "put back in the same layer": ([{"a": b"1"}, {".wh.a": b"", "a": b"2"}], {"a": b"2"}),
    "a file where a folder was": ([{"d/a": b"1"}, {"d": b"2"}], {"d": b"2"}),
    "a leading dot": ([{"./a": b"1"}, {"./.wh.a": b""}], {}),
    "only below": ([{"a": b"1"}, {".wh.b": b""}], {"a": b"1"}),
}


@pytest.mark.parametrize(("layers", "expected"), CASES.values(), ids=CASES)
def test_upper_layers_hide_lower_ones(layers: list[dict[str, bytes]], expected: dict[str, bytes]) -> None:
    """What is seen is what a container would see."""
    assert shown(*map(archive, layers), below="").files == expected


def test_the_first_bytes_can_be_enough() -> None:
    """Of large files only what is asked for is kept."""
    assert shown(archive({"a/x": b"abcdef"}), first=2).files == {"a/x": b"ab"}


def test_the_last_of_a_name_counts() -> None:
    """A link that takes a file's place in the same layer is what a container would find there."""
    found = shown(members(("a/x", tarfile.REGTYPE, "1"), ("a/x", tarfile.SYMTYPE, "/etc/passwd")))
    assert (found.files, list(found.odd)) == ({}, ["a/x"])
    assert shown(members(("a/x", tarfile.REGTYPE, "1"), ("a/x", tarfile.DIRTYPE, ""))).files == {}


def test_a_file_in_place_of_a_folder_hides_it() -> None:
    """And a folder in place of a file."""
    assert shown(archive({"a/b/y": b"1"}), archive({"a/b": b"2"})).files == {"a/b": b"2"}
    assert shown(archive({"a/b": b"1"}), members(("a/b", tarfile.DIRTYPE, ""))).files == {}


def test_a_second_name_shows_the_same() -> None:
    """A hard link is read as the file that it is."""
    found = shown(members(("a/x", tarfile.REGTYPE, "hello"), ("a/y", tarfile.LNKTYPE, "a/x")))
    assert found.files == {"a/x": b"hello", "a/y": b"hello"}
    with pytest.raises(ImageError, match="second name of what its layer lacks"):
        shown(members(("a/y", tarfile.LNKTYPE, "elsewhere")))


def test_what_is_no_file_is_told() -> None:
    """A link on the way to a file, and anything that is neither file nor folder; a file in its place ends that."""
    odd = members(("a", tarfile.SYMTYPE, "/etc"), ("a/p", tarfile.FIFOTYPE, ""), ("c", tarfile.SYMTYPE, "d"))
    found = shown(odd)
    assert found.odd == {"a": 'a link to "/etc"', "a/p": "a device or a pipe", "c": 'a link to "d"'}
    assert below(found.odd, "a/b") == ["a"]
    assert shown(odd, members(("a", tarfile.DIRTYPE, "")), archive({"a/p": b"1", "c": b"2"})).odd == {}


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/a/../../x"])
def test_a_path_that_climbs_out_is_refused(name: str) -> None:
    """No engine would unpack it either."""
    with pytest.raises(ImageError, match="climbs out of the image"):
        shown(archive({name: b""}))


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        (gzip.compress(b"x" * 2000, mtime=0), "cannot be read as tar"),
        (gzip.compress(b"x" * 2000, mtime=0)[:-9], "cannot be unpacked"),
        (gzip.compress(b"x" * 2000, mtime=0) + b"more", "cannot be unpacked"),
        (b"\x1f\x8bnonsense", "cannot be unpacked"),
        (b"\x28\xb5\x2f\xfd zstd", "cannot be read as tar"),
    ],
    ids=["no archive", "cut off", "more than one", "not gzip", "zstd"],
)
def test_what_is_no_layer_is_said(layer: bytes, told: str) -> None:
    """Broken off, longer than it says, of another kind."""
    unpacked = gzip.decompress(layer) if told == "cannot be read as tar" and layer.startswith(b"\x1f") else layer
    with pytest.raises(ImageError, match=told):
        Contents(lambda path: True).lay(io.BytesIO(layer), f"sha256:{hashlib.sha256(unpacked).hexdigest()}")


def test_a_layer_that_unpacks_to_something_else_is_said() -> None:
    """The configuration names what it unpacks to, and the signature covers the configuration."""
    with pytest.raises(ImageError, match="the image's configuration names sha256:0000"):
        Contents(lambda path: True).lay(io.BytesIO(gzip.compress(archive({}))), f"sha256:{'0' * 64}")


def test_everything_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that unpacks without end, a file too large, too many files."""
    monkeypatch.setattr(module, "UNPACKED", 100_000)
    with pytest.raises(ImageError, match="unpacks to more than 100000 bytes"):
        shown(archive({"b": b"0" * 200_000}))
    monkeypatch.setattr(module, "FILE", 1000)
    with pytest.raises(ImageError, match=r'"a/x" has more than 1000 bytes'):
        shown(archive({"a/x": b"0" * 1001}))
    monkeypatch.setattr(module, "TOTAL", 2500)
    with pytest.raises(ImageError, match=r'"a/z" has more than 500 bytes'):
        shown(archive({"a/x": b"0" * 1000}), archive({"a/y": b"0" * 1000, "a/z": b"0" * 501}))
    assert len(shown(archive({"a/x": b"0" * 1000})).files["a/x"]) == 1000
