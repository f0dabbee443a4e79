"""Parquet: bytes in, a table of texts out, in the forms that cells of a workbook have."""

import io

import polars as pl
import polars.selectors as cs
from polars.exceptions import PanicException, PolarsError

from houseprice.config.file_layout import FileLayout
from houseprice.errors import DataError
from houseprice.sales_file.content import MAX_BYTES
from houseprice.sales_file.notes import Note
from houseprice.sales_file.table_building import check_names
from houseprice.sales_file.text_table import BROKEN_SCHEMA, ROW, TextTable

MAX_CELLS = 500_000_000
"""Rows times columns; a few bytes of a file can stand for very many equal values."""


def read_parquet(content: bytes, where: str) -> TextTable:
    """Return the rows of a Parquet file.

    Raises:
        DataError: It is damaged (code `parquet_invalid`), holds too much (`table_too_large`), or has no column that can
            be read (`csv_empty`).
    """
    try:
        frame = _frame(content, where)
        check_names([name.strip() for name in frame.columns], where)
    except (PolarsError, PanicException) as err:
        raise DataError(
            f'"{where}" is not a valid Parquet file ({err}); write it again.', code="parquet_invalid", path=where
        ) from err
    nested = frame.select(cs.nested() | cs.binary() | cs.object() | cs.duration()).columns
    notes = [
        Note("", name, "certain", f'Column "{name}" holds {frame[name].dtype} and is left out.') for name in nested
    ]
    if ROW in frame.columns:
        reason = f'Column "{ROW}" is left out, since rows are numbered by their place in the file.'
        notes.append(Note("", ROW, "likely", reason))
    kept = frame.select(pl.exclude(ROW, *nested))
    if not kept.width:
        raise DataError(f'"{where}" has no column that can be read.', code="csv_empty")
    texts = pl.DataFrame([_as_texts(series) for series in kept.iter_columns()])
    if (held := int(texts.select(pl.sum_horizontal(pl.all().str.len_bytes().sum())).item() or 0)) > MAX_BYTES:
        raise DataError(
            f'"{where}" stands for {held:,} bytes of text, more than {MAX_BYTES:,}; give a part of it.',
            code="table_too_large",
            path=where,
        )
    texts = texts.with_columns(pl.all().str.strip_chars().replace("", None))
    rows = pl.Series(ROW, range(1, texts.height + 1), dtype=pl.Int64)
    layout = FileLayout(format="parquet")
    return TextTable(texts.insert_column(0, rows), pl.DataFrame(schema=BROKEN_SCHEMA), layout, tuple(notes))


def _frame(content: bytes, where: str) -> pl.DataFrame:
    scanned = pl.scan_parquet(io.BytesIO(content))
    columns = len(scanned.collect_schema())
    rows = scanned.select(pl.len()).collect().item()
    if rows * columns > MAX_CELLS:
        raise DataError(
            f'"{where}" has {rows:,} rows and {columns:,} columns, more than {MAX_CELLS:,} values; give a part of it.',
            code="table_too_large",
            path=where,
        )
    return scanned.collect()


def _as_texts(series: pl.Series) -> pl.Series:
    """Return a column as texts, each kind of value in one form."""
    kind, column = series.dtype, pl.col(series.name)
    if kind.is_float():
        whole = (column == column.round()) & (column.abs() < 2**53)
        text = (
            pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(column.cast(pl.String))
        )
        text = pl.when(column.is_not_nan()).then(text)
    elif isinstance(kind, pl.Datetime):
        local = column.dt.replace_time_zone(None)
        day = local.dt.strftime("%Y-%m-%d")
        text = pl.when(local == local.dt.truncate("1d")).then(day).otherwise(local.dt.strftime("%Y-%m-%dT%H:%M:%S%.f"))
    else:
        text = column.cast(pl.String)
    return series.to_frame().select(text.alias(series.name.strip())).to_series()
