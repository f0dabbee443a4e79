"""Market trend of the log price: a piecewise linear function of time, with the variance of its forecast.

Trees cannot extrapolate; a line can. It is fitted together with everything else that is known of a house, so that a
month in which dearer houses were sold does not look like a month in which houses were dearer. It may bend wherever
enough days and sales lie on both sides; how much it bends, and how far it goes on after the newest sale, is decided by
the sales (`market_process`). The variance of the forecast grows with the months since the newest sale.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import linalg

from houseprice.config.training import Auto, TrendRules
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.market_process import Information, slope_posterior
from houseprice.learning.matrix_product import matmul
from houseprice.learning.other_sales import OtherSales
from houseprice.learning.trend_design import TIME, Design

Floats = npt.NDArray[np.float64]
MIN_MONTHS = 1.0  # that the sales of a piece must span; over a shorter time, the noise of a day would set the slope
MIN_DAYS = 3  # with sales in a piece; two could be met exactly
MIN_SALES = 30  # in a piece
MAX_PIECES = 60
MIN_VARIANCE = 1e-8  # of a log price around the regression; exact prices have none
PIECE_MONTHS = 1.1  # length of the pieces that are tried, a little more than `MIN_MONTHS`
FORECAST_MONTHS = 12  # for which the forecast is computed; after them its variance goes on growing at the last rate


@dataclass(frozen=True)
class Trend:
    """A fitted market trend.

    Attributes:
        knots: months at which the pieces begin, and the month at which the last one ends; empty without a trend.
        slopes: slope of each piece, in log price a month; before the first and after the last knot it is 0.
        newest: month of the newest sales that it was fitted to, from which it is extrapolated.
        variance: of the trend up to the newest sales, in squared log price.
        forecast_knots: months from the newest sales on at which the variance changes its growth.
        variance_growth: growth of the variance a month after each of them; the last one goes on.
    """

    knots: tuple[float, ...] = ()
    slopes: tuple[float, ...] = ()
    newest: float = 0.0
    variance: float = 0.0
    forecast_knots: tuple[float, ...] = ()
    variance_growth: tuple[float, ...] = ()

    @property
    def last_month(self) -> float:
        """Month after which the trend is constant."""
        return max(self.knots[-1], self.newest) if self.knots else self.newest

    @property
    def extrapolated(self) -> float:
        """By how much the trend moves past the newest sale, in log price."""
        if not self.knots:
            return 0.0
        ends = self.predict({TIME: np.array([self.newest, self.last_month])})
        return float(ends[1] - ends[0])

    def predict(self, features: Mapping[str, Any] | FeatureMatrix) -> Any:
        """Return the trend of each row in log price, by the array API; 0 without a time feature."""
        if not self.knots:
            return 0.0
        return _sum_of_pieces(features[TIME], self.knots, self.slopes)

    def forecast_variance(self, features: Mapping[str, Any] | FeatureMatrix) -> Any:
        """Return the variance of the trend of each row in squared log price, by the array API.

        It is constant up to the newest sales, and grows with the months since then; 0 without a time feature.
        """
        if not self.forecast_knots:
            return 0.0
        knots = (*self.forecast_knots, np.inf)
        return _sum_of_pieces(features[TIME], knots, self.variance_growth) + self.variance


def fit_trend(
    features: pl.DataFrame,
    log_prices: Floats,
    rules: TrendRules | Auto,
    penalty: float,
    others: OtherSales | None = None,
) -> Trend:
    """Fit the trend by ridge regression on all features, its slopes under the prior of the market.

    Where the sales carry no trend there is none, but the variance grows as that of any market. It is fitted to other
    sales, too, where there are some.
    """
    if TIME not in features.columns:
        return Trend()
    tables = [features] if others is None else [features, others.features]
    months = np.concatenate([table[TIME].to_numpy().astype(np.float64) for table in tables])
    knots = piece_knots(months, rules)
    known, means = Information(np.zeros((0, 0)), np.zeros(0)), np.zeros(0)
    newest = knots[-1] if knots else float(months.max())
    past = np.diff(knots)
    if knots:
        known, means = _information(knots, features, log_prices, penalty, others)
    lengths = np.concatenate([past, np.ones(FORECAST_MONTHS)])
    slopes, covariance = slope_posterior(lengths, known)
    growth = _variances(lengths, len(past), means, covariance)
    flat = Trend(
        newest=newest,
        variance=float(growth[0]),
        forecast_knots=tuple((newest + np.arange(FORECAST_MONTHS)).tolist()),
        variance_growth=tuple(np.diff(growth).tolist()),
    )
    if not knots:
        return flat
    ahead, ahead_slopes = _bounded_forecast(past * slopes[: len(past)], slopes[len(past) :], rules)
    all_slopes = np.concatenate([slopes[: len(past)], ahead_slopes])
    return replace(flat, knots=(*knots, *(newest + np.cumsum(ahead)).tolist()), slopes=tuple(all_slopes.tolist()))


def piece_knots(months: Floats, rules: TrendRules | Auto) -> tuple[float, ...]:
    """Return where the pieces of the trend begin, and where the last one ends: each is well supported by sales.

    Returns:
        Nothing where the sales carry no trend at all.
    """
    if len(months) < MIN_SALES:
        return ()
    newest = float(np.sort(months)[-MIN_SALES])  # a few sales long after all others carry no trend
    used = list(usable_knots(months, _candidates(rules, newest)))
    while len(used) > 1 and used[-1] >= newest:
        used.pop()
    return (*used, newest) if used and used[-1] < newest else ()


def usable_knots(months: Floats, knots: tuple[float, ...]) -> tuple[float, ...]:
    """Return where the trend may change its slope, from 0 on: between any two, and at both ends, it is well supported.

    Returns:
        Nothing where the sales carry no trend at all.
    """
    months = np.sort(months)
    if not _carries_slope(months, 0.0, np.inf):
        return ()
    used = [0.0]
    for knot in sorted(knots):
        if _carries_slope(months, used[-1], knot) and _carries_slope(months, knot, np.inf):
            used.append(knot)
    return tuple(used)


def _candidates(rules: TrendRules | Auto, newest: float) -> tuple[float, ...]:
    if rules == "auto":
        step = max(PIECE_MONTHS, newest / MAX_PIECES)
        return tuple(np.arange(newest - step, 0.0, -step).tolist())  # from the newest sales back, where it matters
    if rules.knots_every_months is None:
        return rules.knots_months
    last = max(rules.knots_months, default=0.0)
    return (*rules.knots_months, *np.arange(last, newest, rules.knots_every_months)[1:].tolist())


def _carries_slope(months: Floats, start: float, end: float) -> bool:
    """Return whether sales within some months carry a slope; `months` are ascending."""
    inside = months[np.searchsorted(months, start) : np.searchsorted(months, end, side="right")]
    if len(inside) < MIN_SALES or inside[-1] - inside[0] < MIN_MONTHS:
        return False
    return int(np.count_nonzero(np.diff(inside))) + 1 >= MIN_DAYS


def _bounded_forecast(moves: Floats, slopes: Floats, rules: TrendRules | Auto) -> tuple[Floats, Floats]:
    """Return length and slope of each piece after the newest sale.

    All of them together move the trend no further than its whole range up to the newest sale. They end at the horizon
    where one is configured.

    Args:
        moves: change of the log price in each piece up to the newest sale.
        slopes: forecast of each month after it.
        rules: with the horizon.
    """
    months = FORECAST_MONTHS if rules == "auto" else rules.horizon_months
    lengths = np.clip(months - np.arange(len(slopes), dtype=np.float64), 0.0, 1.0)
    lengths[-1] += max(months - len(slopes), 0.0)
    furthest = float(np.abs(np.cumsum(slopes * lengths)).max())
    past = float(np.ptp(np.append(0.0, np.cumsum(moves))))
    kept = lengths > 0.0
    return lengths[kept], slopes[kept] * (min(1.0, past / furthest) if furthest else 0.0)


def _variances(lengths: Floats, past: int, means: Floats, covariance: Floats) -> Floats:
    """Return the variance of the trend at the newest sale and at the end of each piece after it.

    It is that of the difference to the mean trend of the sales, which the rest of the model holds as its own mean.
    """
    ends = np.tril(np.ones((len(lengths), len(lengths))))[past:] * lengths
    reached = np.vstack([np.where(np.arange(len(lengths)) < past, lengths, 0.0), ends])
    reached[:, :past] -= means
    return np.maximum.accumulate(np.einsum("ij,jk,ik->i", reached, covariance, reached))


def _information(
    knots: tuple[float, ...], features: pl.DataFrame, log_prices: Floats, penalty: float, others: OtherSales | None
) -> tuple[Information, Floats]:
    """Return what the sales tell of the slopes of the pieces, once all other features have been taken into account.

    That is the Schur complement of a ridge regression on numbers, their roots, and indicators of the texts, in units
    of the variance that it leaves over. The second value is the mean of each piece.
    """
    design = Design.of(knots, features)
    sums = design.sums(features, log_prices - (level := log_prices.mean()))
    for block, prices in others.blocks() if others else ():
        sums = sums + design.sums(block, prices - level)
    gram, moments, left = sums.centred()
    count = len(knots) - 1
    precision, moment = gram[:count, :count], moments[:count]
    if len(moments) > count:
        rest = gram[count:, count:] + penalty * np.eye(len(moments) - count)
        cross = np.column_stack([gram[count:, :count], moments[count:]])
        explained = cross.T @ linalg.solve(rest, cross, assume_a="pos")
        precision = precision - explained[:count, :count]
        moment = moment - explained[:count, count]
        left -= explained[count, count]
    slopes = np.linalg.lstsq(precision, moment, rcond=1e-10)[0]
    freedom = max(sums.count - 1 - count, 1)
    variance = max((left - float(moment @ slopes)) / freedom, MIN_VARIANCE)
    return Information(precision / variance, moment / variance), sums.columns[:count] / sums.count


def _sum_of_pieces(months: Any, knots: tuple[float, ...], slopes: tuple[float, ...]) -> Any:
    """Return the piecewise linear function from 0 with these slopes between the knots, by the array API."""
    xp = months.__array_namespace__()
    starts = np.array(knots[:-1])
    since = xp.astype(months, xp.float64) - xp.asarray(starts[:, None])
    within = xp.clip(since, xp.asarray(np.zeros((len(starts), 1))), xp.asarray(np.diff(knots)[:, None]))
    return xp.reshape(matmul(np.array(slopes)[None, :], within), (-1,))
