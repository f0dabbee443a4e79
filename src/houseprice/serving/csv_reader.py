"""Reader of a CSV of houses, row by row.

Training has a reader of its own (`learning.csv_reader`): it reads whole tables with polars, which serving must start
without, and keeps each field as it was typed for the cleaning report. This one reads with the standard library and
gives the values that JSON would hold, so that the rules of a request judge both alike.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import BinaryIO

from houseprice.bundle.load import Bundle
from houseprice.errors import nearest
from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.column_rules import REFERENCE
from houseprice.serving.csv_blocks import MAX_ROW_CHARACTERS, TextBlock
from houseprice.serving.csv_cells import Parser, cell_parser
from houseprice.serving.csv_dialect import BYTE_ORDER_MARK, DEFAULT, Dialect, detect_delimiter, invalid_csv, read_lines
from houseprice.serving.request import House, has_reference, is_optional
from houseprice.serving.validation_errors import MAX_ERRORS

PREDICTION_COLUMNS = ("predicted_price", "interval_low", "interval_high", "fsd", "confidence", "warnings")


class CsvColumns:
    """The columns of a request and how their cells are parsed, made once for many tables.

    With `keeps_reference`, a column `reference` that the schema does not know becomes part of the houses, too.

    Attributes:
        schema: the columns of a house.
        composites: columns of a request → the columns of a file that they are made of.
        names: what the columns of a table may be called.
    """

    def __init__(self, bundle: Bundle, *, keeps_reference: bool = False) -> None:
        self.schema = bundle.manifest.schema_
        self._more: dict[str, Parser] = {}
        if keeps_reference and has_reference(self.schema):
            self._more[REFERENCE] = lambda text: text.strip() or None
        self.composites = {name: column.sources for name, column in self.schema.request.items() if column.sources}
        self.names = {*self.schema.request, *self._more, *chain.from_iterable(self.composites.values())}
        self._known = {name: about.get("levels", ()) for name, about in bundle.reference.items()}
        self._parsers: dict[str, dict[str, Parser]] = {}

    def parsers(self, decimal: str) -> dict[str, Parser]:
        """Return column name → parser for a decimal sign."""
        if decimal not in self._parsers:
            self._parsers[decimal] = {
                name: cell_parser(column, self._known.get(name, ()), decimal)
                for name, column in self.schema.request.items()
            } | self._more
        return self._parsers[decimal]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that holds anything, and the line on which it begins, from 1."""

    line: int
    cells: list[str]


