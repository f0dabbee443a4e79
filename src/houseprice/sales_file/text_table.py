"""A table of texts, as a file of sales is read."""

from dataclasses import dataclass

import polars as pl

from houseprice.config.file_layout import FileLayout
from houseprice.sales_file.notes import Note

ROW = "row"
REASONS = "reasons"
BROKEN_SCHEMA = {ROW: pl.Int64(), REASONS: pl.String()}


@dataclass(frozen=True)
class TextTable:
    """Every column of a file as texts, the rows that could not be read, and how the file is written.

    Attributes:
        texts: `row` (1 is the first after the header; of several files they are counted on) and every named column of
            the file as String, without blanks at the edges, null where nothing is left.
        broken: `row` and `reasons` of the rows whose number of fields is not the header's, or that repeat the header.
        layout: how the file is written, with every key that could be found.
        notes: what was decided, and by what.
    """

    texts: pl.DataFrame
    broken: pl.DataFrame
    layout: FileLayout
    notes: tuple[Note, ...]

    @property
    def columns(self) -> list[str]:
        """Names of the file's columns, in their order."""
        return [name for name in self.texts.columns if name != ROW]
