"""Price the houses of a file: what `houseprice predict` does.

It is not part of serving since Parquet is read and written with polars, which serving must start without.
The rules of the API judge the houses. A CSV in UTF-8 is streamed, so that any size fits; the rest is held in memory.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from houseprice.atomic_io import check_format, replace_file
from houseprice.batch_input import open_csv
from houseprice.bundle.load import Bundle, open_bundle
from houseprice.errors import DataError, MissingDependencyError, nearest
from houseprice.schema import Schema
from houseprice.serving.csv_cells import format_cell
from houseprice.serving.csv_dialect import Dialect
from houseprice.serving.csv_io import CsvWriter, join_warnings
from houseprice.serving.csv_reader import PREDICTION_COLUMNS, CsvColumns, CsvReader
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House, is_optional
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import InvalidRequestError

BLOCK_ROWS = 5_000
MAX_ERRORS_SHOWN = 5
PARQUET_SUFFIXES = (".parquet", ".pq")
OUTPUT_FORMATS = {"CSV": (".csv", ".tsv", ".txt", ""), "Parquet": PARQUET_SUFFIXES}


@dataclass(frozen=True)
class Summary:
    """What was done.

    Attributes:
        rows: how many houses were priced.
        warned: how many of them with a warning.
        output: where the predictions are.
    """

    rows: int
    warned: int
    output: Path


@dataclass(frozen=True)
class _Block:
    """Some rows: the place of each in the file, its values, and the house that it describes, not checked yet."""

    places: list[str]
    rows: list[Sequence[Any]]
    houses: list[House]


def predict(
    directory: Path,
    source: Path,
    output: Path,
    progress: Callable[[int], None] = lambda _: None,
    *,
    sheet: str | None = None,
) -> Summary:
    """Write the rows of a file again, in their order, with the predictions added as columns.

    Args:
        directory: the bundle.
        source: a CSV with a header, a Parquet file (`.parquet`, `.pq`), or another file that can be read as sales are;
            columns that no request has are kept.
        output: CSV or Parquet by its suffix, CSV without one; may be the source.
        progress: called after each block with the number of rows that are done.
        sheet: of an Excel workbook; the first, if none is given.

    Raises:
        ArtifactError: The bundle is missing or changed.
        DataError: The file cannot be read, lacks a column, or holds a house that cannot be priced; or the output has
            another suffix (code `output_format_unknown`). Nothing is written.
        MissingDependencyError: A file is no CSV in UTF-8, and polars is not installed.
    """
    output_format = check_format(output, OUTPUT_FORMATS)
    bundle = open_bundle(directory)
    scorer = Scorer(bundle)
    done = warned = 0
    errors = _Errors(source)
    with (
        _opened(source, bundle, sheet) as table,
        replace_file(output) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        sink = _ParquetSink(table, temporary) if output_format == "Parquet" else _CsvSink(table, stream)
        for block in table.blocks():
            try:
                houses = scorer.request.validate(block.houses, most_errors=sys.maxsize)
            except InvalidRequestError as err:
                errors.add(block, err)
            if errors.count:
                continue  # the rest is only read to find the others
            predictions = scorer.score(houses)
            sink.write(block.rows, houses, predictions)
            done += len(houses)
            warned += sum(bool(prediction.warnings) for prediction in predictions)
            progress(done)
        errors.check()
        sink.finish()
    return Summary(done, warned, output)


class _Errors:
    """Counts the houses that cannot be priced, and keeps the first reasons."""

    def __init__(self, source: Path) -> None:
        self.count = 0
        self._source = source
        self._shown: list[str] = []

    def add(self, block: _Block, error: InvalidRequestError) -> None:
        self.count += error.count
        self._shown += [f"{block.places[error.house or 0]}: {error.message.rstrip('.')}" for error in error.errors]
        del self._shown[MAX_ERRORS_SHOWN:]

    def check(self) -> None:
        if self.count:
            more = f"; and {self.count - len(self._shown)} more" if self.count > len(self._shown) else ""
            raise DataError(
                f'Some houses in "{self._source}" cannot be priced, so nothing was written: '
                f"{'; '.join(self._shown)}{more}.",
                code="house_invalid",
                count=self.count,
            )


class _CsvTable:
    """The rows of an open CSV."""

    frame = None

    def __init__(self, reader: CsvReader, numbers: Sequence[int] | None) -> None:
        self.header, self.dialect = reader.header, reader.dialect
        self._reader, self._numbers = reader, numbers

    def blocks(self) -> Iterator[_Block]:
        rows = iter(self._reader)
        numbers = iter(self._numbers) if self._numbers is not None else None
        while block := list(islice(rows, BLOCK_ROWS)):
            yield _Block(
                [f"row {next(numbers)}" if numbers else f"line {row.line}" for row in block],
                [row.cells for row in block],
                [self._reader.house(row) for row in block],
            )


class _ParquetTable:
    """The rows of a Parquet file."""

    dialect = Dialect()

    def __init__(self, source: Path, schema: Schema) -> None:
        self._source = source
        self.frame = _polars().read_parquet(source, memory_map=False)
        self.header: list[str] = self.frame.columns
        if present := [name for name in PREDICTION_COLUMNS if name in self.header]:
            raise self._invalid(f"already has the columns {', '.join(present)}. Rename or remove them.")
        required = [name for name in schema.request if not is_optional(schema, name)]
        if missing := [name for name in required if name not in self.header]:
            hints = ", ".join(f'"{name}"{nearest(name, self.header)}' for name in missing)
            raise self._invalid(f"lacks the columns {hints}. It has: {', '.join(self.header)[:300]}.")
        self._known = [(index, name) for index, name in enumerate(self.header) if name in schema.request]

    def blocks(self) -> Iterator[_Block]:
        start = 1
        for part in self.frame.iter_slices(BLOCK_ROWS):
            rows = [[_value(value) for value in row] for row in part.iter_rows()]
            houses = [{name: row[index] for index, name in self._known if row[index] is not None} for row in rows]
            yield _Block([f"row {start + index}" for index in range(len(rows))], list(rows), houses)
            start += len(rows)

    def _invalid(self, reason: str) -> DataError:
        return DataError(f'"{self._source}" {reason}', code="header_invalid")


class _CsvSink:
    def __init__(self, table: _CsvTable | _ParquetTable, stream: TextIO) -> None:
        self._writer = CsvWriter(stream, table.header, table.dialect)

    def write(self, rows: Sequence[Sequence[Any]], houses: list[House], predictions: list[Prediction]) -> None:
        del houses
        self._writer.write([[format_cell(value) for value in row] for row in rows], predictions)

    def finish(self) -> None:
        """Do nothing: every block is written as it comes."""


class _ParquetSink:
    def __init__(self, table: _CsvTable | _ParquetTable, output: Path) -> None:
        self._polars, self._table, self._output = _polars(), table, output
        self._rows: list[Sequence[Any]] = []
        self._houses: list[House] = []
        self._predictions: list[Prediction] = []

    def write(self, rows: Sequence[Sequence[Any]], houses: list[House], predictions: list[Prediction]) -> None:
        if self._table.frame is None:
            self._rows += rows
            self._houses += houses
        self._predictions += predictions

    def finish(self) -> None:
        pl, found = self._polars, self._predictions
        frame = self._table.frame if self._table.frame is not None else self._typed()
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
        frame.with_columns(added).write_parquet(self._output)

    def _typed(self) -> Any:
        """Return the rows of a CSV: the columns of a request with their types, the others as text."""
        columns = {}
        for index, name in enumerate(self._table.header):
            known = [house.get(name.strip()) for house in self._houses]
            texts = [row[index] or None for row in self._rows]
            columns[name] = known if any(value is not None for value in known) else texts
        return self._polars.DataFrame(columns, infer_schema_length=None)


@contextmanager
def _opened(source: Path, bundle: Bundle, sheet: str | None) -> Iterator[_CsvTable | _ParquetTable]:
    """Open a table, and name the file in what goes wrong while it is read."""
    try:
        if _is_parquet(source):
            yield _ParquetTable(source, bundle.manifest.schema_)
            return
        stream, numbers = open_csv(source, sheet)
        with stream:
            reader = CsvReader(stream, CsvColumns(bundle))
            reader.require_columns()
            yield _CsvTable(reader, numbers)
    except OSError as err:
        raise DataError(f'"{source}" cannot be read: {err.strerror or err}.', code="file_unreadable") from err
    except InvalidRequestError as err:
        raise DataError(f'"{source}": {err}', code=err.errors[0].kind) from err
    except Exception as err:  # polars raises its own unrelated kinds
        if _is_parquet(source) and type(err).__module__.startswith("polars"):
            raise DataError(f'"{source}" is not a valid Parquet file: {err}', code="parquet_invalid") from err
        raise


def _value(value: Any) -> Any:
    """Return a value of a frame as JSON would hold it; NaN is a blank."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.date()
    return None if value != value else value  # noqa: PLR0124 - NaN


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in PARQUET_SUFFIXES


def _polars() -> ModuleType:
    try:
        import polars as pl
    except ModuleNotFoundError as err:
        raise MissingDependencyError(
            "Parquet files need polars. Install it with `pip install 'houseprice[learning]'`, or use CSV.",
            code="polars_missing",
        ) from err
    return pl