class CsvReader:
    """Iterates over the rows of a CSV.

    Attributes:
        header: the column names as they are written.
        dialect: how the CSV is written, with the delimiter that was found.
    """

    def __init__(
        self,
        stream: BinaryIO,
        columns: CsvColumns,
        dialect: Dialect = DEFAULT,
        *,
        has_header: bool | None = True,
        keep_unknown: bool = False,
    ) -> None:
        """Read the header.

        Args:
            stream: the CSV in UTF-8.
            columns: those of a request.
            dialect: what is declared about the CSV.
            has_header: whether the first row is a header; None means when it names a column. Without one, the columns
                are those of a request, in the order of the schema.
            keep_unknown: whether columns that are not part of a request become part of the houses, to be refused.

        Raises:
            InvalidRequestError: The stream is empty or not UTF-8, or its header cannot be used.
        """
        self._schema = columns.schema
        self._row_characters = 0
        self._lines = read_lines(stream, MAX_ROW_CHARACTERS + 1)
        lines = self._bounded(self._lines)
        first = next(lines, "")
        marked = first.startswith(BYTE_ORDER_MARK)
        lines = chain([first.removeprefix(BYTE_ORDER_MARK)], lines)
        self._skipped = 0
        while not (first := next(lines, "\0")).strip():
            self._skipped += 1
        if first == "\0":
            raise invalid_csv("csv_invalid", "The CSV is empty. It needs a header row with the names of the columns.")
        delimiter = dialect.delimiter or detect_delimiter(first, columns.names)
        self.dialect = replace(dialect, delimiter=delimiter, byte_order_mark=marked)
        self._reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
        row = self._next(lambda cells: any(cell.strip() for cell in cells))
        self.header = row.cells if row else []
        self._first: list[Row] = []
        if row and (has_header is False or (has_header is None and not self._names & columns.names)):
            self.header, self._first = list(self._schema.request), [row]
            self._check_width(row)
        self._check_header()
        known = columns.parsers(self.dialect.decimal)
        self._check_repeated(known)
        named = [(index, name.strip()) for index, name in enumerate(self.header)]
        # A column without a name is the index that pandas writes, or the end of lines that end with a delimiter.
        strange = (index for index, name in named if keep_unknown and name and name not in columns.names)
        unknown = frozenset(islice(strange, MAX_ERRORS))  # each is an error, and so many are shown
        self._parsers = [
            (index, name, known.get(name, str)) for index, name in named if name in known or index in unknown
        ]
        self._joined = [
            ([self.header_index(source) for source in sources], name, known[name])
            for name, sources in columns.composites.items()
            if name not in self._names and self._names >= set(sources)
        ]

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows after the header; blank lines are skipped."""
        yield from self._first
        while row := self._next(bool):
            self._check_width(row)
            yield row

    def text_blocks(self, rows: int) -> Iterator[tuple[int, str]]:
        """Yield the text of so many rows after the header at a time, not parsed, with the line that it begins with.

        Each block ends with a row. One that cannot be parsed is the last one: `rows_of` says what is wrong in it.

        Raises:
            HousePriceError: The stream cannot be read on or is not UTF-8, after the rows before were yielded.
        """
        line, is_last = self._skipped + self._reader.line_num + 1, False
        while not is_last:
            block = TextBlock(self._lines, self.dialect.delimiter or ",", rows)
            if block.lines:
                yield line, "".join(block.lines)
            if block.error:
                raise block.error
            line += len(block.lines)
            is_last = block.is_last

    def rows_of(self, text: str, line: int) -> Iterator[Row]:
        """Iterate over the rows of a text that `text_blocks` yielded; `line` is that of its beginning."""
        lines = self._bounded(iter(io.StringIO(text, newline="")))
        self._reader = csv.reader(lines, delimiter=self.dialect.delimiter or ",", strict=True)
        self._skipped = line - 1
        yield from self

    def house(self, row: Row) -> House:
        """Return the house that a row describes, not checked yet; blank cells are left out."""
        cells = row.cells
        house = {name: value for index, name, parse in self._parsers if (value := parse(cells[index])) is not None}
        for indexes, name, parse in self._joined:
            if (value := parse(_joined(cells, indexes))) is not None:
                house[name] = value
        return house

    def columns(self, cells: Sequence[Sequence[str]]) -> Iterator[tuple[str, Sequence[str], Parser]]:
        """Yield name, cells and parser of each column that houses are made of, from the cells by column."""
        for index, name, parse in self._parsers:
            yield name, cells[index], parse
        for indexes, name, parse in self._joined:
            parts = zip(*(cells[index] for index in indexes), strict=True)
            yield name, [_joined(row, range(len(indexes))) for row in parts], parse

    def header_index(self, name: str) -> int:
        """Return the position of a column."""
        return next(index for index, written in enumerate(self.header) if written.strip() == name)

    def require_columns(self) -> None:
        """Demand a column for everything that a house must have.

        Raises:
            InvalidRequestError: Columns are missing.
        """
        made = {name for _, name, _ in self._joined}
        required = [name for name in self._schema.request if not is_optional(self._schema, name)]
        if missing := [name for name in required if name not in self._names | made]:
            others = self._names - set(self._schema.request)
            hints = ", ".join(f'"{name}"{nearest(name, others)}' for name in missing)
            found = ", ".join(self.header)[:300]
            raise invalid_csv(
                "header_invalid",
                f"The CSV lacks the columns {hints}. Its header, separated by {self.dialect.delimiter!r}, is: {found}.",
            )

    @property
    def _names(self) -> set[str]:
        return {name.strip() for name in self.header}

    def _next(self, wanted: Callable[[list[str]], bool]) -> Row | None:
        try:
            while True:
                self._row_characters = 0
                line = self._skipped + self._reader.line_num + 1
                cells = next(self._reader, None)
                if cells is None:
                    return None
                if wanted(cells):
                    return Row(line, cells)
        except csv.Error as err:
            line = self._skipped + self._reader.line_num
            raise invalid_csv(
                "csv_invalid",
                f"The CSV cannot be read near line {line}: {err}. Quotes must be closed and fields be below 128 KiB.",
            ) from err

    def _bounded(self, lines: Iterator[str]) -> Iterator[str]:
        """Yield lines, as long as those of one row are not too long together."""
        for line in lines:
            checkpoint()
            self._row_characters += len(line)
            if self._row_characters > MAX_ROW_CHARACTERS:
                raise invalid_csv(
                    "csv_invalid",
                    f"A row of the CSV has more than {MAX_ROW_CHARACTERS} characters, which is the limit; remove what "
                    "is not needed, and put an end to each row and each quotation.",
                )
            yield line

    def _check_width(self, row: Row) -> None:
        if len(row.cells) != len(self.header):
            raise invalid_csv(
                "csv_invalid",
                f"Line {row.line} has {len(row.cells)} fields instead of {len(self.header)}: "
                f"{', '.join(self.header)[:300]}. Put quotes around fields that hold the delimiter.",
            )

    def _check_header(self) -> None:
        names = [name.strip() for name in self.header]
        if present := [name for name in PREDICTION_COLUMNS if name in names]:
            raise invalid_csv(
                "header_invalid",
                f"The table already has the columns {', '.join(present)}, which the answer adds. Rename them.",
            )

    def _check_repeated(self, known: Iterable[str]) -> None:
        names = [name.strip() for name in self.header]
        if repeated := [name for name in known if names.count(name) > 1]:
            raise invalid_csv("header_invalid", f"The table has more than one column named {', '.join(repeated)}.")


def _joined(cells: Sequence[str], indexes: Iterable[int]) -> str:
    """Return the cell of a column that is made of several."""
    return " ".join(part for index in indexes if (part := cells[index].strip()))
