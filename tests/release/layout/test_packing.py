"""Layers: what a build leaves to chance is taken out, and nothing else is."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houseprice.errors import ImageError
from houseprice.release.layout.oci import Layout
from houseprice.release.layout.packing import Layer, copied, normalised, packed

EPOCH = 1_600_000_000
Entry = tuple[str, dict[str, object], bytes]
FOLDER = {"type": tarfile.DIRTYPE, "mode": 0o755}
FILE = {"mode": 0o644, "uid": 10001, "gid": 7}
CAPABILITY = {"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x04"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Give an empty layout."""
    return Layout.begin(tmp_path)


def tarred(*entries: Entry, **every: object) -> io.BytesIO:
    """Write an archive as a builder might."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, given_, content in entries:
            entry = tarfile.TarInfo(name)
            for key, value in {"mtime": 1_700_000_000.25, **given_, **every}.items():
                setattr(entry, key, value)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    stream.seek(0)
    return stream


def untarred(layout: Layout, layer: Layer) -> list[tarfile.TarInfo]:
    """Read the entries of a layer."""
    with tarfile.open(layout.path(layer.blob.digest)) as archive:
        return archive.getmembers()


TREE: tuple[Entry, ...] = (
    ("app/", FOLDER, b""),
    ("app/b.py", FILE, b"b"),
    ("app/a.py", FILE | {"pax_headers": CAPABILITY}, b"a"),
    ("app/.wh.gone", FILE, b""),
    ("app/.wh..wh..opq", FILE, b""),
    ("app/link", {"type": tarfile.SYMTYPE, "linkname": "../etc/x"}, b""),
    ("app/" + "long" * 60, FILE, b"long"),
)


def test_times_order_and_names_of_users_do_not_count(layout: Layout) -> None:
    """Two archives with one content, made at other times, by other users and in another order, are one layer."""
    one = normalised(layout, tarred(*TREE), EPOCH)
    given_ = {"mtime": 1_800_000_000, "uname": "somebody", "gname": "staff"}
    times = {"atime": "1.5", "ctime": "2.5"}
    noisy = [
        (f"./{name}", {**kind, "pax_headers": {**kind.get("pax_headers", {}), **times}}, content)
        for name, kind, content in TREE
    ]
    assert normalised(layout, tarred(*reversed(noisy), **given_), EPOCH) == one
    entries = untarred(layout, one)
    assert {entry.mtime for entry in entries} == {EPOCH}
    assert {entry.uname + entry.gname for entry in entries} == {""}
    assert [entry.name for entry in entries] == sorted(entry.name for entry in entries)


@pytest.mark.parametrize(
    "change", [{"mode": 0o755}, {"uid": 0}, {"gid": 0}, {"pax_headers": CAPABILITY}, {"name": "app/c.py"}]
)
def test_whatever_counts_is_kept(layout: Layout, change: dict[str, object]) -> None:
    """Another right, owner, capability, name or content is another layer, and is read back as it was given."""
    one = normalised(layout, tarred(*TREE), EPOCH)
    name, kind, content = TREE[1]
    changed = (str(change.get("name", name)), kind | change, content)
    other = normalised(layout, tarred(TREE[0], changed, *TREE[2:]), EPOCH)
    assert other.diff_id != one.diff_id
    (found,) = [entry for entry in untarred(layout, other) if entry.name == changed[0]]
    for key, value in change.items():
        assert getattr(found, key) == value
    assert normalised(layout, tarred((name, kind, b"B"), TREE[0], *TREE[2:]), EPOCH).diff_id != one.diff_id


def test_a_normal_layer_stays_as_it_is(layout: Layout) -> None:
    """To normalise twice is to normalise once."""
    one = normalised(layout, tarred(*TREE), EPOCH)
    again = io.BytesIO(gzip.decompress(layout.path(one.blob.digest).read_bytes()))
    assert normalised(layout, again, EPOCH) == one


def test_hard_links_do_not_depend_on_which_name_came_first(layout: Layout) -> None:
    """Whichever name a builder writes the content under, the first in order holds it and the others are links to it."""
    link = {"type": tarfile.LNKTYPE}
    one = tarred(
        ("z", FILE, b"same"), ("a", FILE | link | {"linkname": "z"}, b""), ("m", FILE | link | {"linkname": "./a"}, b"")
    )
    other = tarred(
        ("m", FILE, b"same"), ("z", FILE | link | {"linkname": "m"}, b""), ("a", FILE | link | {"linkname": "z"}, b"")
    )
    found = normalised(layout, one, EPOCH)
    assert normalised(layout, other, EPOCH) == found
    with tarfile.open(layout.path(found.blob.digest)) as archive:
        assert [(entry.name, entry.islnk(), entry.linkname) for entry in archive] == [
            ("a", False, ""),
            ("m", True, "a"),
            ("z", True, "a"),
        ]
        assert archive.extractfile("z").read() == b"same"


def test_a_link_into_a_lower_layer_stays_one(layout: Layout) -> None:
    """A hard link whose file is not in this layer is passed on."""
    found = normalised(layout, tarred(("b", FILE | {"type": tarfile.LNKTYPE, "linkname": "lower/file"}, b"")), EPOCH)
    assert [(entry.islnk(), entry.linkname) for entry in untarred(layout, found)] == [(True, "lower/file")]


def test_a_link_to_itself_is_refused(layout: Layout) -> None:
    """Links that go in a circle end in a sentence, and leave nothing half made behind."""
    link = {"type": tarfile.LNKTYPE}
    with pytest.raises(ImageError, match="is a link to itself"):
        normalised(
            layout,
            tarred(("a", FILE | link | {"linkname": "b"}, b""), ("b", FILE | link | {"linkname": "a"}, b"")),
            EPOCH,
        )
    assert [path.name for path in layout.folder.rglob("*") if path.is_file()] == ["oci-layout"]


def test_the_last_of_two_entries_of_one_name_counts(layout: Layout) -> None:
    """As whoever unpacks an archive sees it."""
    found = normalised(layout, tarred(("a", FILE, b"first"), ("./a", FILE, b"last")), EPOCH)
    with tarfile.open(layout.path(found.blob.digest)) as archive:
        assert [archive.extractfile(entry).read() for entry in archive] == [b"last"]


def test_a_layer_of_others_is_copied(layout: Layout) -> None:
    """Every byte of a layer that is not ours stays: its name before compression is the one that the world knows."""
    content = tarred(*TREE).getvalue()
    found = copied(layout, (content[:100], content[100:]))
    assert found.diff_id == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert Layout(layout.folder).path(found.blob.digest).stat().st_size == found.blob.size


def test_a_few_files_are_readable_by_everybody(layout: Layout) -> None:
    """Files of our own are root's, of mode 0644, in folders of mode 0755."""
    found = packed(layout, {"app/evidence/b": b"2", "app/evidence/a": b"1"}, EPOCH)
    entries = [(entry.name, entry.mode, entry.uid, entry.mtime) for entry in untarred(layout, found)]
    assert entries == [
        ("app/evidence", 0o755, 0, EPOCH),
        ("app/evidence/a", 0o644, 0, EPOCH),
        ("app/evidence/b", 0o644, 0, EPOCH),
    ]
    assert packed(layout, {"app/evidence/a": b"1", "app/evidence/b": b"2"}, EPOCH) == found


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=120).filter(
    lambda name: name not in (".", "..")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=600), min_size=1, max_size=8), st.randoms())
def test_any_files_come_back(layout: Layout, files: dict[str, bytes], random: object) -> None:
    """Whatever files are called and hold, they are all there, and their order does not count."""
    entries = [(name, FILE, content) for name, content in files.items()]
    one = normalised(layout, tarred(*entries), EPOCH)
    random.shuffle(entries)
    assert normalised(layout, tarred(*entries), EPOCH) == one
    with tarfile.open(layout.path(one.blob.digest)) as archive:
        assert {entry.name: archive.extractfile(entry).read() for entry in archive} == files
