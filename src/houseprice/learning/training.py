"""Columns to learn from in, trained model out.

The answer is exp(market trend + blend of boosted trees and a smooth surface). Trees and surface learn prices with the
trend taken out and never see the date, so that nobody has to extrapolate the market but the line. All of it is fitted
on log price, which makes the answer a median.
"""

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from houseprice.config import Training
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.conformal import Spread
from houseprice.learning.deterministic_pickle import PlainPickle
from houseprice.learning.features import Lookup, look_up, matrix
from houseprice.learning.kernel_ridge import fit_surface
from houseprice.learning.oblivious_trees import fit_forest
from houseprice.learning.robust_weights import weigh
from houseprice.learning.target_encoding import cross_fit, fit_level
from houseprice.learning.trend import TIME, fit_trend

Prices = npt.NDArray[np.float64]


class PriceModel(PlainPickle, RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Prices houses from their features.

    Attributes:
        inputs_: names of the features that it takes → whether they are text.
        trend_: the market's trend.
        levels_: text feature → text → how much dearer houses with it are, log; the trees take it as a number.
        forest_: the boosted trees.
        surface_: the smooth surface.
        spread_: half the width of the interval in log price; None before calibration, when the interval is a point.
        smearing_: mean price divided by median price.
        metrics_, verdict_: what it was judged by, and the verdict; set by the pipeline, as are the next two.
        made_from_, processed_: sha256 of the feature table, and of the processed table that this was made from.
    """

    _values: ClassVar = {"config": Training}

    def __init__(self, config: Training) -> None:
        self.config = config

    def fit(self, X: pl.DataFrame, y: Prices) -> Self:
        """Learn from features and prices paid."""
        config, log = self.config, np.log(y)
        self.inputs_ = {name: kind == pl.String for name, kind in X.schema.items()}
        rules = config.trend
        self.trend_ = fit_trend(X, log, rules.knots_months, rules.horizon_months, config.ridge_alpha)
        features = matrix(X)
        flat = log - self.trend_.at(features)
        texts = [name for name, is_text in self.inputs_.items() if is_text]
        self.levels_ = {name: fit_level(features[name].astype(str), flat, config.level_weight) for name in texts}
        levels = {
            f"{name}_level": cross_fit(features[name].astype(str), flat, config.level_weight, config.seed)
            for name in texts
        }
        asked = features.select(tuple(name for name in features.names if name != TIME)).with_columns(levels)
        weights = weigh(features, flat, config.trust, config.smooth, config.seed)
        self.forest_ = fit_forest(asked, flat, config.boosting, config.seed, config.threads, weights)
        self.surface_ = fit_surface(features, flat, config.smooth, config.seed, weights)
        self.spread_: Spread | None = None
        self.smearing_ = 1.0
        return self

    def calibrate(self, spread: Spread, smearing: float) -> Self:
        """Take the interval and the smearing factor that were measured on sales not learned from."""
        self.spread_, self.smearing_ = spread, smearing
        return self

    def compute(self, features: FeatureMatrix, lookup: Lookup = look_up) -> tuple[Any, Any, Any]:
        """Give back price, low and high from float32 features and texts.

        Written against the array API: numpy arrays give numbers, recording arrays give the same steps as a graph.
        """
        check_is_fitted(self)
        xp = features.table.__array_namespace__()
        levels = {f"{name}_level": lookup(features[name], table, 0.0) for name, table in self.levels_.items()}
        share = self.config.forest_share
        log = self.forest_.at(features.with_columns(levels)) * share + self.surface_.at(features, lookup) * (
            1.0 - share
        )
        log = log + self.trend_.at(features)
        if self.spread_ is None:
            return xp.exp(log), xp.exp(log), xp.exp(log)
        width = self.spread_.at(features)
        return xp.exp(log), xp.exp(log - width), xp.exp(log + width)

    def predict_interval(self, X: pl.DataFrame) -> tuple[Prices, Prices, Prices]:
        """Give back the median price of each row and the interval that should hold it, in the currency learned from."""
        blocks = [self.compute(matrix(block)) for block in X.select(list(self.inputs_)).iter_slices(BLOCK)]
        price, low, high = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        return price, low, high

    def predict(self, X: pl.DataFrame) -> Prices:
        """Give back the median price of each row, in the currency of the prices learned from."""
        price: Prices = self.predict_interval(X)[0]
        return price

    def importance(self) -> dict[str, float]:
        """Give back each feature's share of the trees' importance."""
        return dict(self.forest_.shares)


BLOCK = 2000  # rows at a time: what stands in memory is rows × (trees + centres)
