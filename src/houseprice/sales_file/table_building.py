"""Rows of fields in blocks, built into a table of texts without losing any silently."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import polars as pl

from houseprice.errors import DataError
from houseprice.sales_file.footer import MOST_BELOW
from houseprice.sales_file.notes import Note
from houseprice.sales_file.text_table import BROKEN_SCHEMA, ROW

MAX_COLUMNS = 16_384
"""As many as a sheet of Excel has."""
_SUBTOTAL = (
    r"(?i)^(?:sub-?\s?totals?|sous-total|zwischensumme|teilsumme|subtotaal|totale parziale|delsumma|小計|小计|소계)\b"
)


def check_names(names: Sequence[str], where: str) -> None:
    """Check that there are not too many columns, and that polars takes their names for names.

    Raises:
        DataError: There are too many (code `table_too_large`), a name is taken for a pattern (`column_name_invalid`) or
            is repeated (`csv_columns_repeated`).
    """
    if len(names) > MAX_COLUMNS:
        raise DataError(
            f'"{where}" has {len(names):,} columns, more than {MAX_COLUMNS:,}; give those that matter.',
            code="table_too_large",
            path=where,
        )
    invalid = [name for name in names if name == "*" or (name.startswith("^") and name.endswith("$")) or "\0" in name]
    if invalid:
        raise DataError(
            f'"{where}" has a column called {invalid[0]!r}, which is no name; rename it, or name all columns by '
            "data.file.names.",
            code="column_name_invalid",
            columns=invalid,
        )
    if repeated := sorted(name for name, count in Counter(names).items() if name and count > 1):
        raise DataError(
            f'"{where}" has the columns {repeated[:5]} more than once; rename or remove one, or name all columns by '
            "data.file.names.",
            code="csv_columns_repeated",
            columns=repeated,
        )


class TableBuilder:
    """Collects the rows below a header.

    Attributes:
        rows: how many rows that hold anything were added.
    """

    def __init__(self, names: list[str], where: str) -> None:
        """Check the names of the columns.

        Raises:
            DataError: One cannot be used (see `check_names`), or there is none (code `csv_empty`).
        """
        check_names(names, where)
        if not any(names):
            raise DataError(f'"{where}" has no column with a name.', code="csv_empty")
        self.rows = 0
        self._names = names
        self._keys = [name if name and name != ROW else f"\0{place}" for place, name in enumerate(names)]
        self._blocks: list[pl.DataFrame] = []
        self._broken: list[tuple[int, str]] = []
        self._tail: list[tuple[int, list[str]]] = []
        self._next = 1
        self._blank = 0

    def add(self, block: Sequence[Sequence[str]]) -> None:
        """Add rows; one with another number of fields than the header has is kept apart."""
        width = len(self._names)
        whole: list[Sequence[str]] = []
        numbers: list[int] = []
        for number, fields in enumerate(block, self._next):
            if len(fields) == width:
                whole.append(fields)
                numbers.append(number)
            elif any(map(str.strip, fields)):
                self._broken.append((number, f"has {len(fields)} fields, expected {width}"))
                self.rows += 1
        columns = list(zip(*whole, strict=True)) if whole else [()] * width
        texts = {key: pl.Series(column, dtype=pl.String) for key, column in zip(self._keys, columns, strict=True)}
        self._add(pl.DataFrame({ROW: pl.Series(numbers, dtype=pl.Int64)} | texts), reversed(block), len(block))

    def add_texts(self, block: pl.DataFrame) -> None:
        """Add rows that all have as many fields as the header, in columns."""
        numbers = pl.int_range(self._next, self._next + block.height, dtype=pl.Int64, eager=True).alias(ROW)
        texts = [column.alias(key) for key, column in zip(self._keys, block.iter_columns(), strict=True)]
        self._add(pl.DataFrame([numbers, *texts]), _from_below(block), block.height)

    def _add(self, frame: pl.DataFrame, from_below: Iterable[Sequence[str]], height: int) -> None:
        """Add whole rows; `from_below` are the fields of all rows of the block, the last first."""
        frame = frame.with_columns(pl.col(pl.String).str.strip_chars().replace("", None))
        filled = frame.filter(pl.any_horizontal(pl.all().exclude(ROW).is_not_null()))
        self._blank += frame.height - filled.height
        self._blocks.append(self._rows_of_sales(filled))
        self.rows += filled.height
        numbered = enumerate(from_below, 1 - self._next - height)
        stripped = ((-number, [field.strip() for field in fields]) for number, fields in numbered)
        lines = (row for row in stripped if any(row[1]) and not re.match(_SUBTOTAL, row[1][0]))
        last = list(islice(lines, MOST_BELOW))
        self._tail = [*self._tail, *reversed(last)][-MOST_BELOW:]
        self._next += height

    def tail(self) -> list[tuple[int, list[str]]]:
        """Return the last rows that hold anything: number and fields."""
        return self._tail

    def drop_last(self, count: int) -> None:
        """Remove the last rows that hold anything."""
        if count:
            first = self._tail[-count][0]
            self._blocks = [block.filter(pl.col(ROW) < first) for block in self._blocks]
            self._broken = [row for row in self._broken if row[0] < first]

    def texts(self) -> pl.DataFrame:
        """Return `row` and the named columns."""
        return self._frame().select(ROW, *(name for name in self._names if name and name != ROW))

    def broken(self) -> pl.DataFrame:
        """Return `row` and `reasons` of the rows that are kept apart."""
        return pl.DataFrame(self._broken, schema=BROKEN_SCHEMA, orient="row").sort(ROW)

    def notes(self) -> list[Note]:
        """Return what was left out."""
        frame, notes = self._frame(), []
        for place, (name, key) in enumerate(zip(self._names, self._keys, strict=True), 1):
            if name == ROW:
                reason = f'Column "{ROW}" is left out, since rows are numbered by their place in the file.'
                notes.append(Note("", ROW, "likely", reason))
            elif not name and frame[key].null_count() < frame.height:
                notes.append(Note("", place, "likely", f"Column {place} has no name and is left out."))
        if self._blank:
            notes.append(Note("", self._blank, "certain", f"Rows that hold nothing and are left out: {self._blank}."))
        return notes

    def _rows_of_sales(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Keep apart the rows that repeat the header, as files have that were joined, and subtotals."""
        same = pl.all_horizontal(
            pl.col(key) == name for key, name in zip(self._keys, self._names, strict=True) if name
        ).fill_null(value=False)
        subtotal = pl.col(self._keys[0]).str.contains(_SUBTOTAL).fill_null(value=False)
        for rows, reason in ((same, "repeats the header"), (subtotal, "is a subtotal of other rows")):
            self._broken += [(number, reason) for number in frame.filter(rows)[ROW]]
        return frame.filter(~(same | subtotal))

    def _frame(self) -> pl.DataFrame:
        if len(self._blocks) != 1:
            schema = {ROW: pl.Int64()} | dict.fromkeys(self._keys, pl.String())
            self._blocks = [pl.concat([pl.DataFrame(schema=schema), *self._blocks])]
        return self._blocks[0]


def _from_below(block: pl.DataFrame) -> Iterator[list[str]]:
    """Yield the fields of the rows, the last first."""
    for end in range(block.height, 0, -MOST_BELOW):
        for row in reversed(block[max(0, end - MOST_BELOW) : end].rows()):
            yield [field or "" for field in row]
