"""Market trend of the log price: a piecewise linear function of time.

Trees cannot extrapolate; a line can. It is fitted together with everything else that is known of a house, so that a
month in which dearer houses were sold does not look like a month in which houses were dearer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs
from sklearn.linear_model import Ridge
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from houseprice.feature_matrix import FeatureMatrix

TIME = "months_since_first_sale"
MAX_CATEGORIES = 500
"""Of one text; rarer ones share a column, so that a text with thousands of categories fits into memory."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trend:
    """A fitted market trend.

    Attributes:
        knots: months at which the line starts or changes its slope; none without a time feature.
        slopes: change of the slope at each knot, in log price per month.
        last_month: month after which the trend is constant.
    """

    knots: tuple[float, ...] = ()
    slopes: tuple[float, ...] = ()
    last_month: float = 0.0

    def predict(self, features: Mapping[str, Any] | FeatureMatrix) -> Any:
        """Return the trend of each row in log price, by the array API; 0 without a time feature."""
        if not self.knots:
            return 0.0
        months = features[TIME]
        xp = months.__array_namespace__()
        months = xp.astype(months, xp.float64)
        months = xp.where(months < self.last_month, months, xp.asarray(self.last_month))
        return sum(
            xp.where(months > knot, months - knot, xp.asarray(0.0)) * slope
            for knot, slope in zip(self.knots, self.slopes, strict=True)
        )


def fit_trend(
    features: pl.DataFrame, log_prices: Floats, knots: tuple[float, ...], horizon: float, penalty: float
) -> Trend:
    """Fit the trend by ridge regression on all features, the trend unpenalised; extrapolate it for `horizon` months."""
    if TIME not in features.columns:
        return Trend()
    months = features[TIME].to_numpy().astype(np.float64)
    if months.max() <= 0.0:
        return Trend()
    kept = (0.0, *(knot for knot in knots if knot < months.max()))
    line = np.maximum(months[:, None] - np.array(kept), 0.0)
    others = features.select(cs.numeric() - cs.by_name(TIME)).to_numpy().astype(np.float64)
    others = StandardScaler().fit_transform(others)
    parts = [others, np.sign(others) * np.sqrt(np.abs(others))]
    texts = features.select(cs.string())
    if texts.width:
        parts.append(OneHotEncoder(sparse_output=False, max_categories=MAX_CATEGORIES).fit_transform(texts.to_numpy()))
    free = 1e3  # a column of this scale is all but unpenalised
    fitted = Ridge(alpha=penalty).fit(np.hstack([line * free, *parts]), log_prices)
    slopes = tuple(float(slope * free) for slope in fitted.coef_[: len(kept)])
    return Trend(kept, slopes, float(months.max()) + horizon)
