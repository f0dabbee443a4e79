"""CSV of houses, before and after it is priced: for `houseprice predict`, `/batch-predict` and `/invocations`."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TextIO

from houseprice.schema import Schema
from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.csv_cells import format_cell
from houseprice.serving.csv_dialect import BYTE_ORDER_MARK, Dialect
from houseprice.serving.csv_reader import PREDICTION_COLUMNS, CsvColumns, CsvReader, Row
from houseprice.serving.prediction import Prediction, PredictionWarning
from houseprice.serving.request import BLOCK, House, RequestModel
from houseprice.serving.validation_errors import BatchTooLargeError, InvalidRequestError

NUMBERS = "%.2f %.2f %.2f %.6f %.2f"
"""How the numbers of a prediction are written."""


@dataclass(frozen=True)
class Table:
    """Checked houses, and the cells before their predictions in a CSV.

    Attributes:
        houses: in the order of the rows.
        header, cells: what was sent, or the houses written as a table; cells are read once, as they are needed.
        dialect: how to write it.
    """

    houses: list[House]
    header: Sequence[str]
    cells: Iterable[Sequence[str]]
    dialect: Dialect


def read(body: bytes, columns: CsvColumns, rules: RequestModel, limit: int, dialect: Dialect, **options: Any) -> Table:
    """Return the checked houses of a request body; `options` are those of `CsvReader`.

    Raises:
        InvalidRequestError: The body is not a CSV, or a house cannot be priced.
        BatchTooLargeError: It holds more than `limit` houses.
    """
    reader = CsvReader(io.BytesIO(body), columns, dialect, **options)
    lines: list[int] = []
    first: list[Row] = []

    def blocks() -> Iterator[list[House]]:
        rows = iter(reader)
        while block := list(islice(rows, BLOCK)):
            first.extend([] if lines else block)
            lines.extend(row.line for row in block)
            if len(lines) > limit:
                raise BatchTooLargeError(limit)
            yield [reader.house(row) for row in block]

    try:
        houses = rules.validate_blocks(blocks())
    except InvalidRequestError as err:
        placed = [error if error.house is None else replace(error, line=lines[error.house]) for error in err.errors]
        raise InvalidRequestError(placed) from err
    if not houses:  # otherwise each house says what it lacks
        reader.require_columns()
    # Many rows are read again when they are written, since all their cells would take several times the body's memory.
    rows = first if len(lines) <= BLOCK else CsvReader(io.BytesIO(body), columns, dialect, **options)
    return Table(houses, reader.header, (row.cells for row in rows), reader.dialect)


def table_of(houses: list[House], schema: Schema, dialect: Dialect) -> Table:
    """Return houses that did not come as a table, in the columns that any of them has."""
    columns = {}
    for name, column in schema.request.items():
        checkpoint()
        values = [house.get(name) for house in houses]
        if any(value is not None for value in values):
            columns[name] = [format_cell(value, column.kind, dialect.decimal) for value in values]
    cells = list(zip(*columns.values(), strict=True)) or [()] * len(houses)
    return Table(houses, list(columns), cells, dialect)


class CsvWriter:
    """Writes rows with their predictions behind them."""

    def __init__(self, sink: TextIO, header: Sequence[str] | None, dialect: Dialect) -> None:
        """Write the header; None is for rows that come behind others."""
        self._decimal = dialect.decimal
        self._writer = csv.writer(sink, delimiter=dialect.delimiter or ",", lineterminator="\n")
        if header is not None:
            sink.write(BYTE_ORDER_MARK if dialect.byte_order_mark else "")
            self._writer.writerow([*header, *PREDICTION_COLUMNS])

    def write(self, rows: Sequence[Sequence[str]], predictions: Sequence[Prediction]) -> None:
        """Write some rows."""
        for cells, prediction in zip(rows, predictions, strict=True):
            price, (low, high) = prediction.predicted_price, prediction.prediction_interval
            numbers = number_cells(price, low, high, prediction.fsd, prediction.confidence)
            added = [number.replace(".", self._decimal) for number in numbers]
            self._writer.writerow([*cells, *added, join_warnings(prediction.warnings)])


def write(table: Table, blocks: Iterable[Sequence[Prediction]]) -> list[bytes]:
    """Return a table as CSV, with the predictions behind each row, in parts: one for each block of predictions."""
    sink = io.StringIO(newline="")
    writer, cells = CsvWriter(sink, table.header, table.dialect), iter(table.cells)
    parts = []
    for predictions in blocks:
        writer.write(list(islice(cells, len(predictions))), predictions)
        parts.append(sink.getvalue().encode())
        sink.seek(0)
        sink.truncate()
    return parts or [sink.getvalue().encode()]


def number_cells(price: float, low: float, high: float, fsd: float, confidence: float) -> list[str]:
    """Return the numbers of a prediction as cells, with a point as decimal sign."""
    return (NUMBERS % (price, low, high, fsd, confidence)).split()


def join_warnings(warnings: Sequence[PredictionWarning]) -> str:
    """Return the messages of warnings as one cell."""
    return "; ".join(warning.message for warning in warnings)
