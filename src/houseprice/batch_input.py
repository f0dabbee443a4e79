"""Files of houses to be priced: a CSV in UTF-8, also within gzip, as a stream, any other file as such a CSV in memory.

What is no CSV in UTF-8 by its first bytes is read as raw sales are, which needs polars; the server reads no files, and
starts without it.
"""

import codecs
import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from houseprice.errors import DataError, MissingDependencyError

HEAD_BYTES = 2**16
GZIP = b"\x1f\x8b"
_PACKED = (GZIP, b"PK\x03\x04", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def open_csv(source: Path, sheet: str | None = None) -> tuple[BinaryIO, Sequence[int] | None]:
    """Return a CSV in UTF-8, and the number of each of its rows in the file when it was made from another form.

    Raises:
        OSError: The file cannot be opened.
        DataError: It cannot be read, its gzip is damaged (code `archive_damaged`; also while the stream is read), or a
            row has more or fewer fields than the header (`csv_invalid`).
        MissingDependencyError: It is no CSV in UTF-8, and polars is not installed (code `polars_missing`).
    """
    stream = io.BufferedReader(source.open("rb", buffering=0), HEAD_BYTES)
    if stream.peek(HEAD_BYTES).startswith(GZIP):
        stream = io.BufferedReader(_Unpacked(stream, source), HEAD_BYTES)  # type: ignore[arg-type]  # it takes any raw stream
    if sheet is None and _is_utf8(stream.peek(HEAD_BYTES)):
        return stream, None
    stream.close()
    try:
        from houseprice.sales_file import ROW, FileLayout, read
    except ModuleNotFoundError as err:
        raise MissingDependencyError(
            f"\"{source}\" is no CSV in UTF-8; to read it, install polars with `pip install 'houseprice[learning]'`, "
            "or save it as CSV in UTF-8.",
            code="polars_missing",
        ) from err
    table = read(source, FileLayout(sheet=sheet))
    if not table.broken.is_empty():
        number, reason = table.broken.row(0)
        raise DataError(f'"{source}" cannot be priced: row {number} {reason}.', code="csv_invalid", row=number)
    return io.BytesIO(table.texts.drop(ROW).write_csv().encode()), table.texts[ROW].to_list()


class _Unpacked(io.RawIOBase):
    """The content of a file that is packed by gzip."""

    def __init__(self, packed: BinaryIO, source: Path) -> None:
        self._packed, self._source, self._done = packed, source, 0
        self._stream = gzip.GzipFile(fileobj=packed)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._packed.fileno()

    def readinto(self, buffer: Any) -> int:
        try:
            content = self._stream.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, zlib.error) as err:
            raise DataError(
                f'"{self._source}" is packed by gzip, but cut off or damaged after {self._done:,} bytes of its content '
                f"({err}). Get it again.",
                code="archive_damaged",
                path=str(self._source),
            ) from err
        buffer[: len(content)] = content
        self._done += len(content)
        return len(content)

    def close(self) -> None:
        self._packed.close()
        super().close()


def _is_utf8(head: bytes) -> bool:
    """Return whether a file that begins so may be a CSV in UTF-8; a character may be cut at the end."""
    if head.startswith(_PACKED) or b"\0" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True
