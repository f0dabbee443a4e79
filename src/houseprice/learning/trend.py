"""Market trend of the log price: a piecewise linear function of time.

Trees cannot extrapolate; a line can. It is fitted together with everything else that is known of a house, so that a
month in which dearer houses were sold does not look like a month in which houses were dearer.

A line through a few days of sales would extrapolate their noise. So each piece needs time, days and sales; every change
of slope is shrunk; and past the newest sale the trend moves no further than it has moved before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs
from scipy import linalg, sparse
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from houseprice.config.training import TrendRules
from houseprice.feature_matrix import FeatureMatrix

TIME = "months_since_first_sale"
MAX_CATEGORIES = 500
"""Of one text; rarer ones share a column, so that a text with thousands of categories fits into memory."""
Floats = npt.NDArray[np.float64]
MIN_MONTHS = 1.0  # that the sales of a piece must span; over a shorter time, the noise of a day would set the slope
MIN_DAYS = 3  # with sales in a piece; two could be met exactly
MIN_SALES = 30  # in a piece
FLAT_SALES = 30.0  # a change of slope is shrunk as if so many sales, a month after it, had shown none


@dataclass(frozen=True)
class Trend:
    """A fitted market trend.

    Attributes:
        knots: months at which the line starts or changes its slope; none without a time feature.
        slopes: change of the slope at each knot, in log price per month.
        last_month: month after which the trend is constant.
        newest: month of the newest sales that it was fitted to, from which it is extrapolated.
    """

    knots: tuple[float, ...] = ()
    slopes: tuple[float, ...] = ()
    last_month: float = 0.0
    newest: float = 0.0

    @property
    def extrapolated(self) -> float:
        """By how much the trend moves past the newest sale, in log price."""
        return sum(self.slopes) * (self.last_month - self.newest)

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


def fit_trend(features: pl.DataFrame, log_prices: Floats, rules: TrendRules, penalty: float) -> Trend:
    """Fit the trend by ridge regression on all features.

    Of the configured knots, those are used that leave enough sales on both sides (`usable_knots`).
    """
    if TIME not in features.columns:
        return Trend()
    months = features[TIME].to_numpy().astype(np.float64)
    used = usable_knots(months, _configured_knots(rules, float(months.max())))
    if not used:
        return Trend()
    line = np.maximum(months[:, None] - np.array(used), 0.0)
    others = features.select(cs.numeric() - cs.by_name(TIME)).to_numpy().astype(np.float64)
    others = StandardScaler().fit_transform(others)
    roots = np.sign(others) * np.sqrt(np.abs(others))
    scale = np.sqrt(penalty / FLAT_SALES)  # the penalty of a column of this scale is FLAT_SALES × slope²
    coefficients = _ridge(np.hstack([line * scale, others, roots]), features.select(cs.string()), log_prices, penalty)
    slopes = tuple(float(slope * scale) for slope in coefficients[: len(used)])
    newest = float(np.sort(months)[-MIN_SALES])  # a few sales long after all others carry no trend
    return Trend(used, slopes, newest + min(rules.horizon_months, _bounded_horizon(used, slopes, newest)), newest)


def usable_knots(months: Floats, knots: tuple[float, ...]) -> tuple[float, ...]:
    """Return where the trend may change its slope, from 0 on: between any two, and at both ends, it is well supported.

    Returns:
        Nothing where the sales carry no trend at all.
    """
    if not _carries_slope(months, 0.0, np.inf):
        return ()
    used = [0.0]
    for knot in sorted(knots):
        if _carries_slope(months, used[-1], knot) and _carries_slope(months, knot, np.inf):
            used.append(knot)
    return tuple(used)


def _configured_knots(rules: TrendRules, newest: float) -> tuple[float, ...]:
    if rules.knots_every_months is None:
        return rules.knots_months
    last = max(rules.knots_months, default=0.0)
    return (*rules.knots_months, *np.arange(last, newest, rules.knots_every_months)[1:].tolist())


def _carries_slope(months: Floats, start: float, end: float) -> bool:
    inside = months[(months >= start) & (months <= end)]
    return len(inside) >= MIN_SALES and len(np.unique(inside)) >= MIN_DAYS and float(np.ptp(inside)) >= MIN_MONTHS


def _bounded_horizon(knots: tuple[float, ...], slopes: tuple[float, ...], newest: float) -> float:
    """Return the months in which the last slope moves the trend as far as its whole range up to the newest sale."""
    if not (last := sum(slopes)):
        return np.inf
    path = np.asarray(Trend(knots, slopes, newest).predict({TIME: np.array([*knots, newest])}))
    return float(np.ptp(path)) / abs(last)


def _ridge(numbers: Floats, texts: pl.DataFrame, target: Floats, penalty: float) -> Floats:
    """Return the coefficients of a ridge regression on numbers, and on indicators of the texts, which stay sparse."""
    indicators = sparse.csr_array((len(target), 0))
    if texts.width:
        indicators = OneHotEncoder(max_categories=MAX_CATEGORIES).fit_transform(texts.to_numpy()).tocsr()
    means = np.concatenate([numbers.mean(axis=0), np.asarray(indicators.mean(axis=0)).ravel()])
    cross = np.asarray(indicators.T @ numbers)
    gram = np.block([[numbers.T @ numbers, cross.T], [cross, (indicators.T @ indicators).toarray()]])
    gram -= len(target) * np.outer(means, means)
    gram.flat[:: len(gram) + 1] += penalty
    centred = target - target.mean()
    moments = np.concatenate([numbers.T @ centred, indicators.T @ centred])
    return np.asarray(linalg.solve(gram, moments, assume_a="pos"))
