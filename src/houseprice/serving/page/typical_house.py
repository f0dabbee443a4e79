"""The house that the form begins with: one that is usual in its price and in every column."""

from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle.load import Bundle
from houseprice.schema import Column
from houseprice.serving.column_layout import ColumnLayout
from houseprice.serving.scorer import Scorer

Floats = npt.NDArray[np.float64]


def typical_house(bundle: Bundle, scorer: Scorer) -> dict[str, Any]:
    """Return the most usual of the houses that stand for all sales, as a request holds it, without a date.

    How unusual a house is in a column is how far its rank among them is from the middle; its price counts as much as
    all columns together. Coordinates do not count: the middle of a region need not be a usual place.

    Raises:
        ServingError: The model failed.
    """
    schema, rows = bundle.manifest.schema_, bundle.explanation["background"]
    layout = ColumnLayout(bundle)
    houses = scorer.request.validate(rows)
    columns = layout.named(layout.fill(houses))
    judged = [name for name in columns if _is_judged(schema.columns[name])]
    unusual = len(judged) * distance_from_middle(scorer.prices(houses))
    for name in judged:
        unusual = unusual + distance_from_middle(columns[name])
    house: dict[str, Any] = rows[int(unusual.argmin())]
    return {
        name: bool(value) if schema.columns[name].kind == "flag" else value
        for name, value in house.items()
        if name != schema.sale_date  # without it, the house is valued on the day of the newest sale
    }


def _is_judged(column: Column) -> bool:
    return not column.is_text and column.kind != "date" and column.role not in ("latitude", "longitude")


def distance_from_middle(values: Floats) -> Floats:
    """Return how far the rank of each value is from the middle, from 0 to 1/2; 1/2 where it is missing."""
    above = (values[:, None] > values).sum(axis=1) + (values[:, None] >= values).sum(axis=1)
    known = max(2 * int(np.isfinite(values).sum()), 1)
    return np.where(np.isnan(values), 0.5, np.abs(above / known - 0.5))
