"""From a block of rows to bytes of the output: what a worker does."""

import csv
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

from houseprice.batch_prediction import output_rows
from houseprice.batch_prediction.blocks import MAX_ERRORS_SHOWN, Block, Job, PricedBlock
from houseprice.batch_prediction.column_values import ColumnValues
from houseprice.batch_prediction.frame_cells import cell_value, column_cells
from houseprice.batch_prediction.output_rows import Rows
from houseprice.bundle.load import open_bundle
from houseprice.bundle.manifest import NAME, sha256
from houseprice.errors import ArtifactError, DataError
from houseprice.serving.csv_reader import CsvColumns, CsvReader
from houseprice.serving.request import House
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import InvalidRequestError

Column = tuple[str, Sequence[Any], Callable[[Any], Any]]


class Pricer:
    """A model that prices blocks.

    Attributes:
        directory: the bundle.
        version: digest of its manifest, and by that of all of it.
        columns: how its request is read from a CSV.

    Raises:
        ArtifactError: The bundle is missing or changed; it is another than the one that was asked for (code
            `bundle_changed`).
    """

    def __init__(self, directory: Path, version: str | None = None) -> None:
        bundle = open_bundle(directory)
        self.directory, self.version = directory, sha256((directory / NAME).read_bytes())
        if version not in (None, self.version):
            raise ArtifactError(
                f'The bundle in "{directory}" was replaced while houses were priced; price them again.',
                code="bundle_changed",
            )
        self.columns = CsvColumns(bundle)
        self._scorer = Scorer(bundle)
        self._reading: _Reading | None = None

    def price(self, job: Job, block: Block) -> PricedBlock:
        """Return the rows of a block with their predictions.

        Raises:
            DataError: The text is no CSV; houses that cannot be priced are part of the answer.
            ServingError: The model failed.
        """
        if self._reading is None or self._reading.job != job:
            self._reading = _Reading(job, self.columns, self._scorer)
        try:
            rows = self._reading.plain_rows(block) or self._reading.checked_rows(block)
        except InvalidRequestError as err:
            raise DataError(f'"{job.source}": {err}', code=err.errors[0].kind) from err
        if isinstance(rows, PricedBlock):
            return rows
        if block.is_checked_only or (not rows.count and job.output_format != "Parquet"):
            return PricedBlock(rows.count, 0, b"")
        scores = self._scorer.score_columns(rows.values, rows.count)
        return PricedBlock(rows.count, len(scores.warnings), output_rows.encode(job, self.columns.schema, rows, scores))


class _Reading:
    """Reads the blocks of a file."""

    def __init__(self, job: Job, columns: CsvColumns, scorer: Scorer) -> None:
        self.job = job
        self._request = columns.schema.request
        self._rules = scorer.request
        self._values = ColumnValues(scorer.request)
        header = io.StringIO(newline="")
        self._delimiter = job.dialect.delimiter or ","
        csv.writer(header, delimiter=self._delimiter).writerow(job.header)
        self._reader = CsvReader(io.BytesIO(header.getvalue().encode()), columns, job.dialect)

    def plain_rows(self, block: Block) -> Rows | None:
        """Return the rows of a block where nothing is special or wrong, column by column."""
        if self.job.is_frame:
            count, lines, cells = block.content.height, None, None
            known = [name for name in block.content.columns if name in self._request]
            columns: Iterable[Column] = [(name, column_cells(block.content[name]), cell_value) for name in known]
        else:
            found = self._plain_lines(block.content)
            if found is None:
                return None
            lines, cells = found
            count, columns = len(lines), self._reader.columns(cells)
        values = {}
        for name, column, parse in columns:
            try:
                validated = self._values.find(name, column, parse)
            except TypeError:  # lists and structures of a frame
                return None
            if validated is None:
                return None
            values[name] = validated
        return Rows(count, values, lines, cells, block.content if self.job.is_frame else None)

    def checked_rows(self, block: Block) -> Rows | PricedBlock:
        """Return the rows of a block house by house, or why some cannot be priced.

        Raises:
            InvalidRequestError: The text is no CSV.
        """
        places, cells, houses = self._frame_houses(block) if self.job.is_frame else self._text_houses(block)
        try:
            houses = self._rules.validate(houses, most_errors=sys.maxsize)
        except InvalidRequestError as err:
            first = err.errors[:MAX_ERRORS_SHOWN]
            shown = tuple(f"{places[error.house or 0]}: {error.message.rstrip('.')}" for error in first)
            return PricedBlock(len(houses), 0, b"", shown, err.count)
        values = {name: [house.get(name) for house in houses] for name in self._request}
        return Rows(len(houses), values, None, cells, block.content if self.job.is_frame else None)

    def _plain_lines(self, text: str) -> tuple[list[str], list[list[str]]] | None:
        """Return the lines of a text and their cells by column, if it has no quotation; lines fit the header."""
        if '"' in text:
            return None
        lines = [*filter(None, text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))]
        width = len(self.job.header)
        if set(map(str.count, lines, repeat(self._delimiter))) != {width - 1}:
            return None
        if max(map(len, lines)) > csv.field_size_limit():
            return None
        cells = self._delimiter.join(lines).split(self._delimiter)
        return lines, [cells[index::width] for index in range(width)]

    def _text_houses(self, block: Block) -> tuple[list[str], list[Sequence[str]], list[House]]:
        found = list(self._reader.rows_of(block.content, block.start))
        numbers = block.numbers
        places = [f"line {row.line}" for row in found] if numbers is None else [f"row {number}" for number in numbers]
        cells: list[Sequence[str]] = [*zip(*(row.cells for row in found), strict=True)] or [()] * len(self.job.header)
        return places, cells, [self._reader.house(row) for row in found]

    def _frame_houses(self, block: Block) -> tuple[list[str], None, list[House]]:
        known = [(index, name) for index, name in enumerate(block.content.columns) if name in self._request]
        rows = [[cell_value(value) for value in row] for row in block.content.iter_rows()]
        houses = [{name: row[index] for index, name in known if row[index] is not None} for row in rows]
        return [f"row {block.start + index}" for index in range(len(rows))], None, houses
