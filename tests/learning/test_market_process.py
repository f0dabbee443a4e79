"""The market as a Gaussian process: what the sales tell of its slopes, and what nobody can know."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import multivariate_normal

from houseprice.learning.market_process import Information, _priors, slope_posterior

Floats = npt.NDArray[np.float64]
NOTHING = Information(np.zeros((0, 0)), np.zeros(0))


def information(pieces: Floats, log_prices: Floats, noise: float) -> Information:
    """Return what sales tell whose log prices are pieces · slopes and noise."""
    return Information(pieces.T @ pieces / noise**2, pieces.T @ log_prices / noise**2)


def test_the_posterior_is_that_of_the_dense_model() -> None:
    """The oracle writes out the covariance of every sale at every point of the grid."""
    draw = np.random.default_rng(0)
    lengths, noise = np.array([1.0, 2.0, 1.5, 1.0, 1.0]), 0.05
    pieces = np.clip(draw.uniform(0.0, 4.5, 60)[:, None] - np.array([0.0, 1.0, 3.0]), 0.0, lengths[:3])
    log_prices = pieces @ np.array([0.02, -0.01, 0.03]) + draw.normal(0.0, noise, 60)
    evidence, means, seconds = [], [], []
    for log_prior, prior in _priors(lengths):
        known = pieces @ prior[:3, :3] @ pieces.T + noise**2 * np.eye(60)
        gain = prior[:, :3] @ pieces.T @ np.linalg.inv(known)
        mean = gain @ log_prices
        evidence.append(log_prior + multivariate_normal(np.zeros(60), known).logpdf(log_prices))
        means.append(mean)
        seconds.append(prior - gain @ pieces @ prior[:3, :] + np.outer(mean, mean))
    weights = np.exp(np.array(evidence) - max(evidence))
    weights /= weights.sum()
    expected = weights @ np.array(means)
    covariance = np.tensordot(weights, np.array(seconds), 1) - np.outer(expected, expected)
    found, found_covariance = slope_posterior(lengths, information(pieces, log_prices, noise))
    assert found == pytest.approx(expected, rel=1e-6)
    assert found_covariance == pytest.approx(covariance, rel=1e-5, abs=1e-12)


def test_without_a_sale_the_prior_rules() -> None:
    """The market is expected to stand still, and a year may take it some percent either way."""
    lengths = np.ones(12)
    slopes, covariance = slope_posterior(lengths, NOTHING)
    assert slopes == pytest.approx(0.0)
    assert 0.03 < np.sqrt(lengths @ covariance @ lengths) < 0.15


def test_a_restless_market_is_known_less_well_than_a_calm_one() -> None:
    """The same number of sales, with steps of a tenth of a percent or of three a month."""
    spread = []
    for step in (0.001, 0.03):
        draw = np.random.default_rng(1)
        lengths = np.ones(48)
        months = draw.uniform(0.0, 36.0, 6000)
        pieces = np.clip(months[:, None] - np.arange(36.0), 0.0, 1.0)
        log_prices = pieces @ draw.normal(0.0, step, 36) + draw.normal(0.0, 0.1, 6000)
        _, covariance = slope_posterior(lengths, information(pieces, log_prices, 0.1))
        spread.append(float(np.sqrt(covariance[36:, 36:].sum())))
    assert spread[1] > 3.0 * spread[0]


@pytest.mark.long
def test_a_steady_rise_goes_on_and_a_late_swing_fades() -> None:
    """Ten years at 0.4 % a month are carried on; a rise in the last three months alone is not."""
    lengths, end = np.ones(132), 120
    draw = np.random.default_rng(2)
    pieces = np.clip(draw.uniform(0.0, 120.0, 20_000)[:, None] - np.arange(120.0), 0.0, 1.0)
    for slopes, low, high in (
        (np.full(120, 0.004), 0.003, 0.005),
        (np.where(np.arange(120) < 117, 0.0, 0.02), -0.001, 0.012),
    ):
        log_prices = pieces @ slopes + draw.normal(0.0, 0.1, len(pieces))
        found, _ = slope_posterior(lengths, information(pieces, log_prices, 0.1))
        assert low < found[end:].mean() < high
