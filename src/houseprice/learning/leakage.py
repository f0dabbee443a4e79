"""Columns and prices in, the columns that hold the price out.

How strongly a column goes with the price proves nothing: an honest floor area can do so more strongly than a column
that the price was worked into. What a column is made of does. So these probes look at structure: can the price be put
together from a column or two, do features change when prices do, do they need more than a request has, are they known
before the sale.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.errors import HousePriceError
from houseprice.schema import Schema

Floats = npt.NDArray[np.float64]
PROBED = 2000  # rows are enough to tell an identity from a coincidence
FEWEST = 30  # with fewer, or with prices all alike, nothing could be told from chance


@dataclass(frozen=True)
class Leak:
    """One column that must not be learned from, and why."""

    column: str
    reason: str


def reconstructions(columns: Mapping[str, Floats], prices: Floats, least: float) -> list[Leak]:
    """Find columns from which the price follows, alone or two together, but for a factor and a spread below `least`.

    The spread is 1.4826 times the median absolute deviation of log(made) − log(price).
    """
    rows = np.random.default_rng(0).permutation(len(prices))[:PROBED]
    log = np.log(prices[rows])
    if len(rows) < FEWEST or _spread(np.ones(len(rows)), log) < least:
        return []
    taken = {name: values[rows].astype(np.float64) for name, values in columns.items()}
    leaks: dict[str, Leak] = {}
    for name, values in taken.items():
        if (spread := _spread(values, log)) < least:
            leaks[name] = Leak(name, f'"{name}" is the price but for {spread:.1%}')
    for one, other in combinations([name for name in taken if name not in leaks], 2):
        for words, made in _together(taken[one], taken[other]):
            spread = _spread(made, log)
            # The one that alone goes better with the price is the one that the price was worked into.
            if spread < least and not {one, other} & set(leaks):
                guilty = min(one, other, key=lambda name: (_plain(taken[name]), _spread(taken[name], log)))
                made_of = words.format(f'"{one}"', f'"{other}"')
                leaks[guilty] = Leak(guilty, f"{made_of} is the price but for {spread:.1%}")
    return list(leaks.values())


def depends_on_target(sales: pl.DataFrame, schema: Schema, make: Callable[[pl.DataFrame], pl.DataFrame]) -> list[Leak]:
    """Find features that change when every price is replaced; `make` gives the features of some sales."""
    prices = sales[schema.target].cast(pl.Float64)
    other = pl.Series(schema.target, np.random.default_rng(1).permutation(prices.to_numpy()) * 1.7 + 1.0)
    before, after = make(sales), make(sales.with_columns(other))
    return [
        Leak(name, f'"{name}" changes when the prices are replaced')
        for name in before.columns
        if not before[name].equals(after[name])
    ]


def needs_more_than_request(
    sales: pl.DataFrame, schema: Schema, features: pl.DataFrame, make: Callable[[pl.DataFrame], pl.DataFrame]
) -> list[Leak]:
    """Find features that cannot be made, or come out otherwise, from rows that have only what a request has."""
    try:
        made = make(sales.select(*schema.request))
    except (pl.exceptions.PolarsError, HousePriceError, KeyError) as err:
        return [Leak("(features)", f"they cannot be made from what a request has: {err}")]
    names = [name for name in features.columns if name not in made.columns or not made[name].equals(features[name])]
    return [Leak(name, f'"{name}" comes out otherwise from what a request has') for name in names]


def known_too_late(schema: Schema, features: list[str]) -> list[Leak]:
    """Find features that are only known at the sale, by their declaration."""
    return [
        Leak(name, f'"{name}" is only known at the sale, by its declaration')
        for name in features
        if name in schema.columns and name not in schema.request
    ]


def unwaived(leaks: list[Leak], waivers: Mapping[str, str]) -> list[Leak]:
    """Leave out the columns that are waived with a reason."""
    return [leak for leak in leaks if leak.column not in waivers]


def numbers(table: pl.DataFrame, leave_out: set[str]) -> dict[str, Floats]:
    """Give back the columns of a table that are numbers, or texts that are, NaN where they are not."""
    found: dict[str, Any] = {}
    for name in table.columns:
        if name not in leave_out:
            values = table[name].cast(pl.Float64, strict=False)
            if values.null_count() < len(values) / 2:
                found[name] = values.fill_null(float("nan")).to_numpy()
    return found


def _together(one: Floats, other: Floats) -> Iterator[tuple[str, Floats]]:
    with np.errstate(all="ignore"):
        yield "{} × {}", one * other
        yield "{} ÷ {}", one / other
        yield "{1} ÷ {0}", other / one
        yield "{} + {}", one + other
        yield "{} − {}", one - other
        yield "{1} − {0}", other - one


def _spread(made: Floats, log: Floats) -> float:
    """Give back how far apart made and paid are, log, but for a factor; infinite when mostly not comparable."""
    with np.errstate(all="ignore"):
        apart = np.log(made) - log
    apart = apart[np.isfinite(apart)]
    if len(apart) < len(log) / 2:
        return float("inf")
    return float(1.4826 * np.median(np.abs(apart - np.median(apart))))


def _plain(values: Floats) -> bool:
    """Whether a column holds whole numbers only, as what was counted or measured mostly does."""
    known = values[np.isfinite(values)]
    return bool((known == np.round(known)).all())
