"""Target encoding of categories: one number for each, how much more its houses cost, shrunk towards 0.

The trees are trained on numbers that were made without the row that they are for: each of a few groups of rows is
encoded by the others (cross-fitting), or a rare category would leak the price of its one house.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
GROUPS = 5


def fit_target_encoding(categories: npt.NDArray[np.str_], log_prices: Floats, weight: float) -> dict[str, float]:
    """Return category → mean of the centred log prices, as if `weight` further rows of it had been average."""
    names, codes = np.unique(categories, return_inverse=True)
    sums = np.bincount(codes, log_prices - log_prices.mean())
    counts = np.bincount(codes)
    return dict(zip(names.tolist(), (sums / (counts + weight)).tolist(), strict=True))


def cross_fit_encode(categories: npt.NDArray[np.str_], log_prices: Floats, weight: float, seed: int) -> Floats:
    """Return for each row the encoding of its category fitted on the other groups; 0 where they lack the category."""
    encoded = np.zeros(len(categories))
    for others, group in _groups(len(categories), seed):
        encoding = fit_target_encoding(categories[others], log_prices[others], weight)
        encoded[group] = [encoding.get(category, 0.0) for category in categories[group]]
    return encoded


def _groups(rows: int, seed: int) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    number = np.random.default_rng(seed).permutation(rows) % GROUPS
    for group in range(GROUPS):
        yield np.flatnonzero(number != group), np.flatnonzero(number == group)
