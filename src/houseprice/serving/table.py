"""CSV of houses in, rows and houses out, a block at a time: the header is checked once, so that no row needs to be."""

import csv
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from houseprice.bundle.load import Bundle
from houseprice.errors import DataError, nearest
from houseprice.schema import Column
from houseprice.serving.cells import Cell, house, reader
from houseprice.serving.request import House, RequestModel, is_optional
from houseprice.serving.validation_errors import InvalidRequestError

ADDED = ("predicted_price", "interval_low", "interval_high", "warnings")
SEPARATORS = ",;\t|"
BYTE_ORDER_MARK = "\ufeff"
SHOWN = 5
"""So many faults are told in words, the others are counted."""


class Table:
    """An open CSV whose header holds all that a price needs.

    Attributes:
        header: names of its columns, as they are written.
        separator: what stands between two fields.
        marked: whether it begins with a byte order mark, as some spreadsheets want it.
    """

    def __init__(self, source: Path, stream: TextIO, bundle: Bundle) -> None:
        self._source = source
        self._schema = bundle.manifest.schema_
        lines = _lines(source, stream)
        first = next(lines, "")
        self.marked = first.startswith(BYTE_ORDER_MARK)
        first = next((line for line in chain([first.removeprefix(BYTE_ORDER_MARK)], lines) if line.strip()), "")
        if not first:
            raise DataError(f'"{source}" is empty; expected a CSV with a header row; check the path and the download.')
        self.separator = separator(first, self._schema.request)
        self._reader = csv.reader(chain([first], lines), delimiter=self.separator, strict=True)
        self._row = -1
        self.header = next(self._rows())
        names = [name.strip() for name in self.header]
        self._check(names)
        self._wanted = [
            Cell(names.index(name), name, reader(column, bundle.reference.get(name, {}).get("levels", ())))
            for name, column in self._schema.request.items()
            if name in names
        ]

    def blocks(self, size: int, rules: RequestModel) -> Iterator[tuple[list[list[str]], list[House]]]:
        """Give the rows as they are written and the houses that they hold, some thousand at a time.

        After a house that cannot be priced, the rest is only read to find the others.

        Raises:
            DataError: a row cannot be read, or holds a house that cannot be priced.
        """
        rows = self._rows()
        shown: list[str] = []
        count = 0
        while block := [(self._row, cells) for cells in islice(rows, size)]:
            try:
                houses = rules.validate([house(cells, self._wanted) for _, cells in block])
            except InvalidRequestError as err:
                count += err.count
                shown += [f"row {block[fault.house or 0][0]}: {fault.message.rstrip('.')}" for fault in err.errors]
                del shown[SHOWN:]
                continue
            if not count:
                yield [cells for _, cells in block], houses
        if count:
            more = f"; and {count - len(shown)} more" if count > len(shown) else ""
            raise DataError(
                f'"{self._source}" cannot be priced: {"; ".join(shown)}{more}. Nothing was written; correct the rows.'
            )

    def _rows(self) -> Iterator[list[str]]:
        """Give the rows that hold anything; `_row` is the number of the last one, 1 is the first after the header."""
        try:
            for cells in self._reader:
                self._row += 1
                if not cells:
                    continue
                if self._row > 0 and len(cells) != len(self.header):
                    raise DataError(
                        f'"{self._source}", row {self._row} has {len(cells)} fields; expected {len(self.header)} as in '
                        "the header; put quotes around fields that hold the separator."
                    )
                yield cells
        except csv.Error as err:
            raise DataError(
                f'"{self._source}" cannot be read as CSV near line {self._reader.line_num} ({err}); expected quotes '
                "that are closed and fields of less than 128 KiB; correct the file."
            ) from err

    def _check(self, names: list[str]) -> None:
        request = self._schema.request
        if already := [name for name in ADDED if name in names]:
            raise DataError(
                f'"{self._source}" has the columns {", ".join(already)} already; expected a table without answers; '
                "rename or remove them."
            )
        if twice := [name for name in request if names.count(name) > 1]:
            raise DataError(f'"{self._source}" has {", ".join(twice)} more than once; expected it once; rename.')
        missing = [name for name in request if name not in names and not is_optional(self._schema, name)]
        if missing:
            others = [name for name in names if name not in request]
            hints = ", ".join(f'"{name}"{nearest(name, others)}' for name in missing)
            raise DataError(
                f'"{self._source}" lacks {hints}; found {", ".join(names)[:300]}, separated by {self.separator!r}; '
                "add or rename the columns."
            )


def _lines(source: Path, stream: TextIO) -> Iterator[str]:
    """Give the lines, and say in words why they cannot be read."""
    try:
        for line in stream:
            if "\0" in line:
                raise DataError(f'"{source}" holds a NUL byte; expected a CSV in UTF-8, not UTF-16 or a spreadsheet.')
            yield line
    except UnicodeDecodeError as err:
        raise DataError(
            f'"{source}" is not UTF-8 (byte {err.object[err.start]:#04x}); expected a CSV in UTF-8; save it as that.'
        ) from err
    except OSError as err:
        raise DataError(
            f'"{source}" cannot be read to its end ({err.strerror}); expected a CSV; copy it anew.'
        ) from err


def separator(line: str, request: dict[str, Column]) -> str:
    """Find the separator with which the header holds most of the columns that are looked for."""

    def found(mark: str) -> int:
        return len({name.strip() for name in next(csv.reader([line], delimiter=mark))} & set(request))

    return max(SEPARATORS, key=found)
