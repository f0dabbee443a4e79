"""Sentences on what is unusual about one sale compared with the training sales."""

from typing import Any

import numpy as np

from houseprice.learning.report.what_if import WhatIf
from houseprice.learning.splitting import TRAIN
from houseprice.schema import Column, amount_in_words

RARE = 0.01
FEW = 30  # sales in a location
MAX_SENTENCES = 6  # sentences
NEIGHBOURS = 5  # sales
KILOMETRES_PER_DEGREE = 111.2


def diagnose(what_if: WhatIf, row: int) -> list[str]:
    """Return what may have misled the model, the strongest first, and what similar houses nearby sold for."""
    found = [
        *_earlier_sale(what_if, row),
        *_unit_price(what_if, row),
        *_rare_texts(what_if, row),
        *_extreme_values(what_if, row),
    ]
    unusual = found or ["No column is unusual, so the cause of this price is not in the data."]
    return [*unusual[: MAX_SENTENCES - 1], *_nearest_sales(what_if, row)]


def format_value(what_if: WhatIf, name: str, value: Any) -> str:
    """Return a value with its unit."""
    schema = what_if.holdout.table.schema
    column = schema.columns[name]
    if name == schema.sale_date:
        return str(np.datetime64(int(value), "D"))
    if isinstance(value, str):
        return value or "(blank)"
    text = format_number(column, float(value))
    return f"{text} {column.unit}" if column.unit else text


def format_number(column: Column, value: float) -> str:
    """Return a number of a column without its unit; years have no thousands separator."""
    plain = column.kind in ("ordinal", "flag") or column.role in ("year_built", "year_renovated")
    return (f"{value:g}" if plain else f"{value:,.4f}".rstrip("0").rstrip(".")).replace("-", "−")


def _earlier_sale(what_if: WhatIf, row: int) -> list[str]:
    table = what_if.holdout.table
    earlier = np.flatnonzero((table.parcels == table.parcels[row]) & (table.days < table.days[row]))
    if not len(earlier):
        return []
    last = earlier[table.days[earlier].argmax()]
    times = table.prices[row] / table.prices[last]
    months = round(float(table.days[row] - table.days[last]) / 30.44)
    why = " It may have been renovated in between." if times > 1.3 else ""
    day = np.datetime64(int(table.days[last]), "D")
    return [
        f"Sold {months} months earlier, on {day}, for {amount_in_words(table.prices[last])}; now {times:.2f} times "
        f"that.{why}"
    ]


def _unit_price(what_if: WhatIf, row: int) -> list[str]:
    """Compare the price per unit of area with the training sales of the same location."""
    holdout = what_if.holdout
    areas, places = holdout.table.number("living_area"), holdout.table.text("location")
    if areas is None or places is None or areas[row] <= 0:
        return []
    roles, schema = holdout.table.schema.roles(), holdout.table.schema
    near = holdout.train[(places[holdout.train] == places[row]) & (areas[holdout.train] > 0)]
    if len(near) < 10:
        return []
    rates = holdout.table.prices[near] / areas[near]
    own = holdout.table.prices[row] / areas[row]
    below = float((rates < own).mean())
    if 0.03 < below < 0.97:
        return []
    unit = schema.columns[roles["living_area"]].unit or "unit of area"
    share = below if below > 0.5 else float((rates > own).mean())
    of = "any" if share == 1.0 else f"{int(100 * share)}%"
    return [
        f"Sold for {amount_in_words(own)} per {unit}, "
        f"{'less' if below < 0.5 else 'more'} than {of} of the {len(near):,} "
        f"training sales in {roles['location']} {places[row]}, whose median is {amount_in_words(np.median(rates))}."
    ]


def _nearest_sales(what_if: WhatIf, row: int) -> list[str]:
    """Find what the nearest training sales of similar size sold for."""
    holdout = what_if.holdout
    areas, east, north = (holdout.table.number(role) for role in ("living_area", "longitude", "latitude"))
    if areas is None or east is None or north is None:
        return []
    alike = holdout.train[np.abs(np.log(np.maximum(areas[holdout.train], 1) / max(areas[row], 1))) < np.log(1.2)]
    if len(alike) < NEIGHBOURS:
        return []
    wide = np.cos(np.radians(north[row]))
    away = np.hypot((east[alike] - east[row]) * wide, north[alike] - north[row]) * KILOMETRES_PER_DEGREE
    nearest = np.argsort(away, kind="stable")[:NEIGHBOURS]
    prices = holdout.table.prices[alike[nearest]]
    return [
        f"The {NEIGHBOURS} nearest training sales of similar size (±20%), up to {away[nearest].max():.1f} km away, "
        f"sold for {amount_in_words(prices.min())} to {amount_in_words(prices.max())}."
    ]


def _rare_texts(what_if: WhatIf, row: int) -> list[str]:
    """Find texts that few training sales have."""
    holdout = what_if.holdout
    location = holdout.table.schema.roles().get("location")
    found = []
    for name in what_if.columns:
        values = what_if.values(name)
        if values.dtype.kind == "U":
            count = int((values[holdout.train] == values[row]).sum())
            if count < (FEW if name == location else RARE * len(holdout.train)):
                few = (
                    f"only {count:,} training sale{'s have' if count > 1 else ' has'}"
                    if count
                    else "no training sale has"
                )
                found.append(f"{name} is {format_value(what_if, name, str(values[row]))}: {few} it.")
    return found


def _extreme_values(what_if: WhatIf, row: int) -> list[str]:
    """Find numbers beyond the 1st or 99th percentile, the rarest first."""
    holdout = what_if.holdout
    train = holdout.table.rows(TRAIN)
    found = []
    for name in what_if.columns:
        values = what_if.values(name)
        if values.dtype.kind == "U" or name == holdout.table.schema.sale_date:
            continue
        known, own = values[train], values[row]
        for count, words in ((int((known >= own).sum()), "high"), (int((known <= own).sum()), "low")):
            if count <= RARE * len(train):
                have = "has" if count == 1 else "have"
                of = f"only {count:,} of the {len(train):,} training sales {have}" if count else "no training sale has"
                found.append((count, f"{name} is {format_value(what_if, name, own)}: {of} a value as {words}."))
    return [sentence for _, sentence in sorted(found)]
