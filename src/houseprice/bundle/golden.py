"""Comparison of predictions with those that a bundle stores, by one measure wherever it happens.

The export (parity), `/health` and the start of the server (golden rows), the image test and the smoke test of a
deployment compare by this function. Only the standard library is used, since images are tested where nothing from PyPI
is installed.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import cycle

OUTPUTS = ("predicted_price", "interval_low", "interval_high", "fsd")
"""Names of the numbers of one prediction: prices, and the forecast standard deviation in log price."""
LEARNERS = ("tree_price", "kernel_ridge_price")
"""Names of the prices that the two learners predict alone, which a graph has only where it blends both."""
SERVED_TOLERANCE = 1e-4
"""Largest relative difference of a prediction that was served over HTTP."""
PRICE_DECIMALS, FSD_DECIMALS = 2, 6
"""To which served predictions are rounded, which is no difference."""
SERVED_ROUNDING = (*[0.5 * 10**-PRICE_DECIMALS] * 3, 0.5 * 10**-FSD_DECIMALS)
"""What rounding may change of each of `OUTPUTS`."""


def relative_difference(found: float, expected: float, rounding: float = 0.0) -> float:
    """Return |found − expected| ÷ |expected|, less what rounding may make; infinity when one is not finite."""
    if not (math.isfinite(found) and math.isfinite(expected)):
        return math.inf
    difference = max(abs(found - expected) - rounding, 0.0)
    return difference and (difference / abs(expected) if expected else math.inf)


def largest_difference(
    found: Iterable[float], expected: Iterable[float], rounding: Sequence[float] = (0.0,)
) -> tuple[float, int]:
    """Return the largest relative difference of paired numbers, and its position; 0 and 0 when there are none.

    `rounding` is what rounding may make of one number after the other, over and over.
    """
    pairs = zip(found, expected, strict=True)
    differences = [relative_difference(*pair, allowed) for pair, allowed in zip(pairs, cycle(rounding), strict=False)]
    worst = max(differences, default=0.0)
    return worst, differences.index(worst) if differences else 0
