"""Map of the prices predicted for one typical house at many locations."""

from typing import Any

import numpy as np

from houseprice.html_report import Figure
from houseprice.learning.report.maps import point_map
from houseprice.learning.report.what_if import WhatIf
from houseprice.schema import amount_in_words

LOCATIONS = 1500
EDGES_WIDE = (-0.35, -0.2, -0.07, 0.07, 0.25, 0.5)
EDGES_NARROW = (-0.15, -0.08, -0.03, 0.03, 0.08, 0.15)


def location_map(what_if: WhatIf) -> Figure | None:
    """Return the map of one house's predicted price at the locations of many sales; None without coordinates."""
    holdout = what_if.holdout
    rows = np.sort(np.random.default_rng(0).permutation(len(holdout.table.prices))[:LOCATIONS])
    places = holdout.coordinates(rows)
    if places is None:
        return None
    house = {name: np.repeat(value, len(rows)) for name, value in _typical_house(what_if).items()}
    predicted = np.exp(what_if.predict_log(rows, house))
    median = float(np.median(predicted))
    relative = predicted / median - 1.0
    return point_map(
        "The same house at other locations",
        f"The median house on the newest day, predicted at the locations of {len(rows):,} sales; the colour compares "
        f"each prediction with the median one, {amount_in_words(median)}.",
        "Map of the predicted price of one house at many locations.",
        (*places, relative),
        EDGES_WIDE if np.quantile(np.abs(relative), 0.9) > EDGES_NARROW[-1] else EDGES_NARROW,
        growth=0.0,
    )


def _typical_house(what_if: WhatIf) -> dict[str, Any]:
    """Return the median of every column except its location, on the newest day."""
    schema = what_if.holdout.table.schema
    house: dict[str, Any] = {}
    for name in what_if.columns:
        values = what_if.values(name)
        if name in what_if.location_columns:
            continue
        if name == schema.sale_date:
            house[name] = values.max()
        elif values.dtype.kind == "U":
            texts, counts = np.unique(values, return_counts=True)
            house[name] = texts[counts.argmax()]
        else:
            discrete = schema.columns[name].kind != "number"
            house[name] = np.quantile(values, 0.5, method="lower" if discrete else "linear")
    return house
