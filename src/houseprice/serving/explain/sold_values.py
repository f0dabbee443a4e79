"""Values of the sold houses in one column, from which an automatic grid takes its points."""

from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle.load import Bundle
from houseprice.bundle.sales_store import Sales
from houseprice.monitoring.bins import spread_points
from houseprice.serving.column_layout import from_iso

POINTS = 1000
"""Values that stand for a distribution where the sales themselves are not in the bundle."""


def sold_values(bundle: Bundle, sales: Sales, name: str) -> npt.NDArray[Any]:
    """Return a column of the sold houses, as the model takes it.

    Where the bundle holds no sales, the values are distributed as the reference says, which holds counts alone; days
    lie evenly between the first and the last.
    """
    if name in sales.columns:
        return sales.columns[name]
    column, reference = bundle.manifest.schema_.columns[name], bundle.reference.get(name, {})
    if column.is_text:
        levels = reference.get("levels", {})
        return np.repeat(np.array(list(levels), dtype=object), list(levels.values()))
    if column.kind == "date" and "minimum" in reference:
        return np.round(np.linspace(from_iso(reference["minimum"]), from_iso(reference["maximum"]), POINTS))
    return spread_points(reference, POINTS) if "shares" in reference else np.empty(0)
