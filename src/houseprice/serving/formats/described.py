"""Schema of a house in, what OpenAPI says of each format out."""

from typing import Any

from houseprice.serving.formats.negotiation import ARROW, CSV, JSON, LINES, PARQUET

_BINARY = {"type": "string", "format": "binary"}
_TABLE = "with its own columns first, then `predicted_price`, `interval_low`, `interval_high` and `warnings`"


def asked(house: dict[str, Any], most_houses: int) -> dict[str, Any]:
    """Describe the bodies of a batch; `house` refers to the schema of one."""
    array = {"type": "array", "items": house, "maxItems": most_houses}
    lines = "A house as a JSON object on each line, of any number; answered line by line as they arrive"
    table = "A header and a row for each house; other columns are passed through"
    declared = 'delimiter and decimal sign may be declared: `text/csv; delimiter=";"; decimal=","`'
    binary = {**_BINARY, "description": "A row for each house, in flat columns; other columns are passed through"}
    return {
        JSON.names[0]: {"schema": array},
        LINES.names[0]: {"schema": {"type": "string", "description": lines}},
        CSV.names[0]: {"schema": {"type": "string", "description": f"{table}; {declared}"}},
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
