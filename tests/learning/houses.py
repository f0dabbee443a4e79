"""Made houses: another trade's columns than the real ones, so that nothing is proved by their names."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from houseprice.config import Data, FileLayout
from houseprice.conversion import CellForm
from houseprice.learning.csv_reader import parse
from houseprice.learning.processing import CleanTable, clean
from houseprice.schema import Schema

AS_WRITTEN = FileLayout(quoting="double", lines_above_header=0, header_lines=1, footer_lines=0)
"""How `written` writes, so that no field is taken for anything else."""
SCHEMA = Schema.model_validate(
    {
        "columns": {
            name: {"description": name.capitalize(), **column}
            for name, column in {
                "plot": {"kind": "category", "role": "parcel"},
                "day": {"kind": "date", "role": "sale_date", "known": "at_sale", "minimum": "1900-01-01"},
                "paid": {"kind": "number", "role": "target", "known": "at_sale", "unit": "EUR", "minimum": 1},
                "area": {"kind": "number", "role": "living_area", "unit": "m²", "minimum": 10, "maximum": 5000},
                "rooms": {"kind": "integer", "role": "bedrooms", "required": False, "minimum": 0, "maximum": 20},
                "garden": {"kind": "flag", "required": False},
                "state": {"kind": "ordinal", "levels": ["poor", "fair", "good"], "required": False},
                "stars": {"kind": "ordinal", "levels": [1, 2, 3], "required": False},
                "quarter": {"kind": "category", "role": "location", "required": False},
                "built": {"kind": "integer", "role": "year_built"},
                "renewed": {"kind": "integer", "role": "year_renovated", "required": False},
                "terms": {"kind": "category", "known": "at_sale", "required": False},
            }.items()
        }
    }
)
HOUSE = {
    "plot": "p0", "day": "2015-01-02", "paid": "100.5", "area": "55", "rooms": "3", "garden": "yes", "state": "good",
    "stars": "2", "quarter": "north", "built": "1990", "renewed": "0", "terms": "cash",
}  # fmt: skip
"""One house as it is typed, with nothing wrong."""


def rules(**changed: Any) -> Data:
    """Return how the made tables are written, and that any share may be rejected."""
    said = {
        "max_rejected_share": 1.0, "max_years_sold_before_built": 0,
        "columns": SCHEMA.columns,
    }  # fmt: skip
    return Data(**(said | changed))


def declared(**form: Any) -> Schema:
    """Return the schema of cells that are written in some form."""
    return Schema(columns={name: column.with_form(CellForm(**form)) for name, column in SCHEMA.columns.items()})


def written(rows: Sequence[Mapping[str, str]], separator: str = ",") -> str:
    """Return the CSV of some houses; a row need only hold what is not `HOUSE`'s, and each has its own plot."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(HOUSE), delimiter=separator)
    writer.writeheader()
    writer.writerows(HOUSE | {"plot": f"p{number}"} | dict(row) for number, row in enumerate(rows))
    return stream.getvalue()


def cleaned(*rows: Mapping[str, str], schema: Schema = SCHEMA, **changed: Any) -> CleanTable:
    """Return what becomes of some houses."""
    return clean(parse(written(rows), "made.csv", schema, AS_WRITTEN), schema, rules(**changed))


def sales(*rows: Mapping[str, str]) -> pl.DataFrame:
    """Return some houses as a processed table."""
    table = cleaned(*rows)
    assert table.rejected.is_empty(), table.rejected
    return table.sales
