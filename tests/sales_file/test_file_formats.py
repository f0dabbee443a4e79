"""What is no CSV is called by its name, with advice that works."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from houseprice.errors import DataError
from houseprice.sales_file import parse, read
from houseprice.sales_file.file_formats import identify
from learning.houses import written

TEXT = written([{}, {"area": "70", "quarter": "Öst"}])
CSV = TEXT.encode()


def zipped(**members: bytes) -> bytes:
    """Return a ZIP archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return stream.getvalue()


def tarred() -> bytes:
    """Return a tar archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("sales.csv")
        member.size = len(CSV)
        archive.addfile(member, io.BytesIO(CSV))
    return stream.getvalue()


def parquet() -> bytes:
    """Return a Parquet file."""
    stream = io.BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(stream)
    return stream.getvalue()


OTHERS = {
    "bzip2": bz2.compress(CSV),
    "xz": lzma.compress(CSV),
    "tar": tarred(),
    "office": zipped(**{"[Content_Types]__xml": b"<Types/>", "word/document__xml": b"<document/>"}),
    "pdf": b"%PDF-1.7\n%\xe2\xe3\n",
    "sqlite": b"SQLite format 3\x00" + bytes(84),
    "xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
    "git-lfs-pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n",
    "git-annex-pointer": b"/annex/objects/SHA256E-s12--0.csv\n",
    "html": b"\xef\xbb\xbf\n<!-- saved -->\n<HTML lang=en><title>Sign in</title>",
    "xml": b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
    "json": b'{"message": "Not Found"}',
}


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_another_format_is_called_by_its_name(
    tmp_path: Path, name: str, packed: Callable[[bytes], bytes]
) -> None:
    """Rather than to lack columns, or to be in an encoding."""
    path = tmp_path / "sales.csv"
    path.write_bytes(packed(OTHERS[name]))
    with pytest.raises(DataError) as excinfo:
        read(path)
    assert excinfo.value.code == "csv_other_format"
    assert excinfo.value.details["format"] == name


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gzip", gzip.compress(CSV)),
        ("zip", zipped(sales__csv=CSV)),
        ("xlsx", zipped(**{"[Content_Types]__xml": b"<Types/>", "xl/workbook__xml": b"<workbook/>"})),
        ("parquet", parquet()),
    ],
)
def test_what_can_be_read_is_known_by_its_content(name: str, content: bytes) -> None:
    """Whatever the file is called."""
    found = identify(content)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"id;price\n", b'"a","b"\n', b"[id],[price]\n1,2\n", CSV, b"\n\n"]
)
def test_a_csv_is_nothing_else(content: bytes) -> None:
    """Whatever its header looks like."""
    assert identify(content) is None


def test_the_body_of_an_error_is_a_table_of_one_column() -> None:
    """A text that was saved under the name of the file; that it lacks every column is told elsewhere."""
    assert parse(b"404: Not Found", "sales.csv").columns == ["404: Not Found"]
