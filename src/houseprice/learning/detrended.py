"""What the parts of the price model are fitted to: detrended prices, and features with their texts as numbers."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.config import Training
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.features import Lookup, look_up, matrix
from houseprice.learning.mixed_model import MixedModel, cross_fit_encode, fit_mixed_model
from houseprice.learning.other_sales import OtherSales
from houseprice.learning.text_pairs import with_pairs
from houseprice.learning.transforms import choose_transforms
from houseprice.learning.trend import Trend, fit_trend
from houseprice.learning.trend_design import TIME

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Detrended:
    """Sales without the market trend.

    Attributes:
        trend: market trend.
        mixed_model: log-linear mixed model, whose effects are the target encodings.
        features: without the time of sale, and with target encodings, each made without its own group of rows.
        months: time of each sale, in months; None where it is not known.
        log_prices: log prices less the trend.
    """

    trend: Trend
    mixed_model: MixedModel
    features: FeatureMatrix
    months: Any | None
    log_prices: Floats

    def of_trees(self, *, with_time: bool) -> FeatureMatrix:
        """Return the features of the trees."""
        return with_months(self.features, self.months if with_time else None)


def detrend(X: pl.DataFrame, log_prices: Floats, config: Training, others: OtherSales | None = None) -> Detrended:
    """Fit the trend and the mixed model, to other sales too where there are some; return what the rest is fitted to."""
    trend = fit_trend(X, log_prices, config.trend, config.ridge_alpha, others)
    features = matrix(X)
    detrended = np.asarray(log_prices - trend.predict(features))
    months = features[TIME] if TIME in features.names else None
    pairs = () if config.text_pairs == "auto" else config.text_pairs
    features = with_pairs(without_time(features), pairs)
    if others is not None:
        of_time = {TIME: others.features[TIME].to_numpy()} if months is not None else {}
        others = replace(others.with_pairs(pairs), log_prices=others.log_prices - trend.predict(of_time))
    transforms = choose_transforms(features, features.names)
    weight = None if config.target_encoding_weight == "auto" else config.target_encoding_weight
    mixed_model = replace(fit_mixed_model(features, detrended, transforms, weight, others), pairs=pairs)
    encoded, _ = cross_fit_encode(features, detrended, transforms, config.seed, weight, others)
    return Detrended(trend, mixed_model, features.with_columns(encoded), months, detrended)


def encode(features: FeatureMatrix, mixed_model: MixedModel, lookup: Lookup = look_up) -> FeatureMatrix:
    """Return features of any houses as the parts of a fitted model take them, without the time of sale."""
    features = with_pairs(without_time(features), mixed_model.pairs)
    return features.with_columns(mixed_model.encode(features, lookup))


def without_time(features: FeatureMatrix) -> FeatureMatrix:
    """Return the features without the time of sale, which the trend alone extrapolates."""
    return features.select(tuple(name for name in features.names if name != TIME))


def with_months(features: FeatureMatrix, months: Any | None) -> FeatureMatrix:
    """Return the features with the time of sale, where it is known."""
    return features if months is None else features.with_columns({TIME: months})
