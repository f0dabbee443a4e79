"""Files of houses to be priced: a CSV in UTF-8 as it is, any other file of a table as such a CSV in memory.

What is no CSV in UTF-8 by its first bytes is read as raw sales are, which needs polars; the server reads no files, and
starts without it.
"""

import codecs
import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from houseprice.errors import DataError, MissingDependencyError

HEAD_BYTES = 2**16
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def open_csv(source: Path, sheet: str | None = None) -> tuple[BinaryIO, Sequence[int] | None]:
    """Return a CSV in UTF-8, and the number of each of its rows in the file when it was made from another form.

    Raises:
        OSError: The file cannot be opened.
        DataError: It cannot be read, or a row has more or fewer fields than the header (code `csv_invalid`).
        MissingDependencyError: It is no CSV in UTF-8, and polars is not installed (code `polars_missing`).
    """
    stream = io.BufferedReader(source.open("rb", buffering=0), HEAD_BYTES)
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


def _is_utf8(head: bytes) -> bool:
    """Return whether a file that begins so may be a CSV in UTF-8; a character may be cut at the end."""
    if head.startswith(_PACKED) or b"\0" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True
