"""One sale in, what is unusual about it against the training sales out."""

from typing import Any

import numpy as np

from houseprice.learning.report.what_if import Question
from houseprice.learning.splitting import TRAIN
from houseprice.schema import Column

RARE = 0.01
FEW = 30  # sales in a place
MOST = 6  # sentences
NEAREST = 5  # sales
KILOMETRES_A_DEGREE = 111.2


def tell_story(question: Question, row: int) -> list[str]:
    """Return what may have misled the model, the strongest first, and what the neighbours went for."""
    found = [*_sold_before(question, row), *_rate(question, row), *_places(question, row), *_columns(question, row)]
    unusual = found or ["No column is unusual: what made this price is not in the data."]
    return [*unusual[: MOST - 1], *_neighbours(question, row)]


def written(question: Question, name: str, value: Any) -> str:
    """Return a value with its unit."""
    schema = question.newest.table.schema
    column = schema.columns[name]
    if name == schema.sale_date:
        return str(np.datetime64(int(value), "D"))
    if isinstance(value, str):
        return value or "(blank)"
    said = number(column, float(value))
    return f"{said} {column.unit}" if column.unit else said


def number(column: Column, value: float) -> str:
    """Return a number of a column, without its unit; a year has no thousands."""
    plain = column.kind in ("ordinal", "flag") or column.role in ("year_built", "year_renovated")
    return (f"{value:g}" if plain else f"{value:,.4f}".rstrip("0").rstrip(".")).replace("-", "−")


def _sold_before(question: Question, row: int) -> list[str]:
    table = question.newest.table
    earlier = np.flatnonzero((table.parcels == table.parcels[row]) & (table.days < table.days[row]))
    if not len(earlier):
        return []
    last = earlier[table.days[earlier].argmax()]
    times = table.prices[row] / table.prices[last]
    months = round(float(table.days[row] - table.days[last]) / 30.44)
    why = " It may have been bought to be improved." if times > 1.3 else ""
    day = np.datetime64(int(table.days[last]), "D")
    return [f"Sold {months} months before, on {day}, for {table.prices[last]:,.0f}: now {times:.2f} times that.{why}"]


def _rate(question: Question, row: int) -> list[str]:
    """Compare the price of an area's unit with the sales of the same place."""
    newest = question.newest
    areas, places = newest.column("living_area"), newest.texts("location")
    if areas is None or places is None or areas[row] <= 0:
        return []
    roles, schema = newest.table.schema.roles(), newest.table.schema
    near = newest.train[(places[newest.train] == places[row]) & (areas[newest.train] > 0)]
    if len(near) < 10:
        return []
    rates = newest.table.prices[near] / areas[near]
    own = newest.table.prices[row] / areas[row]
    below = float((rates < own).mean())
    if 0.03 < below < 0.97:
        return []
    unit = schema.columns[roles["living_area"]].unit or "unit of area"
    share = below if below > 0.5 else float((rates > own).mean())
    of = "any" if share == 1.0 else f"{int(100 * share)}%"
    return [
        f"Paid {own:,.0f} per {unit}, {'less' if below < 0.5 else 'more'} than {of} of the {len(near):,} training "
        f"sales in {roles['location']} {places[row]}, whose median is {np.median(rates):,.0f}."
    ]


def _neighbours(question: Question, row: int) -> list[str]:
    """Find what the nearest training sales of about the same size went for."""
    newest = question.newest
    areas, east, north = (newest.column(role) for role in ("living_area", "longitude", "latitude"))
    if areas is None or east is None or north is None:
        return []
    alike = newest.train[np.abs(np.log(np.maximum(areas[newest.train], 1) / max(areas[row], 1))) < np.log(1.2)]
    if len(alike) < NEAREST:
        return []
    wide = np.cos(np.radians(north[row]))
    away = np.hypot((east[alike] - east[row]) * wide, north[alike] - north[row]) * KILOMETRES_A_DEGREE
    nearest = np.argsort(away, kind="stable")[:NEAREST]
    prices = newest.table.prices[alike[nearest]]
    return [
        f"The {NEAREST} nearest training sales of a size within 20%, up to {away[nearest].max():.1f} km away, went for "
        f"{prices.min():,.0f} to {prices.max():,.0f}."
    ]


def _places(question: Question, row: int) -> list[str]:
    """Find texts that few training sales share."""
    newest = question.newest
    location = newest.table.schema.roles().get("location")
    found = []
    for name in question.columns:
        values = question.values(name)
        if values.dtype.kind == "U":
            count = int((values[newest.train] == values[row]).sum())
            if count < (FEW if name == location else RARE * len(newest.train)):
                few = (
                    f"only {count:,} training sale{'s have' if count > 1 else ' has'}"
                    if count
                    else "no training sale has"
                )
                found.append(f"{name} is {written(question, name, str(values[row]))}: {few} it.")
    return found


def _columns(question: Question, row: int) -> list[str]:
    """Find numbers beyond the 1st or 99th percentile, the rarest first."""
    newest = question.newest
    train = newest.table.rows(TRAIN)
    found = []
    for name in question.columns:
        values = question.values(name)
        if values.dtype.kind == "U" or name == newest.table.schema.sale_date:
            continue
        known, own = values[train], values[row]
        for count, words in ((int((known >= own).sum()), "as much"), (int((known <= own).sum()), "as little")):
            if count <= RARE * len(train):
                have = "has" if count == 1 else "have"
                of = f"only {count:,} of the {len(train):,} training sales {have}" if count else "no training sale has"
                found.append((count, f"{name} is {written(question, name, own)}: {of} {words}."))
    return [said for _, said in sorted(found)]
