"""Raw sales: the columns of a file that the schema declares, as the texts that were typed, and the others apart."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from houseprice import sales_file
from houseprice.config import Config, FileLayout, keys_of_columns
from houseprice.errors import DataError, nearest
from houseprice.sales_file import REASONS, ROW, TextTable
from houseprice.schema import Schema

__all__ = ["REASONS", "ROW", "RawTable", "parse", "read"]
_MOST_HINTS = 8
"""Missing columns that a message names."""


@dataclass(frozen=True)
class RawTable:
    """The declared columns as texts, and the rows that could not be read.

    Attributes:
        texts: `row` (1 is the first after the header) and every declared column, blanks as null.
        broken: `row` and `reasons` of the rows whose number of fields is not the header's.
        undeclared: `row` and the columns of the file that the schema does not declare, as texts.
        notes: what was decided about how the file is written.
    """

    texts: pl.DataFrame
    broken: pl.DataFrame
    undeclared: pl.DataFrame
    notes: tuple[sales_file.Note, ...] = ()

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names of the columns that the schema does not declare."""
        return tuple(name for name in self.undeclared.columns if name != ROW)


def read(source: Path, schema: Schema, layout: FileLayout = sales_file.AUTO, config: Config | None = None) -> RawTable:
    """Return the rows of a file of sales, or of all files of a folder or glob.

    Raises:
        DataError: The file cannot be read, or lacks declared columns (code `csv_columns_missing`, details `columns`;
            `keys` are those of the configuration that name them).
    """
    return _select(sales_file.read(source, layout), str(source), schema, config)


def parse(text: str, where: str, schema: Schema, layout: FileLayout = sales_file.AUTO) -> RawTable:
    """Return the rows of a CSV that was already read; `where` names it in messages.

    Raises:
        DataError: It cannot be read, or lacks declared columns (code `csv_columns_missing`).
    """
    return _select(sales_file.parse(text.encode(), where, layout), where, schema)


def _select(table: TextTable, where: str, schema: Schema, config: Config | None = None) -> RawTable:
    _check_columns(table, where, schema, config)
    others = [name for name in table.columns if name not in schema.file_columns]
    texts, undeclared = table.texts.select(ROW, *schema.file_columns), table.texts.select(ROW, *others)
    return RawTable(texts, table.broken, undeclared, table.notes)


def _check_columns(table: TextTable, where: str, schema: Schema, config: Config | None) -> None:
    needed = dict.fromkeys((*schema.file_columns, *(config.data.only if config else ())))
    missing = [name for name in needed if name not in table.columns]
    if not missing:
        return
    others = [name for name in table.columns if name not in schema.file_columns]
    hints = ", ".join(f'"{name}"{nearest(name, others)}' for name in missing[:_MOST_HINTS])
    hints += f" and {len(missing) - _MOST_HINTS} more" if len(missing) > _MOST_HINTS else ""
    found = ", ".join(table.columns)[:120]
    keys = keys_of_columns(config, missing) if config else []
    if table.layout.header_lines == 0 and not table.layout.names:
        advice = "it has no header: list its columns in data.file.names, with data.file.header_lines 0"
    elif len(missing) > 0.5 * len(needed):
        advice = f"`houseprice init {where}` writes a configuration for a file of this shape"
    else:
        advice = "correct the header, or the declaration under data.columns"
        if keys:
            advice += f"; to do without {'it' if len(missing) == 1 else 'them'}, delete {', '.join(keys)}"
    raise DataError(
        f'"{where}" lacks {len(missing)} of the {len(needed)} declared columns, {hints}, and has: {found}; {advice}.',
        code="csv_columns_missing",
        columns=missing,
        keys=keys,
    )
