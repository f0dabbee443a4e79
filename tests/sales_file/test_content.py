"""Bytes of a file: only of regular files, unpacked within limits."""

import bz2
import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest

from houseprice.errors import DataError
from houseprice.sales_file import content
from houseprice.sales_file.content import content_of

CSV = b"area,price\n70,1000\n80,2000\n"


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return stream.getvalue()


def code_of(path: Path) -> str:
    """Return the code by which a file is refused."""
    with pytest.raises(DataError) as excinfo:
        content_of(path)
    return excinfo.value.code


@pytest.mark.parametrize(
    "packed",
    [
        CSV,
        gzip.compress(CSV),
        gzip.compress(CSV[:11]) + gzip.compress(CSV[11:]),
        zipped({"sales.csv": CSV}),
        zipped({"sales.csv": CSV}, zipfile.ZIP_STORED),
        zipped({"sales.csv": CSV}, zipfile.ZIP_BZIP2),
        zipped({"sales.csv": CSV}, zipfile.ZIP_LZMA),
        zipped({"folder/": b"", "folder/sales.csv": CSV, "__MACOSX/._sales.csv": b"\0", ".DS_Store": b"\0"}),
        zipped({"sales.csv": CSV, "README.md": b"# Sales", "licence.txt": b"free", "terms.pdf": b"%PDF-"}),
        zipped({"sales.txt": CSV}),
        zipped({"sales": CSV}),
        zipped({"sales.csv.gz": gzip.compress(CSV)}),
        gzip.compress(zipped({"sales.csv": CSV})),
    ],
)
def test_a_table_is_unpacked(tmp_path: Path, packed: bytes) -> None:
    """Whether by gzip or ZIP, or one within the other, and whatever lies beside it in the archive."""
    path = tmp_path / "sales"
    path.write_bytes(packed)
    assert content_of(path)[0] == CSV


def test_what_was_unpacked_is_told(tmp_path: Path) -> None:
    """With the name of the table, and of what was left."""
    path = tmp_path / "sales.zip"
    path.write_bytes(zipped({"sales.csv": CSV, "README.md": b"# Sales"}))
    (note,) = content_of(path)[1]
    assert (note.value, note.verdict) == ("sales.csv", "certain")
    assert "README.md" in note.reason


@pytest.mark.parametrize(
    ("packed", "code"),
    [
        (zipped({"a.csv": CSV, "b.csv": CSV}), "archive_ambiguous"),
        (zipped({}), "archive_ambiguous"),
        (zipped({"a.csv": CSV})[:-30], "archive_damaged"),
        (gzip.compress(CSV)[:-4], "archive_damaged"),
        (gzip.compress(CSV)[:-8] + bytes(8), "archive_damaged"),
        (b"\x1f\x8b\x08" + b"x" * 40, "archive_damaged"),
    ],
)
def test_an_archive_without_one_whole_table_is_refused(tmp_path: Path, packed: bytes, code: str) -> None:
    """Nothing is guessed from a part of it."""
    path = tmp_path / "sales"
    path.write_bytes(packed)
    assert code_of(path) == code


def test_an_archive_with_a_password_is_told(tmp_path: Path) -> None:
    """Rather than to be damaged."""
    packed = bytearray(zipped({"a.csv": CSV}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(mark) + offset] |= 1
    (tmp_path / "a.zip").write_bytes(packed)
    assert code_of(tmp_path / "a.zip") == "archive_encrypted"


@pytest.mark.parametrize("layers", ["gzip", "zip", "zip of gzip"])
def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path, layers: str) -> None:
    """A few kilobytes that stand for a gigabyte; the ratio is refused long before the size."""
    bomb = tmp_path / "bomb"
    zeros = gzip.compress(bytes(2 * content.FREE_BYTES))
    many = zipped({"a.csv": bytes(2 * content.FREE_BYTES)})
    bomb.write_bytes({"gzip": zeros, "zip": many, "zip of gzip": zipped({"a.csv.gz": zeros})}[layers])
    assert code_of(bomb) == "archive_too_large"


def test_a_file_may_not_be_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its content is held in memory."""
    path = tmp_path / "sales.csv"
    path.write_bytes(CSV)
    monkeypatch.setattr(content, "MAX_BYTES", len(CSV))
    assert content_of(path)[0] == CSV
    monkeypatch.setattr(content, "MAX_BYTES", len(CSV) - 1)
    assert code_of(path) == "file_too_large"


def test_archives_within_archives_end(tmp_path: Path) -> None:
    """What is still packed after two layers is left to be refused as no CSV."""
    path = tmp_path / "sales"
    path.write_bytes(bz2.compress(CSV))
    assert content_of(path)[0].startswith(b"BZh")
    path.write_bytes(gzip.compress(gzip.compress(gzip.compress(CSV))))
    assert content_of(path)[0].startswith(b"\x1f\x8b")


def test_links_are_followed_and_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    """A pipe is not waited for, and /dev/zero has no end."""
    (tmp_path / "sales.csv").write_bytes(CSV)
    (tmp_path / "link").symlink_to("sales.csv")
    assert content_of(tmp_path / "link")[0] == CSV
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    assert code_of(tmp_path / "pipe") == "file_not_regular"
    assert code_of(tmp_path / "device") == "file_not_regular"
    assert code_of(tmp_path) == "csv_unreadable"
    (tmp_path / "loop").symlink_to("loop")
    assert code_of(tmp_path / "loop") == "csv_unreadable"
    assert code_of(tmp_path / "none") == "csv_not_found"
