"""The price interval: as wide as split conformal prediction says, wider where answers are worse."""

from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from mapie.conformity_scores import ResidualNormalisedScore
from mapie.regression import SplitConformalRegressor
from sklearn.base import BaseEstimator, RegressorMixin

from houseprice.learning.conformal import (
    ONE_SIGMA,
    ConformalInterval,
    Factors,
    Period,
    conformal_quantile,
    fit_power,
    fit_residual_scale,
    fsd_factors,
    interval_factor,
    period_factors,
)
from houseprice.learning.features import matrix
from houseprice.metrics import measure_fsd
from learning.tables import EQUAL_ENDS

Floats = npt.NDArray[np.float64]
ROWS = 3000


class Known(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """A regressor that was fitted elsewhere: it answers with one of the columns."""

    def __init__(self, column: int) -> None:
        self.column = column

    def fit(self, X: Floats, y: Floats) -> Self:  # noqa: ARG002 - scikit-learn's form
        """Take nothing."""
        self.fitted_ = True
        return self

    def predict(self, X: Floats) -> Floats:
        """Return the column."""
        return np.asarray(X)[:, self.column]


def uneven() -> tuple[pl.DataFrame, Floats]:
    """Return houses, and errors of their answers that are three times as large for the large ones."""
    draw = np.random.default_rng(0)
    size = draw.random(ROWS).astype(np.float32)
    return pl.DataFrame({"size": size}), draw.normal(0.0, np.where(size > 0.5, 0.3, 0.1))


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("many", [40, 999])
def test_the_interval_is_mapies(coverage: float, many: int) -> None:
    """MAPIE is the oracle: the same answers, sizes and sales to measure on give the same interval, at both ends."""
    houses, errors = uneven()
    thirds = np.arange(ROWS) % 3
    groups = [(np.flatnonzero(thirds != group), np.flatnonzero(thirds == group)) for group in range(3)]
    forest, _ = fit_residual_scale(matrix(houses), errors, groups, seed=0)
    sizes = np.exp(forest.predict(matrix(houses)))
    draw = np.random.default_rng(many)
    answered = draw.normal(13.0, 0.5, ROWS)
    paid = answered + draw.normal(0.0, sizes)
    late, asked = np.arange(many), np.arange(many, ROWS)

    table = np.column_stack([answered, sizes])
    score = ResidualNormalisedScore(residual_estimator=Known(1).fit(table, paid), prefit=True)
    oracle = SplitConformalRegressor(
        Known(0).fit(table, paid), confidence_level=coverage, conformity_score=score, prefit=True
    ).conformalize(table[late], paid[late])
    _, theirs = oracle.predict_interval(table[asked])

    factor = conformal_quantile(np.abs(paid - answered)[late] / sizes[late], coverage)
    interval = ConformalInterval(forest, Factors(factor), Factors(1.0), EQUAL_ENDS)
    below, above, _ = interval.half_widths(matrix(houses[asked]), answered[asked])
    assert answered[asked] - below == pytest.approx(theirs[:, 0, 0], rel=1e-9)
    assert answered[asked] + above == pytest.approx(theirs[:, 1, 0], rel=1e-9)


def test_it_is_wider_where_answers_are_worse() -> None:
    """About three times as wide for the houses whose errors are three times as large."""
    houses, errors = uneven()
    halves = np.arange(ROWS) % 2
    groups = [(np.flatnonzero(halves != half), np.flatnonzero(halves == half)) for half in (0, 1)]
    forest, sizes = fit_residual_scale(matrix(houses), errors, groups, seed=0)
    interval = ConformalInterval(forest, Factors(1.0), Factors(0.5), EQUAL_ENDS)
    (small, large), above, deviations = interval.half_widths(matrix(pl.DataFrame({"size": [0.2, 0.8]})), np.zeros(2))
    assert above.tolist() == [small, large]
    assert deviations.tolist() == [small / 2, large / 2]
    assert 2.0 < large / small < 4.0
    assert sizes[houses["size"].to_numpy() > 0.5].mean() > 2.0 * sizes[houses["size"].to_numpy() < 0.5].mean()


def test_the_quantile_is_that_of_finite_samples() -> None:
    """The ⌈(n+1)·coverage⌉-th smallest score."""
    scores = np.arange(1.0, 20.0)
    assert conformal_quantile(scores, 0.90) == 18.0
    assert conformal_quantile(scores[::-1], 0.5) == 10.0
    assert conformal_quantile(scores, 0.95) == 19.0


def test_few_scores_give_a_wide_bound() -> None:
    """Of five, no rank covers nine in ten: Student's t does, in nine of ten draws and a little more."""
    draw = np.random.default_rng(0)
    held = [abs(draw.normal()) <= conformal_quantile(np.abs(draw.normal(size=5)), 0.9) for _ in range(3000)]
    assert 0.88 < np.mean(held) < 0.96


def period(count: int, size: float = 1.0, variance: float = 0.0, seed: int = 0) -> Period:
    """Return sales whose residuals are of some size, with the variance of a trend beside it."""
    draw = np.random.default_rng(seed)
    residuals = draw.normal(0.0, np.hypot(0.1 * size, np.sqrt(variance)), count)
    return Period(residuals, np.full(count, 0.1), np.full(count, variance), np.zeros(count))


def test_a_score_is_the_factor_that_reaches_the_price() -> None:
    """Beside the market's share; a price that the market alone explains needs none."""
    some = period(50, variance=0.02)
    scores = some.scores(1.5)
    reached = np.sqrt((scores * some.sizes) ** 2 + 1.5**2 * some.trend_variance)
    assert (reached >= np.abs(some.residuals) * (1 - 1e-12)).all()
    assert reached[scores > 0.0] == pytest.approx(np.abs(some.residuals)[scores > 0.0])


def test_the_worst_period_decides_unless_it_is_of_few_sales() -> None:
    """So that its own sales are covered; thirty tell too little of their 90 % quantile."""
    calm, wild, few = period(500), period(400, size=1.5, seed=1), period(30, size=4.0, seed=2)
    assert interval_factor([calm, wild], [], 0.9, 0.0) == conformal_quantile(wild.scores(0.0), 0.9)
    assert interval_factor([calm, few], [], 0.9, 0.0) < 1.4 * interval_factor([calm], [], 0.9, 0.0)
    assert interval_factor([calm], [3.0 * calm.scores(0.0)], 0.9, 0.0) == 3.0 * interval_factor([calm], [], 0.9, 0.0)
    assert interval_factor([], [calm.scores(0.0)], 0.9, 0.0) == interval_factor([calm], [], 0.9, 0.0)


def test_periods_that_differ_by_chance_decide_almost_as_one() -> None:
    """Of twelve draws of the same errors, the worst is the worst by chance; a period that differs stays apart."""
    alike = [period(200, seed=seed).scores(0.0) for seed in range(12)]
    own = np.array([conformal_quantile(scores, 0.9) for scores in alike])
    drawn = np.array(period_factors(alike, 0.9))
    assert np.log(drawn).mean() == pytest.approx(np.log(own).mean())
    assert np.ptp(drawn) < 0.4 * np.ptp(own)
    apart = period_factors([*alike, 2.0 * alike[0]], 0.9)
    assert apart[-1] == pytest.approx(2.0 * own[0], rel=0.1)
    assert interval_factor([period(200, seed=seed) for seed in range(12)], [], 0.9, 0.0) == drawn.max()


def test_three_periods_are_left_as_they_are() -> None:
    """Of so few it is not known how much they differ; nor of exact predictions, whose scores are 0."""
    few = [period(200, seed=seed).scores(0.0) for seed in range(3)]
    assert period_factors(few, 0.9) == [conformal_quantile(scores, 0.9) for scores in few]
    assert period_factors([np.zeros(200)] * 6, 0.9) == [0.0] * 6
    assert period_factors([few[0]] * 6, 0.9) == pytest.approx([conformal_quantile(few[0], 0.9)] * 6)


def test_what_is_not_known_of_the_market_widens_the_interval() -> None:
    """In quadrature, beside what is not known of the house."""
    houses, errors = uneven()
    halves = np.arange(ROWS) % 2
    groups = [(np.flatnonzero(halves != half), np.flatnonzero(halves == half)) for half in (0, 1)]
    scale, _ = fit_residual_scale(matrix(houses), errors, groups, seed=0)
    interval = ConformalInterval(scale, Factors(2.0, 1.6), Factors(1.2, 1.1), EQUAL_ENDS)
    narrow = interval.half_widths(matrix(houses), np.zeros(ROWS))
    wide = interval.half_widths(matrix(houses), np.zeros(ROWS), np.full(ROWS, 0.05**2))
    for before, after, market in zip(narrow, wide, (1.6, 1.6, 1.1), strict=True):
        assert after == pytest.approx(np.hypot(before, market * 0.05))


def test_all_samples_together_decide_the_forecast_sd() -> None:
    """68.27 % of normal errors are within one standard deviation, whichever sample is the worst; few count little."""
    calm, wild, few = period(20_000), period(20_000, size=1.5, seed=1), period(30, size=4.0, seed=2)

    def fsd(*samples: Period) -> float:
        return float(fsd_factors(samples, 0.0).half_width(np.log(calm.sizes[:1]))[0])

    assert fsd(calm) == pytest.approx(0.1, abs=0.002)
    assert fsd(calm, wild) == pytest.approx(
        conformal_quantile(np.abs([calm.residuals, wild.residuals]).ravel(), ONE_SIGMA)
    )
    assert fsd(calm, few) == pytest.approx(0.1, abs=0.002)


def test_the_market_widens_the_forecast_sd_in_quadrature() -> None:
    """Of errors of a deviation of √(0.1² + 0.05²) the house has 0.1, where the market's 0.05 are known."""
    found = fsd_factors([period(50_000, variance=0.05**2)], 1.0)
    assert float(found.half_width(np.log(np.array([0.1])))[0]) == pytest.approx(0.1, abs=0.01)
    assert float(found.half_width(np.log(np.array([0.1])), 0.05**2)[0]) == pytest.approx(0.1118, abs=0.002)


@pytest.mark.parametrize("power", [0.7, 1.0, 1.5, 2.0])
def test_the_power_of_the_size_is_found(power: float) -> None:
    """So that 68 % hold in every fifth of the forecast standard deviation."""
    draw = np.random.default_rng(5)
    sizes = np.exp(draw.normal(-2.3, 0.35, 40_000))
    sample = Period(draw.standard_t(4, 40_000) * sizes**power, sizes, np.zeros(40_000), np.zeros(40_000))
    found = fsd_factors([sample], 0.0)
    assert found.power == pytest.approx(power, abs=0.08)
    shares = measure_fsd(np.exp(sample.residuals), np.ones(40_000), found.half_width(np.log(sizes)))
    assert shares["within_fsd"] == pytest.approx(ONE_SIGMA, abs=1e-3)
    assert shares["within_fsd_by_fifth"] == pytest.approx([ONE_SIGMA] * 5, abs=0.02)


def test_few_sales_leave_the_power_near_one() -> None:
    """And sizes that are all alike leave it where it is of no matter."""
    draw = np.random.default_rng(6)
    found = [fit_power(draw.normal(0.0, 0.1, 20), np.exp(draw.normal(-2.3, 0.35, 20))) for _ in range(20)]
    assert np.abs(np.array(found) - 1.0).max() < 0.1
    same = period(50)
    assert np.isfinite(fsd_factors([same], 0.0)).all()
    assert fsd_factors([same], 0.0).half_width(np.log(same.sizes))[0] == pytest.approx(
        conformal_quantile(np.abs(same.residuals), ONE_SIGMA)
    )


def test_the_forecast_sd_is_no_normal_quantile_of_the_interval() -> None:
    """Errors with the heavy tails of Student's t with 3 degrees of freedom: 68.27 % are within 1.197, 90 % in 2.353."""
    draw = np.random.default_rng(3)
    heavy = Period(draw.standard_t(3, 100_000), *np.ones((1, 100_000)), *np.zeros((2, 100_000)))
    fsd, ninety = fsd_factors([heavy], 0.0).house, interval_factor([heavy], [], 0.9, 0.0)
    assert fsd == pytest.approx(1.197, rel=0.02)
    assert ninety == pytest.approx(2.353, rel=0.02)
    assert ninety / 1.645 > 1.15 * fsd
