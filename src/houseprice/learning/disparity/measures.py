"""What is compared between groups: bias, tails, dispersion, coverage and width of the interval."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.config import DisparityLimits
from houseprice.metrics import measure, measure_interval, median_bounds

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
TAIL = 0.15
"""Relative error beyond which a sale counts as predicted too low (P15L) or too high (P15H)."""


@dataclass(frozen=True)
class Measure:
    """One value of each sale whose mean is compared between groups.

    Attributes:
        name: of the measure.
        limit: how far the mean of a group may be from that of the other sales.
        scale: `difference` of the means, or their `ratio` less 1.
        two_sided: whether a lower mean is as bad as a higher one; otherwise only a higher one is.
    """

    name: str
    limit: float
    scale: Literal["difference", "ratio"] = "difference"
    two_sided: bool = False


def measures(limits: DisparityLimits) -> tuple[Measure, ...]:
    """Return what is compared, with the limits of a configuration."""
    return (
        Measure("bias_log", limits.max_bias, two_sided=True),
        Measure("p15_low", limits.max_tail_share),
        Measure("p15_high", limits.max_tail_share),
        Measure("dispersion", limits.max_dispersion_ratio - 1.0, "ratio"),
        Measure("outside_interval", limits.max_coverage_loss),
        Measure("interval_width", limits.max_width_ratio - 1.0, "ratio"),
    )


def values_of_sales(sales: pl.DataFrame, groups: Codes) -> Floats:
    """Return a row for each sale and a column for each of `measures`.

    Dispersion is the distance of log(predicted / paid) from its median in the group. The means of all sales of a period
    are taken out of every column, and that of all sales is put back: sales of one period err together, and groups are
    to be compared within it.
    """
    paid, price, low, high = (
        sales[name].to_numpy() for name in ("price", "predicted_price", "interval_low", "interval_high")
    )
    log_ratio = np.log(price / paid)
    values = np.column_stack(
        [
            log_ratio,
            price / paid < 1.0 - TAIL,
            price / paid > 1.0 + TAIL,
            np.abs(log_ratio - _medians(log_ratio, groups)[groups]),
            (paid < low) | (paid > high),
            (high - low) / price,
        ]
    ).astype(np.float64)
    period = np.unique(sales["period"].to_numpy().astype(str), return_inverse=True)[1]
    sizes = np.bincount(period)[:, None]
    means = np.column_stack([np.bincount(period, column) for column in values.T]) / sizes
    return np.asarray(values - means[period] + values.mean(axis=0))


def _medians(values: Floats, groups: Codes) -> Floats:
    return np.array(
        [np.median(values[groups == code]) if (groups == code).any() else 0.0 for code in range(groups.max() + 1)]
    )


def describe(sales: pl.DataFrame) -> dict[str, Any]:
    """Return the measures of some sales as they are, for a table of the groups.

    `median_ratio` is predicted / paid, `median_ratio_ci95` its distribution-free interval; `p15_low` and `p15_high` are
    the shares predicted more than 15 % too low and too high; `cod` is in percent.
    """
    paid, price, low, high = (
        sales[name].to_numpy() for name in ("price", "predicted_price", "interval_low", "interval_high")
    )
    ratio, found = price / paid, measure(paid, price)
    median = median_bounds(ratio)
    return {
        "sales": len(paid),
        "median_ratio": median.value,
        "median_ratio_ci95": [median.low, median.high],
        **{name: found[name] for name in ("bias_log", "p15_low", "p15_high", "cod")},
        **measure_interval(paid, price, low, high),
    }
