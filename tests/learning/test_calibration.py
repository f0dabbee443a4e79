"""Interval and forecast standard deviation are calibrated on what a model has not seen."""

import numpy as np
import polars as pl
import pytest

from houseprice.learning.calibration import Calibration
from houseprice.learning.conformal import Period, fit_residual_scale, fsd_factors, interval_factor
from houseprice.learning.features import matrix
from learning.tables import EQUAL_ENDS

ROWS = 2000


@pytest.fixture(scope="module")
def houses() -> pl.DataFrame:
    """Return houses of many sizes."""
    return pl.DataFrame({"size": np.random.default_rng(1).random(ROWS).astype(np.float32)})


@pytest.fixture(scope="module")
def calibration(houses: pl.DataFrame) -> Calibration:
    """Return what is measured on training sales, whose errors grow with the size."""
    residuals = np.random.default_rng(2).normal(0.0, 0.05 + 0.2 * houses["size"].to_numpy())
    halves = np.arange(ROWS) % 2
    groups = [(np.flatnonzero(halves != half), np.flatnonzero(halves == half)) for half in (0, 1)]
    scale, sizes = fit_residual_scale(matrix(houses), residuals, groups, seed=0)
    return Calibration(scale, [Period(residuals, sizes, np.zeros(ROWS), np.zeros(ROWS))], 0.9, 1.6, 1.1, EQUAL_ENDS)


def test_without_periods_the_folds_calibrate_both(calibration: Calibration) -> None:
    """As where sales cannot be divided by time."""
    found = calibration.interval([])
    assert found.interval.house == interval_factor([], [calibration.folds[0].scores(0.0)], 0.9, 1.6)
    assert found.fsd == fsd_factors(calibration.folds, 1.1)
    assert (found.interval.market, found.interval.power) == (1.6, 1.0)


def test_later_sales_are_a_period_of_both(calibration: Calibration, houses: pl.DataFrame) -> None:
    """The worst period decides the interval; the FSD is of all sales together, so that it grows less."""
    wild = np.random.default_rng(3).normal(0.0, 0.1 + 0.4 * houses["size"].to_numpy())
    later = calibration.period(matrix(houses), wild, np.zeros(ROWS), 0.01**2)
    before, after = calibration.interval([]), calibration.interval([later])
    assert after.interval.house == interval_factor([later], [], 0.9, 1.6)
    widths = [
        np.median(np.array(one.half_widths(matrix(houses), np.zeros(ROWS), 0.0)), axis=1) for one in (before, after)
    ]
    of_interval, _, of_fsd = widths[1] / widths[0]
    assert of_interval == pytest.approx(2.0, abs=0.3)
    assert 1.2 < of_fsd < 1.7
