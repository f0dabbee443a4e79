"""How much each sale counts: one far from what its likes were sold for counts less."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from houseprice.config import KernelRidgeColumn, KernelRidgeConfig, RobustWeightsConfig
from houseprice.learning.features import matrix
from houseprice.learning.robust_weights import cauchy_weights, robust_sample_weights

SMOOTH = KernelRidgeConfig(centres=300, penalty=0.1, inverse_lengthscale=0.3, columns={"size": KernelRidgeColumn()})
ERRORS = arrays.arrays(np.float64, st.integers(1, 50), elements=st.floats(-10, 10))


@given(ERRORS, st.floats(0.5, 5.0))
def test_weights_are_positive_and_one_on_average(errors: np.ndarray, scale: float) -> None:
    """Whatever the errors; the larger an error, the less its row counts."""
    weights = cauchy_weights(errors, scale)
    assert (weights > 0).all()
    assert weights.mean() == pytest.approx(1.0)
    order = np.argsort(np.abs(errors))
    assert (np.diff(weights[order]) <= 1e-12).all()


def test_an_error_of_so_many_deviations_counts_half() -> None:
    """In robust standard deviations, those of the normal distribution."""
    errors = np.r_[np.random.default_rng(0).normal(0.0, 0.2, 100_000), 0.0, 0.6]
    weights = cauchy_weights(errors, 3.0)
    assert weights[-1] / weights[-2] == pytest.approx(0.5, abs=0.01)


def test_a_price_that_is_not_the_markets_counts_less() -> None:
    """Three houses sold for a fifth, among three hundred."""
    draw = np.random.default_rng(0)
    size = draw.normal(size=300)
    log = size + draw.normal(0.0, 0.1, 300)
    log[:3] -= np.log(5.0)
    table = pl.DataFrame({"size": size}, schema={"size": pl.Float32})
    weights = robust_sample_weights(matrix(table), log, RobustWeightsConfig(scale=3.0, centres=50), SMOOTH, seed=0)
    assert weights[:3].max() < 0.1
    assert np.median(weights[3:]) > 0.9
