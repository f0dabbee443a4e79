"""The price model: a market trend plus a blend of boosted trees and kernel ridge regression.

The prediction is exp(trend + blend). Trees and kernel ridge regression are fitted to detrended prices and never see the
date, so that the trend alone extrapolates the market. All of it is fitted to log prices, which makes the prediction a
median.
"""

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from houseprice.config import Training
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.conformal import ConformalInterval
from houseprice.learning.deterministic_pickle import PlainPickle
from houseprice.learning.features import Lookup, look_up, matrix
from houseprice.learning.kernel_ridge import fit_kernel_ridge
from houseprice.learning.oblivious_trees import fit_oblivious_trees
from houseprice.learning.robust_weights import robust_sample_weights
from houseprice.learning.target_encoding import cross_fit_encode, fit_target_encoding
from houseprice.learning.trend import TIME, fit_trend

Prices = npt.NDArray[np.float64]


class PriceModel(PlainPickle, RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Predicts house prices from features.

    Attributes:
        inputs_: names of its features → whether they are text.
        trend_: market trend.
        target_encodings_: category feature → category → its target encoding, which the trees take as a number.
        trees_: boosted trees.
        kernel_ridge_: kernel ridge regression.
        interval_: half-width of the interval in log price; None before calibration, when the interval is a point.
        smearing_: mean price divided by median price.
        metrics_, verdict_: metrics and verdict of its evaluation; set by the pipeline, as are the next two.
        feature_table_sha256_: sha256 of the feature table that it was fitted on.
        processed_sha256_: sha256 of the processed table from which that was made.
    """

    _values: ClassVar = {"config": Training}

    def __init__(self, config: Training) -> None:
        self.config = config

    def fit(self, X: pl.DataFrame, y: Prices) -> Self:
        """Fit the model to features and sale prices."""
        config, log_prices = self.config, np.log(y)
        self.inputs_ = {name: kind == pl.String for name, kind in X.schema.items()}
        rules = config.trend
        self.trend_ = fit_trend(X, log_prices, rules, config.ridge_alpha)
        features = matrix(X)
        detrended = log_prices - self.trend_.predict(features)
        categories = {name: features[name].astype(str) for name, is_text in self.inputs_.items() if is_text}
        weight = config.target_encoding_weight
        self.target_encodings_ = {
            name: fit_target_encoding(values, detrended, weight) for name, values in categories.items()
        }
        encoded = {
            f"{name}_target_encoding": cross_fit_encode(values, detrended, weight, config.seed)
            for name, values in categories.items()
        }
        of_trees = features.select(tuple(name for name in features.names if name != TIME)).with_columns(encoded)
        sample_weight = robust_sample_weights(
            features, detrended, config.robust_weights, config.kernel_ridge, config.seed
        )
        self.trees_ = fit_oblivious_trees(
            of_trees, detrended, config.boosting, config.seed, config.threads, sample_weight
        )
        self.kernel_ridge_ = fit_kernel_ridge(features, detrended, config.kernel_ridge, config.seed, sample_weight)
        self.interval_: ConformalInterval | None = None
        self.smearing_ = 1.0
        return self

    def calibrate(self, interval: ConformalInterval, smearing: float) -> Self:
        """Set the interval and the smearing factor, measured on sales that the model was not fitted on."""
        self.interval_, self.smearing_ = interval, smearing
        return self

    def compute(self, features: FeatureMatrix, lookup: Lookup = look_up) -> tuple[Any, Any, Any]:
        """Return price, low and high from float32 features and texts.

        Written against the array API: numpy arrays give numbers, tracing arrays give the same steps as a graph.
        """
        check_is_fitted(self)
        xp = features.table.__array_namespace__()
        encoded = {
            f"{name}_target_encoding": lookup(features[name], encoding, 0.0)
            for name, encoding in self.target_encodings_.items()
        }
        share = self.config.tree_share
        of_trees = self.trees_.predict(features.with_columns(encoded))
        log_price = of_trees * share + self.kernel_ridge_.predict(features, lookup) * (1.0 - share)
        log_price = log_price + self.trend_.predict(features)
        if self.interval_ is None:
            return xp.exp(log_price), xp.exp(log_price), xp.exp(log_price)
        half_width = self.interval_.half_width(features)
        return xp.exp(log_price), xp.exp(log_price - half_width), xp.exp(log_price + half_width)

    def predict_interval(self, X: pl.DataFrame) -> tuple[Prices, Prices, Prices]:
        """Return the median price of each row and the ends of its interval, in the currency of the training prices."""
        blocks = [self.compute(matrix(block)) for block in X.select(list(self.inputs_)).iter_slices(BLOCK)]
        price, low, high = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        return price, low, high

    def predict(self, X: pl.DataFrame) -> Prices:
        """Return the median price of each row, in the currency of the training prices."""
        price: Prices = self.predict_interval(X)[0]
        return price

    def feature_importance(self) -> dict[str, float]:
        """Return each feature's share of the importance in the trees."""
        return dict(self.trees_.feature_importance)


BLOCK = 2000  # rows at a time: memory holds rows × (trees + centres)
