"""Sales with a known truth: real houses of King County, moved by some metres, at prices that a formula and noise make.

The formula is smooth in some places and not in others: a market that turns, a price surface with hills of one to ten
kilometres, steps between postcodes, and effects of size, grade, age and views that depend on each other. Whoever learns
from enough of the sales can err by little more than the noise.
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

MOVED = 0.0005
"""Degrees."""
RESOLD = 0.03
"""Share of the sales whose parcel was sold before."""
NOISE = 0.12, 0.18
"""Standard deviations of the log price around the formula: of houses younger than `OLD` years, and of others."""
OLD = 50
HILLS = 80
KILOMETRES = 111.2
"""In a degree of latitude."""
WEST = 0.676
"""Cosine of the latitude: a degree of longitude in degrees of latitude."""
Floats = npt.NDArray[np.float64]


def made_sales(real: pl.DataFrame, rows: int, seed: int) -> pl.DataFrame:
    """Return so many sales as a raw table, each of a parcel of its own, but for some that are sold again.

    The column `noise` holds the standard deviation of each log price around its truth.
    """
    chosen = np.random.default_rng(seed)
    first = rows - int(RESOLD * rows)
    drawn = real[chosen.integers(real.height, size=first)].with_columns(
        pl.Series("id", 1_000_000_000 + chosen.permutation(first)),
        *((pl.col(name) + pl.Series(chosen.uniform(-MOVED, MOVED, first))).round(6) for name in ("lat", "long")),
    )
    later = real[chosen.integers(real.height, size=rows - first)]
    again = drawn[chosen.choice(first, rows - first, replace=False)].with_columns(later["date"])
    sales = pl.concat([drawn, again])[chosen.permutation(rows)]
    noise = np.where(ages(sales) < OLD, *NOISE)
    prices = np.exp(true_log_price(sales, seed) + noise * chosen.normal(size=rows))
    return sales.with_columns(price=pl.Series(prices).round(), noise=pl.Series(noise))


def ages(sales: pl.DataFrame) -> Floats:
    """Return the age of each house in the year of its sale."""
    years = sales["date"].str.to_date().dt.year() - sales["yr_built"]
    return years.to_numpy().astype(np.float64)


def true_log_price(sales: pl.DataFrame, seed: int) -> Floats:
    """Return the log price of each sale without its noise."""
    truth = np.random.default_rng(seed + 1)

    def number(name: str) -> Floats:
        return sales[name].to_numpy().astype(np.float64)

    size, grade = np.log(number("sqft_living") / 2000.0), number("grade") - 7.0
    days, age = (sales["date"].str.to_date() - date(2014, 1, 1)).dt.total_days().to_numpy(), ages(sales)
    market = 0.0002 * days + 0.0003 * np.maximum(days - 330.0, 0.0)
    house = (0.6 + 0.04 * grade) * size + 0.11 * grade + 0.05 * (number("condition") - 3.0)
    house += 0.05 * number("view") + 0.35 * number("waterfront") + 0.03 * np.log(number("sqft_lot") / 8000.0)
    house += 0.08 * np.exp(-age / 15.0) + 0.1 * np.exp(-(((age - 95.0) / 20.0) ** 2))
    north, east = number("lat") * KILOMETRES, number("long") * KILOMETRES * WEST
    surface = np.zeros(sales.height)
    for _ in range(HILLS):
        centre = truth.uniform(north.min(), north.max()), truth.uniform(east.min(), east.max())
        height, width = truth.normal(0.0, 0.4), np.exp(truth.uniform(0.0, np.log(10.0)))
        surface += height * np.exp(-((north - centre[0]) ** 2 + (east - centre[1]) ** 2) / (2.0 * width**2))
    postcode = sales["zipcode"].cast(pl.Int64).to_numpy()
    step = truth.normal(0.0, 0.15, 1000)[postcode % 1000]
    return np.asarray(12.9 + market + house + surface + step)
