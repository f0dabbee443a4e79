"""A price is shown no finer than its interval allows, whatever the currency and the magnitude."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.serving.display_rounding import display_price, step_exponent

PRICES = st.floats(0.05, 1e13)
SPREADS = st.floats(0.001, 3.0)


@pytest.mark.parametrize(
    ("price", "low", "high", "shown", "shown_range"),
    [
        (551_116.57, 424_077.55, 716_212.10, 550_000.0, (420_000.0, 720_000.0)),
        (828_513.14, 790_417.62, 867_841.79, 829_000.0, (790_000.0, 868_000.0)),
        (2_512.34, 1_900.0, 3_300.0, 2_510.0, (1_900.0, 3_300.0)),
        (12.3456, 9.87, 15.43, 12.3, (9.8, 15.5)),
        (0.4378, 0.35, 0.55, 0.44, (0.35, 0.55)),
        (48_123_456_789.0, 39e9, 60e9, 48_000_000_000.0, (39e9, 60e9)),
        (100.0, 100.0, 100.0, 100.0, (100.0, 100.0)),
    ],
)
def test_examples_by_hand(
    price: float, low: float, high: float, shown: float, shown_range: tuple[float, float]
) -> None:
    """Half of 716,212 − 424,078 is 146,067: its second digit is the ten thousands; cents are the finest."""
    assert display_price(price, low, high) == (shown, shown_range)


@given(PRICES, SPREADS, SPREADS)
def test_the_step_is_the_second_digit_of_the_half_width(price: float, below: float, above: float) -> None:
    """So that the half-width is of 10 to 100 steps, unless a cent is coarser."""
    low, high = price / (1 + below), price * (1 + above)
    steps = (high - low) / 2 / 10.0 ** step_exponent(low, high)
    assert steps < 100.0 * (1 + 1e-9)
    assert steps > 10.0 * (1 - 1e-9) or step_exponent(low, high) == -2


@given(PRICES, SPREADS, SPREADS)
def test_rounding_keeps_what_the_interval_promises(price: float, below: float, above: float) -> None:
    """The price moves by half a step at most, the ends outwards by less than one, and all are whole steps."""
    low, high = price / (1 + below), price * (1 + above)
    shown, (shown_low, shown_high) = display_price(price, low, high)
    step = Fraction(10) ** step_exponent(low, high)
    slack = 1e-12 * high  # of floats
    assert abs(shown - price) <= float(step) / 2 + slack
    assert low - float(step) - slack < shown_low <= low + slack
    assert high - slack <= shown_high < high + float(step) + slack
    assert shown_low <= shown <= shown_high
    for value in (shown, shown_low, shown_high):
        steps = Fraction(repr(value)) / step
        assert steps.denominator == 1 or abs(value) > 2**53


@given(st.floats(1.0, 1e6), SPREADS, st.integers(0, 6))
def test_another_unit_of_the_currency_shows_the_same_digits(price: float, spread: float, zeros: int) -> None:
    """Yen or thousands of them: all but the last places are shown alike."""
    low, high = price / (1 + spread), price * (1 + spread)
    one, other = step_exponent(low, high), step_exponent(low * 10**zeros, high * 10**zeros)
    assert other in (one + zeros - 1, one + zeros, one + zeros + 1) or one == -2
