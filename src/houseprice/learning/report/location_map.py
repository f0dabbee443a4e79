"""Model and places in, what one and the same house would be answered with there out."""

from typing import Any

import numpy as np

from houseprice.learning.report.maps import coloured, where
from houseprice.learning.report.markup import Html
from houseprice.learning.report.what_if import Question

PLACES = 1500
MOVES = ((-0.35, -0.2, -0.07, 0.07, 0.25, 0.5), (-0.15, -0.08, -0.03, 0.03, 0.08, 0.15))


def same_house(question: Question) -> Html | None:
    """Return the map of what one and the same house is answered with at the places of many sales; None without."""
    newest = question.newest
    every = np.arange(len(newest.table.prices))
    rows = np.sort(np.random.default_rng(0).permutation(every)[:PLACES])
    places = where(newest, rows)
    if places is None:
        return None
    house = _typical(question)
    changes = {name: np.repeat(value, len(rows)) for name, value in house.items()}
    answered = np.exp(question.answer(rows, changes))
    middle = float(np.median(answered))
    moved = answered / middle - 1.0
    return coloured(
        "The same house elsewhere",
        f"One median house on the newest day, asked for at the places of {len(rows):,} sales; the colour is its answer "
        f"against the median one, {middle:,.0f}.",
        "Map of the answered price of one house at many places.",
        (*places, moved),
        MOVES[0] if np.quantile(np.abs(moved), 0.9) > MOVES[1][-1] else MOVES[1],
        growth=0.0,
    )


def _typical(question: Question) -> dict[str, Any]:
    """Return the median of every column but its place, on the newest day."""
    newest = question.newest
    schema = newest.table.schema
    house: dict[str, Any] = {}
    for name in question.columns:
        values = question.values(name)
        if name in question.places:
            continue
        if name == schema.sale_date:
            house[name] = values.max()
        elif values.dtype.kind == "U":
            texts, counts = np.unique(values, return_counts=True)
            house[name] = texts[counts.argmax()]
        else:
            whole = schema.columns[name].kind != "number"
            house[name] = np.quantile(values, 0.5, method="lower" if whole else "linear")
    return house
