"""OpenAPI descriptions of the formats of a batch."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from houseprice.schema import Column, Schema
from houseprice.serving.csv_cells import format_cell
from houseprice.serving.formats.negotiation import CSV, JSON, NDJSON
from houseprice.serving.request import House, is_optional


def csv_schema(schema: Schema, rows: Sequence[House]) -> dict[str, Any]:
    """Return a pattern of the plainest tables that are accepted, since JSON schema cannot describe a CSV.

    Args:
        schema: the columns of a house.
        rows: some houses that can be priced.
    """
    names = [name for name in schema.request if not is_optional(schema, name)]
    rows_of_cells = ([_cell(schema.request[name], row[name]) for name in names] for row in rows)
    header, *lines = (_pattern(cells) for cells in (names, *rows_of_cells))
    houses = f"(\\n({'|'.join(dict.fromkeys(lines))}))*" if lines else ""
    return {
        "type": "string",
        "pattern": f"^{header}{houses}\\n?$",
        "description": (
            "A header and a row for each house. The pattern shows the plainest form; more columns, in any order, and "
            "any values that a house may have are accepted as well"
        ),
    }


def request_content(house: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a batch; `house` refers to the schema of a house, `table` describes a CSV."""
    lines = "A house as a JSON object on each line, of any number; answered line by line as they arrive"
    declared = 'delimiter and decimal sign may be declared: `text/csv; delimiter=";"; decimal=","`'
    about = f"{table['description']}; other columns are returned as they were sent; {declared}"
    return {
        JSON.names[0]: {"schema": {"type": "array", "items": house}},
        NDJSON.names[0]: {"schema": {"type": "string", "description": lines}},
        CSV.names[0]: {"schema": {**table, "description": about}},
    }


def response_content() -> dict[str, Any]:
    """Return the content of the answers to a batch that are not JSON."""
    lines = "A prediction on each line; after an error in a later block, a last line with `detail`"
    table = (
        "The table that was sent, with its own columns first, then `predicted_price`, `interval_low`, `interval_high`, "
        "`fsd`, `confidence` and `warnings`"
    )
    return {
        NDJSON.names[0]: {"schema": {"type": "string", "description": lines}},
        CSV.names[0]: {"schema": {"type": "string", "description": table}},
    }


def _cell(column: Column, value: Any) -> Any:
    """Return a value as a table holds it, where the column declares how its numbers are written."""
    if column.form is None or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return format_cell(
        value / column.form.factor if column.form.factor != 1.0 else value, "", column.form.decimal or "."
    )


def _pattern(cells: Sequence[Any]) -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, lineterminator="").writerow(cells)
    return re.sub(r"[\\^$.*+?()\[\]{}|]", r"\\\g<0>", sink.getvalue())
