"""Export of predictions and prices paid to a Parquet or CSV file.

The rows are read in blocks, so that any number of them fits into memory.
"""

import csv
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from houseprice.atomic_io import check_format, replace_file
from houseprice.errors import MissingDependencyError
from houseprice.store.tables import actuals, predictions

_BLOCK = 50_000
_FORMATS = {"CSV": (".csv",), "Parquet": (".parquet", ".pq")}
_JSON = ("warnings", "inputs")
_COLUMNS = (
    *(column for column in predictions.c if column.name != "id"),
    actuals.c.price.label("price_paid"),
    actuals.c.sale_date,
    actuals.c.recorded_at,
)
_NAMES = tuple(column.name for column in _COLUMNS)
Row = tuple[Any, ...]


def export(connection: Connection, path: Path, *, labelled_only: bool) -> int:
    """Write the file; see `Store.export`."""
    write = _write_csv if check_format(path, _FORMATS) == "CSV" else _write_parquet
    return write(_blocks(connection, labelled_only=labelled_only), path)


def _blocks(connection: Connection, *, labelled_only: bool) -> Iterator[list[Row]]:
    """Return the rows in the order of their insertion; warnings and inputs are JSON."""
    paid = (actuals.c.prediction_id == predictions.c.id) & actuals.c.replaced_at.is_(None)
    joined = predictions.join(actuals, paid, isouter=not labelled_only)
    last = -1
    while True:
        statement = (
            select(predictions.c.id, *_COLUMNS)
            .select_from(joined)
            .where(predictions.c.id > last)
            .order_by(predictions.c.id)
            .limit(_BLOCK)
        )
        rows = connection.execute(statement).all()
        if rows:
            yield [_as_texts(row[1:]) for row in rows]
        if len(rows) < _BLOCK:
            return
        last = rows[-1].id


def _as_texts(row: Row) -> Row:
    return tuple(
        json.dumps(value) if name in _JSON and value is not None else value
        for name, value in zip(_NAMES, row, strict=True)
    )


def _write_csv(blocks: Iterator[list[Row]], path: Path) -> int:
    count = 0
    with replace_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(_NAMES)
        for rows in blocks:
            writer.writerows([[_cell(value) for value in row] for row in rows])
            count += len(rows)
    return count


def _cell(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _write_parquet(blocks: Iterator[list[Row]], path: Path) -> int:
    try:
        import polars as pl
    except ModuleNotFoundError as err:
        raise MissingDependencyError(
            "To export Parquet, install polars with `pip install 'houseprice[learning]'`, or export to CSV.",
            code="polars_missing",
        ) from err
    time = pl.Datetime("us", "UTC")
    kinds: dict[str, Any] = {
        "request_row": pl.Int64,
        "predicted_at": time,
        "recorded_at": time,
        "valuation_date": pl.Date,
        "sale_date": pl.Date,
        **dict.fromkeys(("price", "low", "high", "fsd", "price_paid"), pl.Float64),
    }
    schema = {name: kinds.get(name, pl.String) for name in _NAMES}
    count = 0
    with replace_file(path) as temporary, tempfile.TemporaryDirectory(dir=path.parent) as folder:
        parts = []
        for number, rows in enumerate(blocks):
            parts.append(Path(folder) / f"{number}.parquet")
            pl.DataFrame(rows, schema, orient="row").write_parquet(parts[-1])
            count += len(rows)
        if parts:
            pl.scan_parquet(parts).sink_parquet(temporary)
        else:
            pl.DataFrame(schema=schema).write_parquet(temporary)
    return count
