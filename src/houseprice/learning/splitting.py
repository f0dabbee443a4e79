"""Splits of the sales into training and validation rows, which never share a parcel."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold

from houseprice.errors import DataError

TRAIN, HOLDOUT, RESOLD = "train", "holdout", "resold"
Rows = npt.NDArray[np.int64]
"""Positions of rows in a table, ascending."""


def split(days: npt.NDArray[np.int64], parcels: npt.NDArray[np.str_], share: float) -> npt.NDArray[np.str_]:
    """Return `train`, `holdout` or `resold` for each sale: the newest sales are held out, by whole days.

    Of the days on which the holdout may begin, that is taken which comes nearest to the share. A newest sale of a house
    that was sold before that day is `resold`: it belongs neither to training nor to the holdout, and is evaluated by
    itself.

    Raises:
        DataError: All sales are of one day, or too few to be split (code `split_impossible`).
    """
    starts, older = np.unique(np.sort(days), return_index=True)  # older: how many sales there are before each day
    house = np.unique(parcels, return_inverse=True)[1]
    first_sale = np.full(len(days), np.iinfo(np.int64).max)
    np.minimum.at(first_sale, house, days)
    possible = (older > 0) & (starts <= first_sale[house].max(initial=0))
    if not possible.any():
        raise DataError(
            f"{len(days)} sales on {len(starts)} days cannot be split into older sales for training and other houses "
            f"among the newest {share:.0%} for the holdout; provide a table that covers more days.",
            code="split_impossible",
        )
    distance = np.where(possible, np.abs(len(days) - older - share * len(days)), np.inf)
    newest = days >= starts[distance.argmin()]
    known = first_sale[house] < starts[distance.argmin()]
    return np.where(~newest, TRAIN, np.where(known, RESOLD, HOLDOUT))


def folds(parcels: npt.NDArray[np.str_], count: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs of training and validation rows; every row is validated once, and parcels stay whole.

    Raises:
        DataError: There are fewer parcels than folds (code `folds_impossible`).
    """
    if (found := len(np.unique(parcels))) < count:
        raise DataError(
            f"{found} parcels cannot be split into {count} folds (split.folds); provide more sales, or configure fewer "
            "folds.",
            code="folds_impossible",
        )
    shuffled = GroupKFold(n_splits=count, shuffle=True, random_state=seed)
    yield from shuffled.split(np.zeros(len(parcels)), groups=parcels)


def origins(days: npt.NDArray[np.int64], parcels: npt.NDArray[np.str_], count: int) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs of training and validation rows: all days before an origin, and the days up to the next origin.

    The origins lie in the newer half of the rows, a tenth of all rows apart when there are five.

    Raises:
        DataError: No origin has sales before it and other houses after it (code `rolling_origins_impossible`).
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
            f"{len(days)} sales on {len(np.unique(days))} days have no rolling origin with sales before and after it; "
            "provide a table that covers more days.",
            code="rolling_origins_impossible",
        )
