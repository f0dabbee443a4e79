"""One measure of how far predictions are from those that a bundle stores."""

import math

import pytest

from houseprice.bundle.golden import SERVED_ROUNDING, SERVED_TOLERANCE, largest_difference, relative_difference


@pytest.mark.parametrize(
    ("found", "expected", "difference"),
    [
        (1.0, 1.0, 0.0),
        (110.0, 100.0, 0.1),
        (90.0, -100.0, 1.9),
        (0.3, 0.2, 0.5),
        (0.0, 0.0, 0.0),
        (1.0, 0.0, math.inf),
        (math.nan, 1.0, math.inf),
        (1.0, math.inf, math.inf),
        (math.inf, math.inf, math.inf),
    ],
)
def test_the_difference_is_relative_to_what_is_expected(found: float, expected: float, difference: float) -> None:
    """Whatever the size of the prices; what is not finite never equals anything."""
    assert relative_difference(found, expected) == pytest.approx(difference)


@pytest.mark.parametrize("price", [0.4378, 43.5712, 449_999.996])
def test_rounding_to_hundredths_is_no_difference(price: float) -> None:
    """Prices in millions, or per square metre, have few digits before the point; a true difference still shows."""
    fsd = 0.1234567
    assert largest_difference([round(price, 2)], [price], SERVED_ROUNDING)[0] <= 1e-9
    assert largest_difference([round(price * 1.05, 2)], [price], SERVED_ROUNDING)[0] > SERVED_TOLERANCE
    rows = [price, price, price, fsd] * 2
    served = [round(value, 6 if value == fsd else 2) for value in rows]
    assert largest_difference(served, rows, SERVED_ROUNDING)[0] <= 1e-9
    assert largest_difference([*served[:-1], 0.1235], rows, SERVED_ROUNDING) == (pytest.approx(3.47e-4, rel=0.01), 7)


def test_the_largest_difference_has_its_position() -> None:
    """Of the first that is as large; none at all is no difference."""
    assert largest_difference([1.0, 2.2, 3.3], [1.0, 2.0, 3.0]) == (pytest.approx(0.1), 1)
    assert largest_difference([1.0, math.nan, math.inf], [1.0, 2.0, 3.0]) == (math.inf, 1)
    assert largest_difference([], []) == (0.0, 0)
    with pytest.raises(ValueError):  # noqa: PT011 - the only one that there can be
        largest_difference([1.0], [1.0, 2.0])
