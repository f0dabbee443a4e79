"""Numbers of predictions, as answers show them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.serving.prediction import FEW, confidences


@given(st.lists(st.integers(0, 2_000_000).map(lambda millionths: round(millionths * 1e-6, 6)), min_size=1))
def test_a_confidence_is_the_same_for_one_house_and_for_many(deviations: list[float]) -> None:
    """To the last digit, ties among hundredths included, which NumPy rounds in its own way."""
    many = deviations * FEW
    assert confidences(many) == [confidences([fsd])[0] for fsd in many]


def test_ties_are_rounded_as_their_digits_say() -> None:
    """100 − 12.345 is a little more or less than a tie."""
    ties = [0.12345, 0.12355, 0.00005, 0.99995, 1.00005, 0.5]
    assert confidences(ties * FEW)[: len(ties)] == [max(round(100 - 100 * fsd, 2), 0.0) for fsd in ties]


def test_a_confidence_is_never_below_zero() -> None:
    """However large the forecast standard deviation is."""
    assert confidences([0.25, 1.0, 88.9]) == [75.0, 0.0, 0.0]
    assert confidences([1.5] * FEW) == pytest.approx([0.0] * FEW, abs=0.0)
