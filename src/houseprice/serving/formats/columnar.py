"""Bytes of Parquet or an Arrow stream in, the houses that they hold out; and back, with the answers as columns.

Only here and in `weighing` is pyarrow met: `routes` loads them when the first such body comes.
"""

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from houseprice.serving.formats import weighing
from houseprice.serving.formats.rows import Rows, check_header, unreadable, written
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House, RequestModel
from houseprice.serving.table import ADDED


class Columnar:
    """The rows of an Arrow table."""

    def __init__(self, table: Any, houses: list[House]) -> None:
        self.houses = houses
        self.table = table

    def texts(self, decimal: str) -> tuple[list[str], Sequence[Sequence[str]]]:
        """Give back header and rows as a CSV with this decimal sign holds them."""
        return written(self.values(), decimal)

    def values(self) -> dict[str, list[Any]]:
        """Give back column name → values; None is missing."""
        return {name: _values(self.table[name]) for name in self.table.column_names}


def read_parquet(body: bytes, rules: RequestModel, most: int, most_bytes: int) -> Columnar:
    """Give back the rows of a Parquet file.

    Raises:
        InvalidRequestError: it is none, or holds a house that cannot be priced.
        BatchTooLargeError: it holds more than `most` houses.
        HTTPException: 413, it would take more than `most_bytes` when decompressed.
    """
    return _rows(weighing.parquet(body, most, most_bytes), rules)


def read_arrow(body: bytes, rules: RequestModel, most: int, most_bytes: int) -> Columnar:
    """Give back the rows of an Arrow stream; raises as `read_parquet` does."""
    return _rows(weighing.arrow(body, most, most_bytes), rules)


def write_parquet(rows: Rows, answers: Sequence[Prediction]) -> bytes:
    """Give back the rows as they were sent, with the answers as columns."""
    sink = io.BytesIO()
    pq.write_table(_answered(rows, answers), sink)
    return sink.getvalue()


def write_arrow(rows: Rows, answers: Sequence[Prediction]) -> bytes:
    """Give back the rows as they were sent, with the answers as columns."""
    sink = io.BytesIO()
    table = _answered(rows, answers)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def _answered(rows: Rows, answers: Sequence[Prediction]) -> Any:

    table = rows.table if isinstance(rows, Columnar) else pa.table(rows.values())
    prices = ((answer.predicted_price, *answer.prediction_interval) for answer in answers)
    numbers = list(zip(*prices, strict=True)) or [()] * 3
    warnings = ["; ".join(caution.message for caution in answer.warnings) for answer in answers]
    kinds = [pa.float64()] * 3 + [pa.string()]
    columns = [pa.array(values, kind) for values, kind in zip([*numbers, warnings], kinds, strict=True)]
    if not table.num_columns:
        return pa.table(columns, names=ADDED)
    for name, values in zip(ADDED, columns, strict=True):
        table = table.append_column(name, values)
    return table


def _rows(table: Any, rules: RequestModel) -> Columnar:
    names = table.column_names
    check_header(names, rules.schema)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise unreadable(
            "header_invalid", f"The table has {', '.join(twice)[:200]} more than once; expected once; rename."
        )
    columns = {name: _values(table[name]) for name in names if name in rules.schema.request}
    houses: list[House] = [{} for _ in range(table.num_rows)]
    for name, values in columns.items():
        for house, value in zip(houses, values, strict=True):
            if value is not None:
                house[name] = value
    return Columnar(table, rules.validate(houses))


def _values(column: Any) -> list[Any]:
    """Give back the values as JSON would hold them; no number is a blank, as many programs write it."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    try:
        if pa.types.is_timestamp(kind):  # Python knows no nanoseconds; what it has no room for must not wrap around
            column = column.cast(pa.timestamp("us", kind.tz), safe=kind.unit != "ns")
        values = column.to_pylist()
    except (ValueError, OverflowError, KeyError, pa.ArrowException) as err:
        raise unreadable(
            "column_invalid", f"The table has a day that no calendar holds ({err}); expected years 1 to 9999; correct."
        ) from err
    if pa.types.is_floating(kind):
        return [None if value is None or value != value else value for value in values]  # noqa: PLR0124 - NaN
    if pa.types.is_decimal(kind):
        return [None if value is None else float(value) for value in values]
    if pa.types.is_timestamp(kind):
        return [_day(value) for value in values]
    return list(values)


def _day(value: datetime | None) -> date | None:
    return None if value is None else value.date()
