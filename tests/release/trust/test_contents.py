"""Layers of strangers: what they show is what a container would see, and nothing in them can do harm."""

import gzip
import hashlib
import io
import tarfile

import pytest
from planting import archive

from houseprice.errors import TrustError
from houseprice.release.trust import contents as module
from houseprice.release.trust.contents import Contents, below


def shown(*tars: bytes) -> Contents:
    """Lay tars on each other, and give back what shows below `a`."""
    found = Contents(lambda path: path.startswith("a/"))
    for tar in tars:
        found.lay(gzip.compress(tar), f"sha256:{hashlib.sha256(tar).hexdigest()}")
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


def test_what_is_taken_away_is_gone() -> None:
    """A file, a folder, all of a folder; in whichever order the layer says so, its own files stay."""
    lower = archive({"a/x": b"1", "a/b/y": b"2", "a/c/z": b"3"})
    assert shown(lower, archive({"a/.wh.x": b"", "a/.wh.b": b""})).files == {"a/c/z": b"3"}
    assert shown(lower, archive({"a/n": b"4", "a/.wh..wh..opq": b""})).files == {"a/n": b"4"}
    assert shown(lower, archive({".wh.a": b""})).files == {}


def test_a_file_in_place_of_a_folder_hides_it() -> None:
    """And a folder in place of a file."""
    assert shown(archive({"a/b/y": b"1"}), archive({"a/b": b"2"})).files == {"a/b": b"2"}
    assert shown(archive({"a/b": b"1"}), members(("a/b", tarfile.DIRTYPE, ""))).files == {}


def test_a_second_name_shows_the_same() -> None:
    """A hard link is read as the file that it is."""
    found = shown(members(("a/x", tarfile.REGTYPE, "hello"), ("a/y", tarfile.LNKTYPE, "a/x")))
    assert found.files == {"a/x": b"hello", "a/y": b"hello"}
    with pytest.raises(TrustError, match="second name of what its layer lacks"):
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
    with pytest.raises(TrustError, match="climbs out of the image"):
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
    with pytest.raises(TrustError, match=told):
        Contents(lambda path: True).lay(layer, f"sha256:{hashlib.sha256(unpacked).hexdigest()}")


def test_a_layer_that_unpacks_to_something_else_is_said() -> None:
    """The configuration names what it unpacks to, and the signature covers the configuration."""
    with pytest.raises(TrustError, match="the image's configuration names sha256:0000"):
        Contents(lambda path: True).lay(gzip.compress(archive({})), f"sha256:{'0' * 64}")


def test_everything_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that unpacks without end, a file too large, too many files."""
    monkeypatch.setattr(module, "UNPACKED", 100_000)
    with pytest.raises(TrustError, match="unpacks to more than 100000 bytes"):
        shown(archive({"b": b"0" * 200_000}))
    monkeypatch.setattr(module, "FILE", 1000)
    with pytest.raises(TrustError, match=r'"a/x" has more than 1000 bytes'):
        shown(archive({"a/x": b"0" * 1001}))
    monkeypatch.setattr(module, "TOTAL", 2500)
    with pytest.raises(TrustError, match=r'"a/z" has more than 500 bytes'):
        shown(archive({"a/x": b"0" * 1000}), archive({"a/y": b"0" * 1000, "a/z": b"0" * 501}))
    assert len(shown(archive({"a/x": b"0" * 1000})).files["a/x"]) == 1000
