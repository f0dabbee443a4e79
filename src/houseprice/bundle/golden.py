"""Comparison of predictions with those that a bundle stores, by one measure wherever it happens.

The export (parity), `/health` and the start of the server (golden rows), the image test and the smoke test of a
deployment compare by this function. Only the standard library is used, since images are tested where nothing from PyPI
is installed.
"""

import math
from collections.abc import Iterable

OUTPUTS = ("predicted_price", "interval_low", "interval_high")
"""Names of the numbers of one prediction."""
SERVED_TOLERANCE = 1e-4
"""Largest relative difference of a prediction that was served over HTTP."""
SERVED_ROUNDING = 0.005
"""Served predictions are rounded to hundredths, which is no difference."""


def relative_difference(found: float, expected: float, rounding: float = 0.0) -> float:
    """Return |found − expected| ÷ |expected|, less what rounding may make; infinity when one is not finite."""
    if not (math.isfinite(found) and math.isfinite(expected)):
        return math.inf
    difference = max(abs(found - expected) - rounding, 0.0)
    return difference and (difference / abs(expected) if expected else math.inf)


def largest_difference(found: Iterable[float], expected: Iterable[float], rounding: float = 0.0) -> tuple[float, int]:
    """Return the largest relative difference of paired numbers, and its position; 0 and 0 when there are none."""
    differences = [relative_difference(*pair, rounding) for pair in zip(found, expected, strict=True)]
    worst = max(differences, default=0.0)
    return worst, differences.index(worst) if differences else 0
