"""Rows with their predictions, as bytes of a CSV or Parquet file."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from houseprice.batch_prediction.blocks import Job
from houseprice.batch_prediction.column_values import Values
from houseprice.batch_prediction.frame_cells import cell_value
from houseprice.batch_prediction.polars_import import polars
from houseprice.schema import Schema
from houseprice.serving.csv_cells import format_cell
from houseprice.serving.csv_io import NUMBERS, CsvWriter, join_warnings, number_cells
from houseprice.serving.csv_reader import PREDICTION_COLUMNS
from houseprice.serving.scorer import Scores

GZIP_LEVEL = 6


@dataclass(frozen=True)
class Rows:
    """Validated rows of a block.

    Attributes:
        count: how many they are.
        values: column of a request → its values, None where one is missing.
        lines: the rows as they stood in a CSV without quotations, to be written again as they are.
        cells: those of a CSV by column; None of a frame.
        frame: the rows as a frame, where that is what was read.
    """

    count: int
    values: Values
    lines: Sequence[str] | None
    cells: Sequence[Sequence[str]] | None
    frame: Any


def head(job: Job) -> bytes:
    """Return what an output begins with, before the first block."""
    if job.output_format == "Parquet":
        return b""
    sink = io.StringIO(newline="")
    CsvWriter(sink, job.header, job.dialect)
    return _packed(job, sink.getvalue())


def encode(job: Job, schema: Schema, rows: Rows, scores: Scores) -> bytes:
    """Return the rows of a block with their predictions."""
    numbers = (scores.prices, scores.lows, scores.highs, scores.deviations, scores.confidences)
    warnings = {house: join_warnings(found) for house, found in scores.warnings.items()}
    if job.output_format == "Parquet":
        frame = rows.frame if rows.frame is not None else _typed(job, schema, rows)
        return _parquet(frame, numbers, [warnings.get(house, "") for house in range(rows.count)])
    delimiter = job.dialect.delimiter or ","
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, delimiter=delimiter, lineterminator="\n")
    if rows.lines is None:
        cells = zip(*rows.cells, strict=True) if rows.cells is not None else _frame_cells(rows.frame)
        added = enumerate(map(number_cells, *numbers))
        writer.writerows(
            [*row, *more, warnings.get(house, "")] for row, (house, more) in zip(cells, added, strict=True)
        )
        return _packed(job, sink.getvalue())
    form = delimiter.join(["%s", *NUMBERS.split(), ""])
    lines = [*map(form.__mod__, zip(rows.lines, *numbers, strict=True)), ""]
    writer.writerows([text] for text in warnings.values())
    for house, cell in zip(warnings, sink.getvalue().split("\n"), strict=False):
        lines[house] += cell
    return _packed(job, "\n".join(lines))


def _packed(job: Job, text: str) -> bytes:
    """Return the bytes of a part of a CSV; members of gzip behind each other are one file."""
    content = text.encode()
    return gzip.compress(content, GZIP_LEVEL, mtime=0) if job.output_format == "gzip" else content


def _frame_cells(frame: Any) -> Iterable[Sequence[str]]:
    return ([format_cell(cell_value(value)) for value in row] for row in frame.iter_rows())


def _typed(job: Job, schema: Schema, rows: Rows) -> Any:
    """Return the rows of a CSV as a frame: the columns of a request with their types, the others as text."""
    pl = polars()
    series = {}
    for name, cells in zip(job.header, rows.cells or (), strict=True):
        column = schema.request.get(name.strip())
        if column is None:
            series[name] = pl.Series(name, [cell or None for cell in cells], pl.String)
            continue
        kind = pl.String if column.is_text else pl.Date if column.kind == "date" else pl.Float64
        series[name] = pl.Series(name, rows.values[name.strip()], kind)
    return pl.DataFrame(list(series.values()))


def _parquet(frame: Any, numbers: Sequence[Sequence[float]], warnings: list[str]) -> bytes:
    pl = polars()
    kinds = (*[pl.Float64] * len(numbers), pl.String)
    added = [pl.Series(*column) for column in zip(PREDICTION_COLUMNS, (*numbers, warnings), kinds, strict=True)]
    sink = io.BytesIO()
    frame.with_columns(added).write_parquet(sink)
    return sink.getvalue()
