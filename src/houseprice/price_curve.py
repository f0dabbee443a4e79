"""Whether the price follows from one column by some curve, such as its root, logarithm or rank."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MIN_VALUES = 10
"""Different values, fewer of which are classes such as numbers of rooms, not a curve."""


def deviations_from_curve(values: Floats, log_prices: Floats) -> Floats:
    """Return how far each log price is from those of the rows with the next lower and the next higher value.

    The rows of the same value have no part in it, so that a house that stands in several rows does not tell its own
    price. What is not finite is left out; of fewer than `MIN_VALUES` different values nothing is returned.

    Args:
        values: of a column.
        log_prices: of the same rows.
    """
    known = np.isfinite(values) & np.isfinite(log_prices)
    distinct, group, counts = np.unique(values[known], return_inverse=True, return_counts=True)
    if len(distinct) < MIN_VALUES:
        return np.array([])
    means = np.bincount(group, weights=log_prices[known]) / counts
    curve = np.full(len(distinct), np.nan)
    curve[1:-1] = (means[:-2] + means[2:]) / 2
    deviations: Floats = log_prices[known] - curve[group]
    return deviations[np.isfinite(deviations)]
