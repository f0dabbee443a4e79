"""Files of houses, and how their prices are compared with those of the API."""

import csv
from pathlib import Path
from typing import Any

HEAD = "living area,rooms,zip,grade"
ROW = "80,3,98039,1"


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read a table back."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def as_answers(rows: list[dict[str, str]]) -> list[tuple[Any, ...]]:
    """Return the columns that were added."""
    names = ("predicted_price", "interval_low", "interval_high", "fsd", "confidence")
    return [(*(float(row[name]) for name in names), row["warnings"]) for row in rows]


def from_api(predictions: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return the answers of the API in the same form."""
    return [
        (
            p["predicted_price"],
            *p["prediction_interval"],
            p["fsd"],
            p["confidence"],
            "; ".join(w["message"] for w in p["warnings"]),
        )
        for p in predictions
    ]
