"""Texts and prices in, one number for each text out: how much dearer houses with it are, shrunk towards none.

The numbers that the trees learn from are made without the row that they are for: each of a few groups of rows is given
the table of the others (cross-fitting), or a rare text would tell the price of its one house.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
GROUPS = 5


def fit_level(texts: npt.NDArray[np.str_], log: Floats, weight: float) -> dict[str, float]:
    """Give back text → mean of the centred log prices, as if `weight` further rows had shown none at all."""
    names, places = np.unique(texts, return_inverse=True)
    sums = np.bincount(places, log - log.mean())
    counts = np.bincount(places)
    return dict(zip(names.tolist(), (sums / (counts + weight)).tolist(), strict=True))


def cross_fit(texts: npt.NDArray[np.str_], log: Floats, weight: float, seed: int) -> Floats:
    """Give back for each row the number of its text, made from the other groups of rows; 0 where they lack the text."""
    found = np.zeros(len(texts))
    for rest, group in _groups(len(texts), seed):
        table = fit_level(texts[rest], log[rest], weight)
        found[group] = [table.get(text, 0.0) for text in texts[group]]
    return found


def _groups(rows: int, seed: int) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    number = np.random.default_rng(seed).permutation(rows) % GROUPS
    for group in range(GROUPS):
        yield np.flatnonzero(number != group), np.flatnonzero(number == group)
