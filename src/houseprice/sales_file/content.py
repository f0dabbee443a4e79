"""Content of a regular file, unpacked from gzip or ZIP, within limits."""

import io
import os
import stat
import zipfile
import zlib
from gzip import GzipFile
from pathlib import Path, PurePosixPath
from typing import IO

from houseprice.errors import DataError
from houseprice.sales_file.file_formats import TABLE_SUFFIXES, identify
from houseprice.sales_file.notes import Note

MAX_BYTES = 2 * 2**30
"""Of a file, and of what is unpacked from it."""
MAX_RATIO = 250
"""Of unpacked to packed bytes, past the first `FREE_BYTES`; sales are packed to a fifth or a tenth."""
FREE_BYTES = 32 * 2**20
MAX_LAYERS = 2
"""Archives within each other, such as a ZIP archive of a file packed by gzip."""
_STEP = 2**20


def content_of(path: Path) -> tuple[bytes, list[Note]]:
    """Return the content of a file, unpacked.

    Raises:
        DataError: It is not there (code `csv_not_found`), no regular file (`file_not_regular`), unreadable
            (`csv_unreadable`), too large (`file_too_large`); a damaged archive (`archive_damaged`), one that needs a
            password (`archive_encrypted`), unpacks to too much (`archive_too_large`), or holds no table or several
            (`archive_ambiguous`).
    """
    content, notes = _read(path), []
    for _ in range(MAX_LAYERS):
        found = identify(content)
        if found is None or found.name not in ("gzip", "zip"):
            break
        unpack = _gunzip if found.name == "gzip" else _unzip
        try:
            content, note = unpack(content, str(path))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, ValueError) as err:
            raise DataError(
                f'"{path}" is {found.what}, but damaged or of an unknown kind ({err}); get it again, or unpack it by '
                "the program that made it.",
                code="archive_damaged",
                path=str(path),
            ) from err
        notes.append(note)
    return content, notes


def _read(path: Path) -> bytes:
    """Return the bytes of a file; no pipe is waited for, and no device is read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as stream:
            facts = os.fstat(stream.fileno())
            if stat.S_ISDIR(facts.st_mode):
                raise IsADirectoryError(21, "Is a directory")
            if not stat.S_ISREG(facts.st_mode):
                raise DataError(
                    f'"{path}" is a pipe or a device; give the path of a file.', code="file_not_regular", path=str(path)
                )
            return _bounded(stream, MAX_BYTES, path, "file_too_large")
    except FileNotFoundError as err:
        raise DataError(
            f'"{path}" was not found; check the path of the file of sales (such as data/raw/house_data.csv).',
            code="csv_not_found",
        ) from err
    except OSError as err:
        raise DataError(f'"{path}" cannot be read ({err.strerror}).', code="csv_unreadable") from err


def _gunzip(content: bytes, where: str) -> tuple[bytes, Note]:
    with GzipFile(fileobj=io.BytesIO(content)) as stream:
        unpacked = _bounded(stream, _limit(len(content)), where, "archive_too_large")
    return unpacked, Note("", "gzip", "certain", "The file is packed by gzip.")


def _unzip(content: bytes, where: str) -> tuple[bytes, Note]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        member, others = _table_in(archive, where)
        if member.flag_bits & 1:
            raise DataError(
                f'"{where}" needs a password; unpack it, and give the table that it holds.',
                code="archive_encrypted",
                path=where,
            )
        with archive.open(member) as stream:
            unpacked = _bounded(stream, _limit(member.compress_size), where, "archive_too_large")
    besides = f" Besides, it holds {', '.join(others[:5])}." if others else ""
    return unpacked, Note("", member.filename, "certain", f"It is the only table in the ZIP archive.{besides}")


def xml_members(content: bytes, where: str) -> dict[str, bytes]:
    """Return the names and contents of the XML files in a ZIP archive, unpacked within the limits.

    Raises:
        DataError: They hold too much (code `archive_too_large`).
        zipfile.BadZipFile: The archive is damaged.
    """
    found: dict[str, bytes] = {}
    left = _limit(len(content))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            if member.filename.endswith((".xml", ".rels")):
                with archive.open(member) as stream:
                    found[member.filename] = _bounded(stream, left, where, "archive_too_large")
                left -= len(found[member.filename])
    return found


def _table_in(archive: zipfile.ZipFile, where: str) -> tuple[zipfile.ZipInfo, list[str]]:
    """Return the one member that is a table, and the names of the others."""
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not any(part.startswith((".", "__MACOSX")) for part in _path(member).parts)
    ]
    texts = [member for member in members if _path(member).suffix.lower() == ".txt"]
    tables = [member for member in members if _is_table(_path(member)) and member not in texts] or texts or members
    if len(tables) != 1:
        names = [member.filename for member in tables]
        shown = ", ".join(f'"{name}"' for name in names[:5]) + (", …" if len(names) > 5 else "")
        raise DataError(
            f'"{where}" is a ZIP archive of {len(tables)} files{f" ({shown})" if names else ""} instead of one table; '
            "unpack it, and give the table that is meant.",
            code="archive_ambiguous",
            path=where,
            members=names,
        )
    return tables[0], [member.filename for member in members if member is not tables[0]]


def _path(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename)


def _is_table(path: PurePosixPath) -> bool:
    return path.suffix.lower() in TABLE_SUFFIXES


def _limit(packed: int) -> int:
    return min(MAX_BYTES, max(FREE_BYTES, packed * MAX_RATIO))


def _bounded(stream: IO[bytes] | GzipFile, limit: int, where: object, code: str) -> bytes:
    """Return all of a stream, if that is no more than a limit."""
    content = io.BytesIO()
    while step := stream.read(_STEP):
        content.write(step)
        if content.tell() > limit:
            raise DataError(
                f'"{where}" holds more than {limit:,} bytes, which is the limit'
                f"{' for what it is packed to' if code == 'archive_too_large' else ''}; give a smaller table, or parts "
                "of it in a folder.",
                code=code,
                path=str(where),
                limit=limit,
            )
    return content.getvalue()  # without a copy
