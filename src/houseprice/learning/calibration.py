"""Calibration of the prediction interval and of the forecast standard deviation on out-of-sample predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.conformal import ConformalInterval, Factors, Period, fsd_factors, interval_factor
from houseprice.learning.interval_ends import IntervalEnds
from houseprice.learning.oblivious_trees import ObliviousTrees

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """What is measured on training sales, to which the periods are added that a model has not seen.

    Attributes:
        residual_scale: predicts the log of the usual size of the residual.
        folds: the training sales as each division into folds predicts them.
        coverage: that the interval aims at.
        market: factor of the trend's standard error in the interval.
        fsd_market: the same factor in the forecast standard deviation.
        ends: of the interval.
    """

    residual_scale: ObliviousTrees
    folds: Sequence[Period]
    coverage: float
    market: float
    fsd_market: float
    ends: IntervalEnds

    def interval(self, periods: Sequence[Period]) -> ConformalInterval:
        """Return interval and forecast standard deviation, calibrated on some periods."""
        in_folds = [fold.with_ends(self.ends).scores(0.0) for fold in self.folds]
        unseen = [period.with_ends(self.ends) for period in periods]
        factor = interval_factor(unseen, in_folds, self.coverage, self.market)
        fsd = fsd_factors([*self.folds, *periods], self.fsd_market)
        return ConformalInterval(self.residual_scale, Factors(factor, self.market), fsd, self.ends)

    def period(self, features: FeatureMatrix, residuals: Floats, detrended: Floats, trend_variance: Any) -> Period:
        """Return sales that the residual scale was not fitted on as a period; `features` are float32."""
        sizes = np.exp(np.asarray(self.residual_scale.predict(features)))
        return Period(residuals, sizes, np.asarray(trend_variance) + np.zeros(len(residuals)), detrended)
