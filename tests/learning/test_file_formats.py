"""What is no CSV is called by its name, with advice that works."""

import bz2
import gzip
import io
import lzma
import subprocess
import tarfile
import zipfile
from pathlib import Path

import polars as pl
import pytest

from houseprice.errors import DataError
from houseprice.learning.csv_reader import read
from houseprice.learning.file_formats import identify
from learning.houses import SCHEMA, written

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
    "gzip": gzip.compress(CSV),
    "bzip2": bz2.compress(CSV),
    "xz": lzma.compress(CSV),
    "zip": zipped(sales__csv=CSV),
    "xlsx": zipped(**{"[Content_Types]__xml": b"<Types/>", "xl/workbook__xml": b"<workbook/>"}),
    "tar": tarred(),
    "parquet": parquet(),
    "pdf": b"%PDF-1.7\n%\xe2\xe3\n",
    "sqlite": b"SQLite format 3\x00" + bytes(84),
    "xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
    "git-lfs-pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n",
    "git-annex-pointer": b"/annex/objects/SHA256E-s12--0.csv\n",
    "html": b"\xef\xbb\xbf\n<!-- saved -->\n<HTML lang=en><title>Sign in</title>",
    "xml": b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
    "json": b'{"message": "Not Found"}',
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_of_another_format_is_called_by_its_name(tmp_path: Path, name: str) -> None:
    """Rather than to lack columns, or to be in an encoding."""
    path = tmp_path / "sales.csv"
    path.write_bytes(OTHERS[name])
    with pytest.raises(DataError) as excinfo:
        read(path, SCHEMA)
    assert excinfo.value.code == "csv_other_format"
    assert excinfo.value.details["format"] == name


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig", "utf-8"]
)
def test_the_advice_for_another_encoding_leads_to_a_file_that_can_be_read(tmp_path: Path, encoding: str) -> None:
    """The command that is told gives the very table."""
    path, converted = tmp_path / "sales.csv", tmp_path / "utf8.csv"
    path.write_bytes(TEXT.encode(encoding))
    if encoding.startswith("utf-8"):
        assert read(path, SCHEMA).texts["quarter"].to_list() == ["north", "Öst"]
        return
    with pytest.raises(DataError) as excinfo:
        read(path, SCHEMA)
    assert excinfo.value.code == "csv_not_utf8"
    command = ["iconv", "-f", excinfo.value.details["format"], "-t", "UTF-8", str(path)]
    converted.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    assert read(converted, SCHEMA).texts["quarter"].to_list() == ["north", "Öst"]


def test_a_file_in_an_older_encoding_is_not_taken_for_another_format(tmp_path: Path) -> None:
    """One byte a character, beyond ASCII."""
    path = tmp_path / "sales.csv"
    path.write_bytes(TEXT.encode("cp1252"))
    with pytest.raises(DataError) as excinfo:
        read(path, SCHEMA)
    assert excinfo.value.code == "csv_not_utf8"
    assert "format" not in excinfo.value.details


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"id;price\n", b'"a","b"\n', b"[id],[price]\n1,2\n", CSV, b"\n\n"]
)
def test_a_csv_is_nothing_else(content: bytes) -> None:
    """Whatever its header looks like."""
    assert identify(content) is None


def test_a_text_without_any_declared_column_is_shown(tmp_path: Path) -> None:
    """Such as the body of an error that was saved under the name of the file."""
    path = tmp_path / "sales.csv"
    path.write_text("404: Not Found")
    with pytest.raises(DataError, match="404: Not Found") as excinfo:
        read(path, SCHEMA)
    assert excinfo.value.code == "csv_columns_missing"
