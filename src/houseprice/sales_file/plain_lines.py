"""Rows of a CSV without quotes, read by polars where Python's reader would give the same fields.

Where no quote and no carriage return alone is in a file, a record is a line and a field is what stands between two
separators. A block of lines that all have as many separators as the header is read by polars, in a tenth of the time;
every other block is left to Python's reader, which tells what is wrong with a line.
"""

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Iterator
from itertools import islice

import numpy as np
import polars as pl

from houseprice.sales_file.csv_dialect import Dialect

BLOCK_BYTES = 2**24
BLOCK_ROWS = 20_000


def is_plain(content: bytes, encoding: str, dialect: Dialect, width: int) -> bool:
    """Return whether every line of a text is a record, and is divided by separators alone."""
    return (
        encoding == "utf-8"
        and width > 1
        and dialect.quoting in ("double", "none")
        and b'"' not in content
        and content.count(b"\r") == content.count(b"\r\n")
    )


def plain_blocks(
    content: bytes, dialect: Dialect, width: int, skipped: int, block_bytes: int = BLOCK_BYTES
) -> Iterator[pl.DataFrame | list[list[str]]]:
    """Yield the rows below the first lines in blocks: as texts in columns, or as lists where one is of another length.

    Raises:
        csv.Error: Python's reader cannot read a line.
    """
    start = len(BOM_UTF8) if content.startswith(BOM_UTF8) else 0
    for _ in range(skipped):
        start = content.find(b"\n", start) + 1 or len(content)
    while start < len(content):
        end = content.rfind(b"\n", start, start + block_bytes) + 1
        if not end or start + block_bytes >= len(content):
            end = content.find(b"\n", start + block_bytes) + 1 or len(content)
        yield from _rows(content[start:end], dialect, width)
        start = end


def _rows(block: bytes, dialect: Dialect, width: int) -> Iterator[pl.DataFrame | list[list[str]]]:
    if _is_even(block, dialect.separator, width):
        yield pl.read_csv(
            block, has_header=False, separator=dialect.separator, quote_char=None, infer_schema=False
        ).rechunk()
        return
    reader = dialect.reader(io.TextIOWrapper(io.BytesIO(block), encoding="utf-8", newline=""))
    while rows := list(islice(reader, BLOCK_ROWS)):
        yield rows


def _is_even(block: bytes, separator: str, width: int) -> bool:
    """Return whether every line has as many fields as the header, none of them too long for Python's reader."""
    if block.startswith(BOM_UTF8):  # within a file it is part of a field, but polars skips it
        return False
    signs = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(signs == ord("\n"))
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(block))
    marks = np.flatnonzero(signs == ord(separator))
    if len(marks) != len(ends) * (width - 1):
        return False
    lines, starts = marks.reshape(len(ends), -1), np.concatenate([[-1], ends[:-1]])
    inside = (lines[:, 0] > starts) & (lines[:, -1] < ends)
    return bool(inside.all() and (ends - starts).max() <= csv.field_size_limit())
