"""Rounding of a price to what its interval allows.

An uncertainty is stated with two significant digits, and the result to the same place (JCGM 100:2008, "Guide to the
expression of uncertainty in measurement", 7.2.6). Here the uncertainty is half the width of the prediction interval.
"""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext

SIGNIFICANT_DIGITS = 2
FINEST = -2
"""Exponent of the finest step, hundredths, to which served prices are rounded."""
_DIGITS = 400  # more than any float has before and behind its point


def step_exponent(low: float, high: float) -> int:
    """Return the exponent of ten of the step that an interval allows."""
    half_width = (high - low) / 2.0
    if not half_width > 0.0:
        return FINEST
    return max(math.floor(math.log10(half_width)) - SIGNIFICANT_DIGITS + 1, FINEST)


def display_price(price: float, low: float, high: float) -> tuple[float, tuple[float, float]]:
    """Return price and interval in steps of the interval's two significant digits, the interval rounded outwards."""
    exponent = step_exponent(low, high)
    rounded = [
        _round(value, exponent, mode)
        for value, mode in ((price, ROUND_HALF_EVEN), (low, ROUND_FLOOR), (high, ROUND_CEILING))
    ]
    return rounded[0], (rounded[1], rounded[2])


def _round(value: float, exponent: int, mode: str) -> float:
    with localcontext(prec=_DIGITS):
        return float(Decimal(str(value)).quantize(Decimal(1).scaleb(exponent), mode))
