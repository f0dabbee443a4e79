"""The price model: a market trend plus a blend of boosted trees, kernel ridge regression and a log-linear mixed model.

The prediction is exp(trend + mean + slope · (blend − mean)). The blend is fitted to detrended prices; the trend alone
extrapolates the market. All of it is fitted to log prices, which makes the prediction a median but for the slope, by
which predictions spread more as prices do.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from houseprice.bundle.golden import LEARNERS, OUTPUTS
from houseprice.config import FoundTraining, Training
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.conformal import ConformalInterval
from houseprice.learning.deterministic_pickle import PlainPickle
from houseprice.learning.detrended import detrend, encode, with_months
from houseprice.learning.features import Lookup, look_up, matrix
from houseprice.learning.hyperparameters.search import find_hyperparameters
from houseprice.learning.kernel_ridge import fit_kernel_ridge
from houseprice.learning.oblivious_trees import fit_oblivious_trees
from houseprice.learning.other_sales import OtherSales
from houseprice.learning.robust_weights import robust_sample_weights
from houseprice.learning.trend_design import TIME

Prices = npt.NDArray[np.float64]


class PriceModel(PlainPickle, RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Predicts house prices from features.

    Attributes:
        found_: the hyperparameters that it was fitted with, with nothing left to be found.
        inputs_: names of its features → whether they are text.
        trend_: market trend.
        mean_: of the detrended log prices, about which the blend has its slope.
        mixed_model_: log-linear mixed model, whose effects the trees take as numbers.
        trees_: boosted trees.
        kernel_ridge_: kernel ridge regression.
        interval_: half-widths of the interval and forecast standard deviation (FSD) in log price; None before
            calibration, when the interval is a point and the FSD 0.
        smearing_: mean price divided by median price.
        metrics_, verdict_: metrics and verdict of its evaluation; set by the pipeline, as are the next two.
        feature_table_sha256_: sha256 of the feature table that it was fitted on.
        processed_sha256_: sha256 of the processed table from which that was made.
        evaluated_: position of each sale of the random sample → what the evaluated model answered, which was not fitted
            on it; set when the model to publish is fitted.
    """

    _values: ClassVar = {"config": Training, "found_": FoundTraining}

    def __init__(self, config: Training, places: Sequence[str] = ()) -> None:
        self.config = config
        self.places = places

    def fit(
        self,
        X: pl.DataFrame,
        y: Prices,
        groups: npt.NDArray[Any] | None = None,
        others: OtherSales | None = None,
    ) -> Self:
        """Fit the model to features and sale prices; the trend and the effects of categories to `others`, too.

        Hyperparameters that are `auto` are found first, on folds that keep together the rows of one of the `groups`.
        """
        self.found_ = find_hyperparameters(X, y, self.config, groups=groups, places=self.places)
        found = self.found_
        self.inputs_ = {name: kind == pl.String for name, kind in X.schema.items()}
        sales = detrend(X, np.log(y), found, others)
        self.trend_, self.mixed_model_ = sales.trend, sales.mixed_model
        self.mean_ = float(sales.log_prices.mean())
        weights = robust_sample_weights(
            sales.features, sales.log_prices, found.robust_weights, found.kernel_ridge, found.seed
        )
        self.trees_ = fit_oblivious_trees(
            sales.of_trees(with_time=found.time_in_trees), sales.log_prices, found.boosting, found.seed, found.threads,
            weights,
        )  # fmt: skip
        self.kernel_ridge_ = fit_kernel_ridge(sales.features, sales.log_prices, found.kernel_ridge, found.seed, weights)
        self.interval_: ConformalInterval | None = None
        self.smearing_ = 1.0
        return self

    def calibrate(self, interval: ConformalInterval, smearing: float) -> Self:
        """Set the interval and the smearing factor, measured on sales that the model was not fitted on."""
        self.interval_, self.smearing_ = interval, smearing
        return self

    def encode(self, features: FeatureMatrix, lookup: Lookup = look_up) -> FeatureMatrix:
        """Return the features of the kernel ridge regression and the mixed model, by the array API."""
        return encode(features, self.mixed_model_, lookup)

    def compute(self, features: FeatureMatrix, lookup: Lookup = look_up) -> dict[str, Any]:
        """Return name → values of `OUTPUTS`, and of `LEARNERS` where it blends both, from float32 features and texts.

        Written against the array API: numpy arrays give numbers, tracing arrays give the same steps as a graph.
        """
        check_is_fitted(self)
        found, encoded = self.found_, self.encode(features, lookup)
        xp = encoded.table.__array_namespace__()
        trend, slope = self.trend_.predict(features), found.blend_slope
        level = log_price = trend + self.mean_ * (1.0 - slope)
        learners = []
        if found.tree_share:
            months = features[TIME] if found.time_in_trees and TIME in features.names else None
            learners.append(self.trees_.predict(with_months(encoded, months)))
            log_price = learners[-1] * (found.tree_share * slope) + log_price
        if found.linear_share:
            log_price = self.mixed_model_.predict(encoded) * (found.linear_share * slope) + log_price
        if kernel_share := found.kernel_share:
            learners.append(self.kernel_ridge_.predict(encoded, lookup))
            log_price = learners[-1] * (kernel_share * slope) + log_price
        below = above = fsd = log_price * 0.0
        if self.interval_ is not None:
            variance = self.trend_.forecast_variance(features)
            below, above, fsd = self.interval_.half_widths(features, log_price - trend, variance)
        ends = xp.exp(log_price - below), xp.exp(log_price + above)
        outputs = dict(zip(OUTPUTS, (xp.exp(log_price), *ends, fsd), strict=True))
        if len(learners) == len(LEARNERS):
            outputs |= {name: xp.exp(level + alone * slope) for name, alone in zip(LEARNERS, learners, strict=True)}
        return outputs

    def predict_all(self, X: pl.DataFrame) -> dict[str, Prices]:
        """Return what `compute` does, of each row of a feature table."""
        blocks = [self.compute(matrix(block)) for block in X.select(list(self.inputs_)).iter_slices(BLOCK)]
        return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}

    def predict_interval(self, X: pl.DataFrame) -> tuple[Prices, Prices, Prices]:
        """Return the median price of each row and the ends of its interval, in the currency of the training prices."""
        found = self.predict_all(X)
        price, low, high = (found[name] for name in OUTPUTS[:3])
        return price, low, high

    def predict(self, X: pl.DataFrame) -> Prices:
        """Return the median price of each row, in the currency of the training prices."""
        price: Prices = self.predict_interval(X)[0]
        return price

    def feature_importance(self) -> dict[str, float]:
        """Return each feature's share of the importance in the trees."""
        return dict(self.trees_.feature_importance)

    def hyperparameters(self) -> dict[str, Any]:
        """Return what was found or set by hand, as plain values, and how strongly each text's effects are shrunk."""
        return {**self.found_.model_dump(mode="json"), "target_encoding_weights": self.mixed_model_.weights}


BLOCK = 500  # rows at a time: memory holds rows × (trees + centres)
