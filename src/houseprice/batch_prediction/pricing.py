"""From a block of rows to bytes of the output: what a worker does."""

import csv
import gzip
import io
import sys
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from houseprice.batch_prediction.blocks import MAX_ERRORS_SHOWN, Block, Job, PricedBlock
from houseprice.batch_prediction.polars_import import polars
from houseprice.bundle.load import open_bundle
from houseprice.bundle.manifest import NAME, sha256
from houseprice.errors import ArtifactError, DataError
from houseprice.serving.csv_cells import format_cell
from houseprice.serving.csv_io import CsvWriter, join_warnings
from houseprice.serving.csv_reader import PREDICTION_COLUMNS, CsvColumns, CsvReader
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import InvalidRequestError

GZIP_LEVEL = 6


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
        self._job: Job | None = None
        self._reader: CsvReader | None = None

    def price(self, job: Job, block: Block) -> PricedBlock:
        """Return the rows of a block with their predictions.

        Raises:
            DataError: The text is no CSV; houses that cannot be priced are part of the answer.
            ServingError: The model failed.
        """
        try:
            places, rows, houses = self._read_frame(block) if job.is_frame else self._read_text(job, block)
        except InvalidRequestError as err:
            raise DataError(f'"{job.source}": {err}', code=err.errors[0].kind) from err
        try:
            houses = self._scorer.request.validate(houses, most_errors=sys.maxsize)
        except InvalidRequestError as err:
            first = err.errors[:MAX_ERRORS_SHOWN]
            shown = tuple(f"{places[error.house or 0]}: {error.message.rstrip('.')}" for error in first)
            return PricedBlock(len(houses), 0, b"", shown, err.count)
        if block.is_checked_only:
            return PricedBlock(len(houses), 0, b"")
        predictions = self._scorer.score(houses)
        warned = sum(bool(prediction.warnings) for prediction in predictions)
        if job.output_format == "Parquet":
            frame = block.content if job.is_frame else self._typed(job, rows, houses)
            return PricedBlock(len(houses), warned, _parquet(frame, predictions))
        return PricedBlock(len(houses), warned, _csv(job, rows, predictions))

    def _read_text(self, job: Job, block: Block) -> tuple[list[str], list[Sequence[Any]], list[House]]:
        if self._reader is None or self._job != job:
            self._job, self._reader = job, _reader(job, self.columns)
        found = list(self._reader.rows_of(block.content, block.start))
        numbers = block.numbers
        places = [f"line {row.line}" for row in found] if numbers is None else [f"row {number}" for number in numbers]
        return places, [row.cells for row in found], [self._reader.house(row) for row in found]

    def _read_frame(self, block: Block) -> tuple[list[str], list[Sequence[Any]], list[House]]:
        names = block.content.columns
        known = [(index, name) for index, name in enumerate(names) if name in self.columns.schema.request]
        rows = [[_value(value) for value in row] for row in block.content.iter_rows()]
        houses = [{name: row[index] for index, name in known if row[index] is not None} for row in rows]
        return [f"row {block.start + index}" for index in range(len(rows))], list(rows), houses

    def _typed(self, job: Job, rows: list[Sequence[Any]], houses: list[House]) -> Any:
        """Return the rows of a CSV as a frame: the columns of a request with their types, the others as text."""
        pl = polars()
        series = {}
        for index, name in enumerate(job.header):
            column = self.columns.schema.request.get(name.strip())
            if column is None:
                series[name] = pl.Series(name, [row[index] or None for row in rows], pl.String)
                continue
            kind = pl.String if column.is_text else pl.Date if column.kind == "date" else pl.Float64
            series[name] = pl.Series(name, [house.get(name.strip()) for house in houses], kind)
        return pl.DataFrame(list(series.values()))


def output_head(job: Job) -> bytes:
    """Return what an output begins with, before the first block."""
    if job.output_format == "Parquet":
        return b""
    sink = io.StringIO(newline="")
    CsvWriter(sink, job.header, job.dialect)
    return _encoded(job, sink)


def _csv(job: Job, rows: list[Sequence[Any]], predictions: list[Prediction]) -> bytes:
    sink = io.StringIO(newline="")
    writer = CsvWriter(sink, None, job.dialect)
    writer.write([[format_cell(value) for value in row] for row in rows] if job.is_frame else rows, predictions)
    return _encoded(job, sink)


def _encoded(job: Job, sink: io.StringIO) -> bytes:
    """Return the bytes of a part of a CSV; members of gzip behind each other are one file."""
    content = sink.getvalue().encode()
    return gzip.compress(content, GZIP_LEVEL, mtime=0) if job.output_format == "gzip" else content


def _reader(job: Job, columns: CsvColumns) -> CsvReader:
    """Return a reader of text without a header, for rows whose header was read elsewhere."""
    header = io.StringIO(newline="")
    csv.writer(header, delimiter=job.dialect.delimiter or ",").writerow(job.header)
    return CsvReader(io.BytesIO(header.getvalue().encode()), columns, job.dialect)


def _parquet(frame: Any, found: list[Prediction]) -> bytes:
    pl = polars()
    values = (
        [prediction.predicted_price for prediction in found],
        [prediction.prediction_interval[0] for prediction in found],
        [prediction.prediction_interval[1] for prediction in found],
        [prediction.fsd for prediction in found],
        [prediction.confidence for prediction in found],
        [join_warnings(prediction) for prediction in found],
    )
    kinds = (*[pl.Float64] * (len(values) - 1), pl.String)
    added = [pl.Series(*column) for column in zip(PREDICTION_COLUMNS, values, kinds, strict=True)]
    sink = io.BytesIO()
    frame.with_columns(added).write_parquet(sink)
    return sink.getvalue()


def _value(value: Any) -> Any:
    """Return a value of a frame as JSON would hold it; NaN is a blank."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.date()
    return None if value != value else value  # noqa: PLR0124 - NaN
