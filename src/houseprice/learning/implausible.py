"""Values that a column's role rules out where its declaration sets no range, and prices that cannot be learned from.

A cell that cannot be true is blanked, with the reason in the report, so that the rest of its row is kept. The price is
never blanked: a row whose price is none, or a token far below all others, is rejected.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from houseprice.errors import DataError
from houseprice.schema import Schema

FIRST_YEAR, LAST_YEAR = 1000, 2100  # of a building that stands
MAX_DEGREES = {"latitude": 90.0, "longitude": 180.0}
SWAPPED_DEGREES = 5.0  # that a place is from all others, and its swapped place is not
TOKEN_SHARE = 0.02  # of the median price, below which it is looked at
TOKEN_DEVIATIONS = 6.0  # robust standard deviations of the log price
SHOWN_ROWS = 20
MIN_SALES = 30
"""Sales that a model can be learned from, at least."""


@dataclass(frozen=True)
class Blanked:
    """Cells of one column that were blanked: why, and in which rows."""

    column: str
    reason: str
    rows: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it for the report, with the first rows."""
        shown = list(self.rows[:SHOWN_ROWS])
        return {"column": self.column, "reason": self.reason, "count": len(self.rows), "rows": shown}


def blank_implausible(typed: pl.DataFrame, schema: Schema, row: str) -> tuple[pl.DataFrame, list[Blanked]]:
    """Return the typed table without cells that cannot be true, and what was blanked.

    A column that declares a range is judged by that alone, but for places.

    Args:
        typed: the columns of the schema, and the number of each row.
        schema: the columns.
        row: name of the column of row numbers.
    """
    found: list[Blanked] = []
    for names, reason, rule in _rules(typed, schema):
        wrong = typed.filter(rule.fill_null(value=False))[row]
        if wrong.is_empty():
            continue
        found += [Blanked(name, reason, tuple(wrong.to_list())) for name in names]
        hit = pl.col(row).is_in(wrong.to_list())
        typed = typed.with_columns(pl.when(~hit).then(pl.col(name)).alias(name) for name in names)
    return typed, found


def token_limit(prices: pl.Series) -> float:
    """Return the price below which a price is a token, such as 1 for a transfer within a family; 0 when none can be."""
    logs = np.log(prices.drop_nulls().filter(prices.drop_nulls() > 0).to_numpy().astype(np.float64))
    if len(logs) < MIN_SALES:
        return 0.0
    middle = float(np.median(logs))
    spread = 1.4826 * float(np.median(np.abs(logs - middle)))
    return float(np.exp(min(middle + np.log(TOKEN_SHARE), middle - TOKEN_DEVIATIONS * spread)))


def check_prices(prices: pl.Series, name: str) -> None:
    """Check that a model can be learned from some accepted sales.

    Raises:
        DataError: There are too few (code `too_few_sales`), or all prices are equal (`prices_constant`).
    """
    if len(prices) < MIN_SALES:
        raise DataError(
            f"{len(prices)} accepted sales are too few to learn prices from; provide at least {MIN_SALES}.",
            code="too_few_sales",
            sales=len(prices),
        )
    if prices.n_unique() == 1:
        raise DataError(
            f'Every value of the target "{name}" is {prices[0]:g}, so there is nothing to learn; give the role target '
            "to the column that holds the prices.",
            code="prices_constant",
            column=name,
        )


def check_currency(texts: pl.Series, name: str) -> None:
    """Check that the prices, as they are written, are in one currency.

    Raises:
        DataError: They have several currency signs (code `currencies_mixed`, details `signs`).
    """
    marked = texts.filter(texts.str.contains(r"\p{Sc}"))
    signs = sorted(set(marked.str.extract_all(r"\p{Sc}").explode().to_list()))
    if len(signs) > 1:
        raise DataError(
            f'The prices of "{name}" are in several currencies ({", ".join(signs)}); split the file by currency, or '
            "convert them to one.",
            code="currencies_mixed",
            column=name,
            signs=signs,
        )


def _rules(typed: pl.DataFrame, schema: Schema) -> Iterator[tuple[tuple[str, ...], str, pl.Expr]]:
    """Yield the columns, what is wrong, and for which rows."""
    free = {
        role: name
        for role, name in schema.roles().items()
        if schema.columns[name].minimum is None and schema.columns[name].maximum is None
    }
    if name := free.get("year_built"):
        year = pl.col(name)
        yield (name,), f"{name}: no year of a building", (year < FIRST_YEAR) | (year > LAST_YEAR)
    if name := free.get("year_renovated"):  # 0 is never
        year = pl.col(name)
        yield (name,), f"{name}: no year of a building", (year != 0) & ((year < FIRST_YEAR) | (year > LAST_YEAR))
    if name := free.get("living_area"):
        yield (name,), f"{name}: not above 0", pl.col(name) <= 0
    if name := free.get("lot_area"):
        yield (name,), f"{name}: below 0", pl.col(name) < 0
    roles = schema.roles()
    if {"latitude", "longitude"} <= set(roles):  # even within a declared range, which mostly is that of the earth
        yield from _place_rules(typed, roles["latitude"], roles["longitude"])


def _place_rules(typed: pl.DataFrame, latitude: str, longitude: str) -> Iterator[tuple[tuple[str, ...], str, pl.Expr]]:
    names, north, east = (latitude, longitude), pl.col(latitude), pl.col(longitude)
    yield names, f"{latitude} and {longitude}: 0,0 is no place", (north == 0) & (east == 0)
    middle = typed.select(north.median().alias("north"), east.median().alias("east")).row(0)
    if None not in middle:
        off = ((north - middle[0]).abs() > SWAPPED_DEGREES) | ((east - middle[1]).abs() > SWAPPED_DEGREES)
        mirrored = ((east - middle[0]).abs() < SWAPPED_DEGREES) & ((north - middle[1]).abs() < SWAPPED_DEGREES)
        yield names, f"{latitude} and {longitude}: swapped", off & mirrored
    outside = (north.abs() > MAX_DEGREES["latitude"]) | (east.abs() > MAX_DEGREES["longitude"])
    yield names, f"{latitude} and {longitude}: no place on earth", outside
