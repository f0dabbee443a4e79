"""Open tables, read as blocks of rows that are neither parsed nor checked yet.

A CSV in UTF-8, also within gzip, and Parquet are read as far as they are needed; other files are held in memory.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from houseprice.batch_input import open_csv
from houseprice.batch_prediction.blocks import Block
from houseprice.batch_prediction.polars_import import is_polars_error, polars
from houseprice.errors import DataError, nearest
from houseprice.schema import Schema
from houseprice.serving.csv_dialect import Dialect
from houseprice.serving.csv_reader import PREDICTION_COLUMNS, CsvColumns, CsvReader
from houseprice.serving.request import is_optional
from houseprice.serving.validation_errors import InvalidRequestError

BLOCK_ROWS = 5_000
SLICE_ROWS = 250_000
"""Rows of a Parquet file that are read at a time: its row groups are decoded again for each."""
PARQUET_SUFFIXES = (".parquet", ".pq")


class CsvTable:
    """The rows of an open CSV."""

    is_frame = False

    def __init__(self, stream: BinaryIO, numbers: Sequence[int] | None, columns: CsvColumns) -> None:
        self._stream, self._numbers = stream, numbers
        self._size = os.fstat(stream.fileno()).st_size if numbers is None else 0
        self._reader = CsvReader(stream, columns)
        self._reader.require_columns()
        self.header, self.dialect = self._reader.header, self._reader.dialect

    def blocks(self) -> Iterator[Block]:
        """Yield the rows; a file without any is one empty block."""
        first = 0
        for line, text in self._reader.text_blocks(BLOCK_ROWS):
            numbers = self._numbers[first : first + BLOCK_ROWS] if self._numbers is not None else None
            first += BLOCK_ROWS
            yield Block(text, line, numbers, self._fraction(first))
        if not first:
            yield Block("", 1, None, 1.0)

    def _fraction(self, rows: int) -> float | None:
        if self._numbers is not None:
            return min(rows / max(len(self._numbers), 1), 1.0)
        if self._stream.closed:  # as it is at its end
            return 1.0
        with suppress(OSError):  # a pipe has no place
            return os.lseek(self._stream.fileno(), 0, os.SEEK_CUR) / max(self._size, 1)
        return None


class ParquetTable:
    """The rows of a Parquet file."""

    is_frame = True
    dialect = Dialect()

    def __init__(self, source: Path, schema: Schema) -> None:
        pl = polars()
        with source.open("rb"):  # a folder, or no file at all, in the words of the system
            pass
        self._source = source
        self._rows: int = self._scan().select(pl.len()).collect().item()
        self.header: list[str] = self._scan().collect_schema().names()
        if present := [name for name in PREDICTION_COLUMNS if name in self.header]:
            raise self._invalid(f"already has the columns {', '.join(present)}. Rename or remove them.")
        required = [name for name in schema.request if not is_optional(schema, name)]
        if missing := [name for name in required if name not in self.header]:
            hints = ", ".join(f'"{name}"{nearest(name, self.header)}' for name in missing)
            raise self._invalid(f"lacks the columns {hints}. It has: {', '.join(self.header)[:300]}.")

    def blocks(self) -> Iterator[Block]:
        """Yield the rows; a file without any is one empty block, so that the types of its columns are kept."""
        for begin in range(0, max(self._rows, 1), SLICE_ROWS):
            frame = self._scan().slice(begin, SLICE_ROWS).collect()
            for start in range(0, max(frame.height, 1), BLOCK_ROWS):
                part = frame.slice(start, BLOCK_ROWS)
                done = begin + start + part.height
                yield Block(part, begin + start + 1, None, done / max(self._rows, 1))

    def _scan(self) -> Any:
        return polars().scan_parquet(self._source, glob=False, hive_partitioning=False)

    def _invalid(self, reason: str) -> DataError:
        return DataError(f'"{self._source}" {reason}', code="header_invalid")


@contextmanager
def open_table(source: Path, columns: CsvColumns, sheet: str | None) -> Iterator[CsvTable | ParquetTable]:
    """Open a table, and name the file in what goes wrong while it is read.

    Raises:
        DataError: It cannot be read; `code` says why.
        MissingDependencyError: It is no CSV in UTF-8, and polars is not installed.
    """
    try:
        if source.suffix.lower() in PARQUET_SUFFIXES:
            yield ParquetTable(source, columns.schema)
            return
        stream, numbers = open_csv(source, sheet)
        with stream:
            yield CsvTable(stream, numbers, columns)
    except InvalidRequestError as err:
        raise DataError(f'"{source}": {err}', code=err.errors[0].kind) from err
    except OSError as err:
        raise DataError(f'"{source}" cannot be read: {err.strerror or err}.', code="file_unreadable") from err
    except BaseException as err:
        if is_polars_error(err):
            raise DataError(f'"{source}" is not a valid Parquet file: {err}', code="parquet_invalid") from err
        raise
