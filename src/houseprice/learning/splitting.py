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

    A newest sale of a house that was sold before the cut is `resold`: it belongs neither to training nor to the
    holdout, and is evaluated by itself.

    Raises:
        DataError: All sales are of one day, or too few to be split (code `split_impossible`).
    """
    cut = np.sort(days)[min(int(len(days) * (1 - share)), len(days) - 1)] if len(days) else 0
    newest = days >= cut
    known = np.isin(parcels, parcels[~newest])
    if newest.all() or known[newest].all():
        raise DataError(
            f"{len(days)} sales on {len(np.unique(days))} days cannot be split into older sales for training and other "
            f"houses among the newest {share:.0%} for the holdout; provide a table that covers more days.",
            code="split_impossible",
        )
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
