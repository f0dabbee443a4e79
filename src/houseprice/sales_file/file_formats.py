"""What a file is that is no CSV, by its first bytes, and what to do with it."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class FileFormat:
    """A format: its short name, the code of the error, what it is in words, and what to do."""

    name: str
    code: str
    what: str
    advice: str


def _other(name: str, what: str, advice: str) -> FileFormat:
    return FileFormat(name, "csv_other_format", what, advice)


TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".psv", ".txt", ".xlsx", ".xlsm", ".parquet", ".pq", ".gz", ".zip")
"""Endings of names by which a table is found among other files."""
_UNPACK = "unpack it, and give the CSV that it holds"
_EXPORT = "open it with the program that wrote it, and export the table as CSV in UTF-8"
_DOWNLOAD = "the download answered something else than the file: download it again, and look at what arrives"
_OFFICE = rb"PK\x03\x04.{26}(?=\[Content_Types\]\.xml|xl/|_rels/|docProps/)"
"""A ZIP archive by the name of its first member."""
_MAGIC = (
    (rb"\x1f\x8b", _other("gzip", "compressed by gzip", "unpack it first with `gunzip`")),
    (_OFFICE + rb"(?=.{0,4000}(word|ppt)/)", _other("office", "a document of Word or PowerPoint", _EXPORT)),
    (_OFFICE, _other("xlsx", "an Excel workbook", _EXPORT)),
    (
        rb"PK\x03\x04(?=.{0,200}application/vnd\.oasis\.opendocument)",
        _other("ods", "an OpenDocument spreadsheet", _EXPORT),
    ),
    (rb"PK(\x03\x04|\x05\x06)", _other("zip", "a ZIP archive", "unpack it first with `unzip`")),
    (rb"\xfd7zXZ\x00", _other("xz", "compressed by xz", "unpack it first with `unxz`")),
    (rb"BZh[1-9]1AY&SY", _other("bzip2", "compressed by bzip2", "unpack it first with `bunzip2`")),
    (rb"\x28\xb5\x2f\xfd", _other("zstd", "compressed by Zstandard", "unpack it first with `unzstd`")),
    (rb"7z\xbc\xaf\x27\x1c", _other("7z", "a 7-Zip archive", _UNPACK)),
    (rb"Rar!\x1a\x07", _other("rar", "a RAR archive", _UNPACK)),
    (rb"(?=.{257}ustar)", _other("tar", "a tar archive", "unpack it first with `tar -xf`")),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _other("xls", "a workbook of an older Excel, or with a password", _EXPORT)),
    (rb"%PDF-", _other("pdf", "a PDF document", "ask its source for the table as CSV")),
    (rb"PAR1", _other("parquet", "a Parquet file", "write its table as CSV first")),
    (rb"SQLite format 3\x00", _other("sqlite", "an SQLite database", "export its table as CSV first")),
    (rb"(ARROW1|FEA1)", _other("arrow", "an Arrow file", "write its table as CSV first")),
    (rb"\x89HDF\r\n\x1a\n", _other("hdf5", "an HDF5 file", "write its table as CSV first")),
)
_MARKS = (
    (
        r"version https://git-lfs\.github\.com/spec/",
        _other("git-lfs-pointer", "a pointer of Git LFS instead of the file itself", "run `git lfs pull`"),
    ),
    (
        r"(\.\./)*(\.git)?/annex/objects/",
        _other("git-annex-pointer", "a pointer of git-annex instead of the file itself", "run `git annex get`"),
    ),
    (
        r"(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b",
        _other("html", "a page of HTML", _DOWNLOAD),
    ),
    (r"<\?xml\b|<[A-Za-z][\w:.-]*(\s[^<>]*)?>", _other("xml", "an XML document", _DOWNLOAD)),
    (r"\{\s*(\"|\})|\[\s*[\[{]", _other("json", "a JSON document", _DOWNLOAD)),
    (r"\{\\rtf", _other("rtf", "a document in Rich Text Format", _EXPORT)),
)


def identify(content: bytes) -> FileFormat | None:
    """Return what the content of a file is when it is no text with a table, or None."""
    head = content[:5000]
    for magic, found in _MAGIC:
        if re.match(magic, head, re.DOTALL):
            return found
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    for mark, found in _MARKS:
        if re.match(mark, text, re.IGNORECASE | re.DOTALL):
            return found
    return None
