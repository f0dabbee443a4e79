"""Both ends of the interval: as far as prices reach below and above their prediction."""

import numpy as np
import numpy.typing as npt
import pytest

from houseprice.learning.interval_ends import fit_interval_ends
from learning.tables import EQUAL_ENDS

Floats = npt.NDArray[np.float64]


def skewed(count: int, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Return residuals, sizes and predictions of houses: cheap ones sell far below, dear ones far above."""
    draw = np.random.default_rng(seed)
    detrended, sizes = draw.normal(13.0, 0.5, count), np.exp(draw.normal(-2.3, 0.3, count))
    errors, tilt = draw.normal(size=count), 0.6 * np.clip(detrended - 13.0, -1.0, 1.0)
    return sizes * errors * np.exp(np.where(errors < 0.0, -tilt, tilt)), sizes, detrended


def beyond(residuals: Floats, sizes: Floats, detrended: Floats, groups: int) -> Floats:
    """Return the shares of prices below and above 90 % intervals of fitted ends, by groups of the predictions."""
    ends = fit_interval_ends(residuals, sizes, detrended, 0.9)
    scores = np.abs(residuals) / ends.sizes(sizes, residuals, detrended)
    outside = scores > np.quantile(scores, 0.9)
    parts = np.array_split(np.argsort(detrended), groups)
    return np.array([[(outside & (side * residuals > 0.0))[part].mean() for part in parts] for side in (-1, 1)])


def test_each_end_leaves_out_half_of_what_is_not_covered() -> None:
    """Among cheap houses as among dear ones, where equal ends leave out all on one side."""
    residuals, sizes, detrended = skewed(40_000)
    assert beyond(residuals, sizes, detrended, 5) == pytest.approx(0.05, abs=0.012)
    equal = np.abs(residuals) / sizes
    outside = equal > np.quantile(equal, 0.9)
    cheap = detrended < np.quantile(detrended, 0.2)
    assert (outside & (residuals < 0.0))[cheap].mean() > 3.0 * (outside & (residuals > 0.0))[cheap].mean()


def test_errors_that_reach_further_down_lower_the_whole_interval() -> None:
    """The same everywhere: both curves are level."""
    draw = np.random.default_rng(1)
    errors = draw.normal(size=40_000)
    residuals = 0.1 * np.where(errors < 0.0, 2.0 * errors, errors)
    ends = fit_interval_ends(residuals, np.full(40_000, 0.1), draw.normal(13.0, 0.5, 40_000), 0.9)
    assert (*ends.below[1:], *ends.above[1:]) == pytest.approx([0.0] * 4, abs=0.03)
    below, above = ends.log_factors(np.array([13.0]))
    assert np.exp(below - above) == pytest.approx(2.0, rel=0.05)


def test_only_the_dearest_houses_may_sell_far_above() -> None:
    """A curve that is level for most and rises at its end is followed by its bend."""
    draw = np.random.default_rng(2)
    apart = draw.normal(size=40_000)
    errors = draw.normal(size=40_000)
    residuals = 0.1 * errors * np.where((apart > 1.2) & (errors > 0.0), 1.6, 1.0)
    ends = fit_interval_ends(residuals, np.full(40_000, 0.1), apart, 0.9)
    assert ends.above.bend > 0.05
    low, middle, high = ends.log_factors(np.array([-1.5, 0.0, 1.8]))[1]
    assert high - middle > 0.3
    assert abs(low - middle) < 0.1


def test_curves_are_level_beyond_almost_all_sales() -> None:
    """A house of a billion has the ends of the dearest of those that were sold."""
    ends = fit_interval_ends(*skewed(4000), 0.9)
    low, high = (np.array(ends.log_factors(np.array([one, other]))) for one, other in ((5.0, 11.0), (15.0, 20.0)))
    assert low[:, 0] == pytest.approx(low[:, 1])
    assert high[:, 0] == pytest.approx(high[:, 1])
    assert low[0, 0] > high[0, 0]
    assert low[1, 0] < high[1, 0]


def test_few_sales_leave_both_ends_about_equal() -> None:
    """Eighty errors tell little of their tails, and one price for all houses tells nothing of cheap and dear ones."""
    for seed in range(10):
        below, above = fit_interval_ends(*skewed(80, seed), 0.9).log_factors(np.array([12.0, 13.0, 14.0]))
        assert np.abs(below - above).max() < 0.4
    residuals, sizes, _ = skewed(80)
    ends = fit_interval_ends(residuals, sizes, np.full(80, 13.0), 0.9)
    assert (*ends.below[1:], *ends.above[1:]) == (0.0, 0.0, 0.0, 0.0)


def test_equal_ends_change_nothing() -> None:
    """The size is the same on both sides."""
    residuals, sizes, detrended = skewed(100)
    assert EQUAL_ENDS.sizes(sizes, residuals, detrended).tolist() == sizes.tolist()


def test_exact_predictions_have_finite_ends() -> None:
    """However small."""
    ends = fit_interval_ends(np.zeros(200), np.full(200, 0.02), np.linspace(12.0, 14.0, 200), 0.9)
    assert np.isfinite(ends.log_factors(np.array([0.0, 13.0, 99.0]))).all()
