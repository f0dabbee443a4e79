"""Whether the errors of neighbours go together, which says that the model misses something about places.

Moran's I (Moran 1950, "Notes on continuous stochastic phenomena") of the log errors of sales, over the nearest sales of
each. It is the slope of the mean error of the neighbours on that of the sale: about 0 where errors know no place, and 1
where all neighbours err alike.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.places import as_points, coordinates_of
from houseprice.learning.splitting import Rows

Floats = npt.NDArray[np.float64]
NEIGHBOURS = 8
PERMUTATIONS = 999
MIN_SALES = 30  # with fewer, the nearest sales are most of all sales


def measure_spatial_autocorrelation(table: FeatureTable, rows: Rows, errors: Floats, seed: int) -> dict[str, Any]:
    """Return Moran's I of the errors of some sales, tested by permutations.

    Args:
        table: holds the sales.
        rows: positions of the sales.
        errors: log error of each.
        seed: of the permutations.

    Returns:
        `morans_i`, `expected` (the mean without autocorrelation, −1 / (sales − 1)), `p_value` (the share of
        permutations of the errors over the places that have as high an I, or a higher one), `neighbours`,
        `permutations` and `sales`; or only `reason` why there is none: `no_coordinates`, `few_sales`, `one_place` or
        `equal_errors`.
    """
    coordinates = coordinates_of(table, rows)
    if coordinates is None:
        return {"reason": "no_coordinates"}
    if len(errors) < MIN_SALES:
        return {"reason": "few_sales"}
    if (coordinates == coordinates[0]).all():
        return {"reason": "one_place"}
    if np.ptp(errors) < 1e-12:
        return {"reason": "equal_errors"}
    return {
        **morans_i(errors, nearest_sales(coordinates), seed),
        "neighbours": NEIGHBOURS,
        "permutations": PERMUTATIONS,
        "sales": len(errors),
    }


def nearest_sales(coordinates: Floats) -> Any:
    """Return libpysal's weights of the nearest sales of each, which sum to 1.

    Of several sales at one place, each is a neighbour of the others.
    """
    from libpysal.weights import KNN

    weights = KNN(as_points(coordinates), k=NEIGHBOURS, silence_warnings=True)
    weights.transform = "r"
    return weights


def morans_i(errors: Floats, weights: Any, seed: int) -> dict[str, float]:
    """Return `morans_i`, `expected` and `p_value` of values with given weights of their neighbours."""
    from esda.moran import Moran

    with _seeded(seed):
        found = Moran(errors, weights, permutations=PERMUTATIONS)
    as_high = int((found.sim >= found.I).sum())
    return {
        "morans_i": float(found.I),
        "expected": float(found.EI),
        "p_value": (as_high + 1) / (PERMUTATIONS + 1),
    }


def mean_of_neighbours(errors: Floats, coordinates: Floats) -> Floats:
    """Return the mean error of the nearest sales of each."""
    return np.asarray(nearest_sales(coordinates).sparse @ errors)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed numpy's global state, from which esda draws, and leave it as it was."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)
