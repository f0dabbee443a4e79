"""Schema of a house in, what OpenAPI says of each format out."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from houseprice.schema import Schema
from houseprice.serving.formats.negotiation import ARROW, CSV, JSON, LINES, PARQUET
from houseprice.serving.request import House, is_optional

_BINARY = {"type": "string", "format": "binary"}
_TABLE = "with its own columns first, then `predicted_price`, `interval_low`, `interval_high` and `warnings`"


def table(schema: Schema, rows: Sequence[House]) -> dict[str, Any]:
    """Describe a CSV: JSON schema has no word for tables, so that its pattern shows the plainest that are taken.

    Args:
        schema: what a house may hold.
        rows: some houses that can be priced.
    """
    names = [name for name in schema.request if not is_optional(schema, name)]
    header, *lines = (_written(cells) for cells in (names, *([row[name] for name in names] for row in rows)))
    houses = f"(\\n({'|'.join(dict.fromkeys(lines))}))*" if lines else ""
    return {
        "type": "string",
        "pattern": f"^{header}{houses}\\n?$",
        "description": (
            "A header and a row for each house. The pattern shows the plainest form; more columns, in any order, and "
            "any values that a house may have are taken as well"
        ),
    }


def _written(cells: Sequence[Any]) -> str:
    """Give back a line of CSV as a pattern."""
    sink = io.StringIO(newline="")
    csv.writer(sink, lineterminator="").writerow(cells)
    return re.sub(r"[\\^$.*+?()\[\]{}|]", r"\\\g<0>", sink.getvalue())


def asked(house: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Describe the bodies of a batch; `house` refers to the schema of one, `table` describes a CSV."""
    array = {"type": "array", "items": house}
    lines = "A house as a JSON object on each line, of any number; answered line by line as they arrive"
    declared = 'delimiter and decimal sign may be declared: `text/csv; delimiter=";"; decimal=","`'
    binary = {**_BINARY, "description": "A row for each house, in flat columns; other columns are passed through"}
    return {
        JSON.names[0]: {"schema": array},
        LINES.names[0]: {"schema": {"type": "string", "description": lines}},
        CSV.names[0]: {
            "schema": {**table, "description": f"{table['description']}; other columns come back; {declared}"}
        },
        PARQUET.names[0]: {"schema": binary},
        ARROW.names[0]: {"schema": binary},
    }


def answered() -> dict[str, Any]:
    """Describe the answers to a batch that are not JSON."""
    lines = "An answer on each line; after a fault in a later block, a last line with `detail`"
    table = f"The table that was sent, {_TABLE}"
    return {
        LINES.names[0]: {"schema": {"type": "string", "description": lines}},
        CSV.names[0]: {"schema": {"type": "string", "description": table}},
        PARQUET.names[0]: {"schema": {**_BINARY, "description": table}},
        ARROW.names[0]: {"schema": {**_BINARY, "description": table}},
    }
