"""Sales in, the sides they stand on out: what is learned from, and what is kept back to judge with.

Rows of one parcel never stand on both sides of a split.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold

from houseprice.errors import DataError

TRAIN, HOLDOUT, RESOLD = "train", "holdout", "resold"
Rows = npt.NDArray[np.int64]
"""Positions of rows in a table, ascending."""


def split(days: npt.NDArray[np.int64], parcels: npt.NDArray[np.str_], share: float) -> npt.NDArray[np.str_]:
    """Give back the side of each sale: the newest sales are held out, by whole days.

    A newest sale of a house that was already sold before the cut is `resold`: it is neither learned from nor part of
    the holdout, and is scored by itself.

    Raises:
        DataError: all sales are of one day, or too few to be divided.
    """
    cut = np.sort(days)[min(int(len(days) * (1 - share)), len(days) - 1)] if len(days) else 0
    newest = days >= cut
    known = np.isin(parcels, parcels[~newest])
    if newest.all() or known[newest].all():
        raise DataError(
            f"{len(days)} sales on {len(np.unique(days))} days cannot be divided; expected older sales to learn from, "
            f"and other houses among the newest {share:.0%} to judge with; give a table that covers more days."
        )
    return np.where(~newest, TRAIN, np.where(known, RESOLD, HOLDOUT))


def folds(parcels: npt.NDArray[np.str_], count: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Give pairs of rows to learn from and to judge with; every row is judged once, parcels stay whole.

    Raises:
        DataError: there are fewer parcels than folds.
    """
    if (found := len(np.unique(parcels))) < count:
        raise DataError(
            f"{found} parcels cannot be divided into {count} folds (split.folds); expected at least one for each; give "
            "a table with more sales, or ask for fewer folds."
        )
    shuffled = GroupKFold(n_splits=count, shuffle=True, random_state=seed)
    yield from shuffled.split(np.zeros(len(parcels)), groups=parcels)


def origins(days: npt.NDArray[np.int64], parcels: npt.NDArray[np.str_], count: int) -> Iterator[tuple[Rows, Rows]]:
    """Give pairs of rows as time would: all days before an origin to learn from, the days up to the next to judge with.

    The origins lie in the newer half of the rows, a tenth of all rows apart when there are five.

    Raises:
        DataError: no origin has sales before it and other houses after it.
    """
    ordered = np.sort(days)
    edges = [ordered[int(len(days) * (0.5 + 0.5 * step / count))] for step in range(count)]
    ends = [*edges[1:], ordered[-1] + 1]
    found = False
    for start, end in zip(edges, ends, strict=True):
        before = days < start
        window = (days >= start) & (days < end) & ~np.isin(parcels, parcels[before])
        if before.any() and window.any():
            found = True
            yield np.flatnonzero(before), np.flatnonzero(window)
    if not found:
        raise DataError(
            f"{len(days)} sales on {len(np.unique(days))} days hold no rolling origin; expected sales on several days "
            "before and after it; give a table that covers more days."
        )
