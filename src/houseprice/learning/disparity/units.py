"""Units of permutation: sales that err together, so that only whole units may change their group.

Neighbours' errors are alike, since the model misses what is common to them. Permuting single sales would take that for
a difference between groups of places and raise false alarms, so groups are permuted over units: the keys of a table of
groups (such as postcodes) where they are large and more than one belongs to a group, else neighbourhoods of about equal
numbers of sales within each group. A group that lies at one place has no neighbourhoods: its houses are its units, and
a difference is that of the place itself.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
KEYS_A_GROUP, SALES_A_KEY = 2, 8
"""Averages from which keys are units."""
UNITS_OF_SMALLEST, UNITS = 4, 64
"""A neighbourhood has no more sales than the smallest group ÷ 2, or all sales ÷ 32."""
LARGEST_NEIGHBOURHOOD = 128
"""Sales; King County's postcodes have about as many among ten thousand."""


@dataclass(frozen=True)
class Units:
    """The unit of each sale, and what units are.

    Attributes:
        codes: unit of each sale, from 0.
        kind: `key`, `neighbourhood` or `house`.
    """

    codes: Codes
    kind: str

    @property
    def count(self) -> int:
        """Number of units."""
        return int(self.codes.max()) + 1


def choose_units(
    groups: Codes, smallest: int, keys: npt.NDArray[np.str_] | None, houses: npt.NDArray[np.str_], places: Floats | None
) -> Units:
    """Return the units of sales.

    Args:
        groups: of each sale, from 0.
        smallest: number of sales of the smallest group that is tested.
        keys: of each sale in the table of groups; None where the group is a column of the sales.
        houses: of each sale; they are never divided within a group.
        places: two coordinates of each sale, or one number by which neighbours are sorted; None without.
    """
    if keys is not None:
        names, codes = np.unique(keys, return_inverse=True)
        if len(names) >= KEYS_A_GROUP * len(np.unique(groups)) and len(keys) >= SALES_A_KEY * len(names):
            return Units(codes, "key")
    house = _pairs(groups, np.unique(houses, return_inverse=True)[1])
    if places is None:
        return Units(house, "house")
    size = int(np.clip(min(smallest // UNITS_OF_SMALLEST, len(groups) // UNITS), 1, LARGEST_NEIGHBOURHOOD))
    return Units(_pairs(groups, neighbourhoods(groups, house, places, size)), "neighbourhood")


def neighbourhoods(groups: Codes, houses: Codes, places: Floats, size: int) -> Codes:
    """Return cells of `size` to twice as many sales, by halving each group at the median of its longer side.

    Sales of one house stay together, and so may make a cell larger.
    """
    first = np.unique(houses, return_index=True)[1]  # a house is where its first sale says
    places = places[first][houses]
    found = np.zeros(len(groups), dtype=np.int64)
    pending = [np.flatnonzero(groups == code) for code in np.unique(groups)]
    for rows in pending:
        if (places[rows] == places[rows[0]]).all():
            places[rows, 0] = houses[rows]
    count = 0
    while pending:
        rows = pending.pop()
        side = int(np.ptp(places[rows], axis=0).argmax())
        order = rows[np.lexsort((houses[rows], places[rows, side]))]
        half = int(np.searchsorted(places[order, side], places[order[len(order) // 2], side]))
        if len(rows) < 2 * size or not half:
            found[rows] = count
            count += 1
        else:
            pending += [order[:half], order[half:]]
    return found


def _pairs(first: Codes, second: Codes) -> Codes:
    """Return a code for each pair that occurs, from 0."""
    return np.asarray(np.unique(first * (second.max() + 1) + second, return_inverse=True)[1])
