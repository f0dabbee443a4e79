"""Which group each sale belongs to: by a table of keys and groups, or by a column of the sales themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice import sales_file
from houseprice.config import FileLayout
from houseprice.conversion.value import normalized
from houseprice.errors import DataError, nearest
from houseprice.sales_file import ROW, TextTable
from houseprice.schema import Schema

Texts = npt.NDArray[np.str_]
NONE = ""
BANDS, MOST_NUMBERS = 5, 20
"""A column of the sales with more different numbers is divided into bands of as many sales each."""
_SHOWN = 5


@dataclass(frozen=True)
class Grouping:
    """One division of the sales into groups.

    Attributes:
        name: of the column that holds the groups.
        labels: group of each sale; `NONE` where it has none.
        keys: of each sale in the table of groups; None where the group is a column of the sales.
        facts: what was left out, by name, for the report.
    """

    name: str
    labels: Texts
    keys: Texts | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def own_groups(sales: pl.DataFrame, columns: Sequence[str], schema: Schema, bands: int | None) -> list[Grouping]:
    """Return a grouping by each of some columns of the sales.

    Raises:
        DataError: The sales have no such column (code `group_column_unknown`).
    """
    found = []
    for name in columns:
        if name not in sales.columns:
            raise DataError(
                f'The sales have no column "{name}"{nearest(name, sales.columns)}. For a column of the raw file that '
                "the configuration does not declare, give that file with --by and its parcel numbers with --key.",
                code="group_column_unknown",
                column=name,
            )
        labels, column = _texts(sales[name]), schema.columns[name]
        many = not column.is_text and len(set(labels.tolist())) > MOST_NUMBERS
        if bands or many:
            labels = _banded(labels, sales[name].cast(pl.Int32) if column.kind == "date" else sales[name], name, bands)
        found.append(Grouping(name, labels, None, {"sales_without_group": int((labels == NONE).sum())}))
    return found


def read_groups(
    source: Path, key: str, columns: Sequence[str], sales: pl.DataFrame, schema: Schema, *,
    sheet: str | None = None, bands: int | None = None,
) -> list[Grouping]:  # fmt: skip
    """Return a grouping by each of some columns of a table, or by all of its columns but the key.

    Args:
        source: the table: CSV, Excel or Parquet.
        key: column that the table and the sales have in common.
        columns: of the table; empty for all.
        sales: the sales that are to be grouped.
        schema: their columns.
        sheet: of an Excel workbook.
        bands: number of parts of as many sales each that columns of numbers are divided into.

    Raises:
        DataError: The table cannot be read; the sales (code `key_unknown`) or the table (`key_missing`) lack the key;
            the table has no such column (`group_column_unknown`) or none but the key (`groups_missing`); rows are
            broken (`groups_rows_invalid`), a key has two groups (`groups_ambiguous`), or no sale has a group
            (`groups_unmatched`).
    """
    table = sales_file.read(source, FileLayout(sheet=sheet))
    chosen = _check_columns(table, source, key, columns, sales)
    column = schema.columns[key]
    keys = np.array([column.canonical(text) if text else NONE for text in _texts(sales[key]).tolist()])
    rows = table.texts.filter(pl.col(key).is_not_null())
    typed = [column.canonical(text) for text in rows[key].to_list()]
    facts = {
        "rows": table.texts.height,
        "rows_without_key": table.texts.height - rows.height,
        "keys_without_sales": len(set(typed) - set(keys.tolist())),
        "sales_without_key": int((keys == NONE).sum()),
    }
    return [
        _joined(
            source, name, list(zip(typed, rows[name].to_list(), rows[ROW].to_list(), strict=True)), keys, facts, bands
        )
        for name in chosen
    ]


def _check_columns(table: TextTable, source: Path, key: str, columns: Sequence[str], sales: pl.DataFrame) -> list[str]:
    """Return the columns that hold groups."""
    if not table.broken.is_empty():
        row, reason = table.broken.row(0)
        raise DataError(
            f'Rows of "{source}" that cannot be read: {table.broken.height}, the first of them row {row}: it {reason}. '
            "Correct them, or leave them out.",
            code="groups_rows_invalid",
            rows=table.broken[ROW].to_list(),
        )
    if key not in sales.columns:
        known = [name for name in table.columns if name in sales.columns]
        shared = f"; both have {', '.join(known)}" if known else ""
        raise DataError(
            f'The sales have no column "{key}" (--key){nearest(key, sales.columns)}{shared}.',
            code="key_unknown",
            key=key,
        )
    if key not in table.columns:
        listed = ", ".join(table.columns)[:200]
        raise DataError(
            f'"{source}" has no column "{key}" (--key){nearest(key, table.columns)}; it has {listed}. Name the column '
            "as the sales do.",
            code="key_missing",
            key=key,
        )
    others = [name for name in table.columns if name != key]
    for name in columns:
        if name not in others:
            raise DataError(
                f'"{source}" has no column of groups "{name}" (--group){nearest(name, others)}.',
                code="group_column_unknown",
                column=name,
            )
    if not others:
        raise DataError(f'"{source}" has no column but "{key}"; a second one holds the groups.', code="groups_missing")
    return list(dict.fromkeys(columns)) or others


def _joined(
    source: Path,
    name: str,
    rows: list[tuple[str, str | None, int]],
    keys: Texts,
    facts: dict[str, Any],
    bands: int | None,
) -> Grouping:
    group_of: dict[str, str] = {}
    differing: dict[str, int] = {}
    blank = 0
    for key, text, row in rows:
        label = normalized(text or "")
        blank += not label
        if label and group_of.setdefault(key, label) != label:
            differing.setdefault(key, row)
    if differing:
        shown = ", ".join(f"{key} (row {row})" for key, row in list(differing.items())[:_SHOWN])
        raise DataError(
            f'Keys of "{source}" with more than one group in "{name}": {len(differing)}, such as {shown}. Give '
            "each key one group.",
            code="groups_ambiguous",
            column=name,
            keys=list(differing),
        )
    labels = np.array([group_of.get(key, NONE) if key else NONE for key in keys.tolist()], dtype=str)
    without = sorted(set(keys[labels == NONE].tolist()) - {NONE})
    if (labels == NONE).all():
        ours, theirs = (", ".join(sorted(some)[:_SHOWN]) for some in (set(keys.tolist()) - {NONE}, group_of))
        raise DataError(
            f'No sale has a group in "{name}" of "{source}": its keys, such as {theirs or "none"}, are not those of '
            f"the sales, such as {ours or 'none'}.",
            code="groups_unmatched",
            column=name,
        )
    if bands:
        numbers = pl.Series(labels.tolist()).replace(NONE, None).cast(pl.Float64, strict=False)
        labels = _banded(labels, numbers, name, bands)
    facts = facts | {
        "rows_without_group": blank,
        "sales_without_group": int((labels == NONE).sum()),
        "keys_without_group": len(without),
        "some_keys_without_group": without[:_SHOWN],
    }
    return Grouping(name, labels, keys, facts)


def _texts(values: pl.Series) -> Texts:
    """Return the values of a column as texts, whole numbers without a fraction."""
    if values.dtype == pl.Boolean:
        values = values.cast(pl.Int8)
    whole = values.dtype.is_float() and (values.drop_nulls() == values.drop_nulls().round()).all()
    return np.array((values.cast(pl.Int64) if whole else values).cast(pl.String).fill_null(NONE).to_list(), dtype=str)


def _banded(labels: Texts, values: pl.Series, name: str, bands: int | None) -> Texts:
    """Return the band of each number, named by its smallest and largest value.

    Raises:
        DataError: A group is no number (code `groups_not_numeric`).
    """
    finite = values.cast(pl.Float64).is_finite().fill_null(value=False) if values.dtype.is_numeric() else None
    if finite is None or (~finite.to_numpy() & (labels != NONE)).any():
        raise DataError(
            f'"{name}" has groups that are no numbers, which --bands cannot divide; leave the option out.',
            code="groups_not_numeric",
            column=name,
        )
    count, numbers = bands or BANDS, values.cast(pl.Float64).to_numpy()
    given = labels != NONE
    edges = np.unique(np.quantile(numbers[given], np.linspace(0.0, 1.0, count + 1))) if given.any() else np.zeros(1)
    band = np.clip(np.searchsorted(edges, numbers, side="right"), 1, max(len(edges) - 1, 1))
    found = np.full(len(labels), NONE, dtype=object)
    width = len(str(count))
    for number in np.unique(band[given]).tolist():
        inside = given & (band == number)
        ordered = labels[inside][np.argsort(numbers[inside], kind="stable")]
        found[inside] = f"{number:0{width}d}: {ordered[0]} to {ordered[-1]}"
    return found.astype(str)
