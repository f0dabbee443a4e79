"""Sales that came in after the raw table was made: cleaned by the same rules, and added to its accepted sales.

They are a CSV with the columns of the schema in canonical form, as a processed table has them, and not as the raw file
writes them: `houseprice actuals export` writes the sales of a store so.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from houseprice import sales_file
from houseprice.config import Config
from houseprice.learning import csv_reader, processing
from houseprice.learning.csv_reader import REASONS, ROW
from houseprice.learning.processing import CleanTable
from houseprice.learning.unit_faults import unit_faults
from houseprice.schema import Schema

KNOWN = "already among the sales"
"""Why an additional sale is rejected that the raw table holds too."""


@dataclass(frozen=True)
class AddedSales:
    """Additional sales: the accepted ones typed, and the rejected ones with `row` and `reasons`."""

    sales: pl.DataFrame
    rejected: pl.DataFrame

    @property
    def report(self) -> dict[str, Any]:
        """How many were read, kept and rejected."""
        kept, rejected = self.sales.height, self.rejected.height
        return {"rows_read": kept + rejected, "rows_kept": kept, "rows_rejected": rejected}

    def added_to(self, table: CleanTable, sha256: str) -> CleanTable:
        """Return a table with these sales behind its own; its report tells how many, and the digest of their file."""
        report = table.report | {"additional_sales": self.report | {"sha256": sha256}}
        return replace(table, sales=pl.concat([table.sales, self.sales]), report=report)


def read_additional(source: Path, config: Config, sales: pl.DataFrame) -> AddedSales:
    """Return the sales of a file that are none of the accepted `sales` yet.

    A sale is known when one of the same day and price is of the same parcel, or the same in every column of a request.
    One whose measurements seem to be in other units is rejected, too: nobody knows whether they are. A header alone is
    no error: nothing was sold yet.

    Raises:
        DataError: The file cannot be used, or too many of its rows are rejected.
    """
    schema = canonical_schema(config.schema_)
    raw = csv_reader.read(source, schema, sales_file.AUTO)
    if raw.texts.is_empty() and raw.broken.is_empty():
        return AddedSales(sales.head(0), raw.broken)
    cleaned = processing.clean(raw, schema, config.data.model_copy(update={"only": {}}))
    rows = raw.texts.join(cleaned.rejected, on=ROW, how="anti")[ROW]
    found = cleaned.sales.insert_column(0, rows)
    sale = [name for name in (schema.target, schema.sale_date) if name]
    known = found.join(sales, on=list(dict.fromkeys([*sale, *schema.request])), how="semi", nulls_equal=True)
    if schema.parcel:
        known = pl.concat([known, found.join(sales, on=[*sale, schema.parcel], how="semi")])
    reasons = found.select(
        pl.when(pl.col(ROW).is_in(known[ROW].to_list()))
        .then(pl.lit(KNOWN))
        .otherwise(pl.lit("measurements look like ") + unit_faults(found, sales, schema))
        .alias(REASONS)
    )
    judged = found.with_columns(reasons)
    kept = judged.filter(pl.col(REASONS).is_null()).drop(ROW, REASONS)
    others = judged.filter(pl.col(REASONS).is_not_null()).with_columns(pl.col(*schema.columns).cast(pl.String))
    return AddedSales(kept, pl.concat([cleaned.rejected, others], how="diagonal_relaxed").sort(ROW))


def canonical_schema(schema: Schema) -> Schema:
    """Return a schema of the same columns, each written in canonical form in a column of its own name."""
    plain = {name: column.model_copy(update={"form": None, "sources": ()}) for name, column in schema.columns.items()}
    return Schema(columns=plain)
