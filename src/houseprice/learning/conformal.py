"""Normalised split conformal prediction intervals (Papadopoulos et al. 2002; Lei et al. 2018, section 5.2).

A small ensemble of trees learns how large errors are for houses of a kind. One factor, measured on sales that neither
the model nor these trees were trained on, widens its prediction until the interval covers the wanted share of prices.

What is not known of the market is no property of a house, and grows with the months since the newest sale: the variance
of the trend's forecast is added. A price is inside when |residual| ≤ √((factor × size)² + (market_factor)² × variance),
so the scores of `Period.scores` keep the guarantee of split conformal prediction. Below and above the prediction, the
size is not the same (`interval_ends`).

The forecast standard deviation (FSD) is the half-width of such an interval at a coverage of 68.27 %, that of one
standard deviation of a normal distribution. It is calibrated by itself: errors of prices have heavy tails, so that a
normal quantile of another interval would overstate it. The trees shrink what they predict, so that a power of the size,
found by quantile regression, is taken before: 68 % is to hold for small and for large FSD alike.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from houseprice.config import Boosting
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.interval_ends import LEAST_RESIDUAL, PRIOR_SALES, IntervalEnds
from houseprice.learning.oblivious_trees import ObliviousTrees, fit_oblivious_trees

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
MIN_PERIOD = 100  # sales of a period; its 90 % quantile then covers 87 to 93 %
SALES_A_TREE = 10  # few residuals tell little of which houses have large ones; of 80, the interval is about constant
ONE_SIGMA = float(stats.norm.cdf(1.0) - stats.norm.cdf(-1.0))  # 68.27 %
POWERS = (0.0, 3.0)
MIN_RESIDUAL = 0.03  # log price; one sale that was predicted exactly does not promise that the next one will be
PARAMETERS = Boosting(
    iterations=400, learning_rate=0.05, depth=4, l2_leaf_reg=10.0, feature_fraction=0.5, row_fraction=0.8,
    border_count=64,
)  # fmt: skip


class Factors(NamedTuple):
    """What makes a half-width of a usual size of the residual and a variance of the market.

    Attributes:
        house: quantile of the normalised residuals, by which the size is multiplied.
        market: by which the standard error of the trend is multiplied.
        power: of the size, which is taken before.
    """

    house: float
    market: float = 0.0
    power: float = 1.0

    def half_width(self, log_sizes: Any, trend_variance: Any = 0.0) -> Any:
        """Return the half-width for each log size, by the array API; `trend_variance` is in squared log price."""
        xp = log_sizes.__array_namespace__()
        of_house = xp.exp(log_sizes * self.power) * self.house
        return xp.sqrt(of_house * of_house + trend_variance * self.market**2)


def half_widths(
    factors: Factors, ends: IntervalEnds, log_sizes: Any, detrended: Any, trend_variance: Any = 0.0
) -> tuple[Any, Any]:
    """Return how far an interval reaches below and above the prediction, in log price, by the array API.

    Args:
        factors: of the interval.
        ends: of the interval.
        log_sizes: log of the usual size of each residual.
        detrended: predicted log price of each house, less the trend.
        trend_variance: of the forecast of the market, in squared log price.
    """
    both = factors.half_width(ends.log_factors(detrended) + log_sizes, trend_variance)
    return both[0, ...], both[1, ...]


@dataclass(frozen=True)
class ConformalInterval:
    """Both half-widths of the interval and forecast standard deviation, in log price.

    Attributes:
        residual_scale: predicts the log of the usual size of the residual.
        interval: factors of the interval.
        fsd: factors of the forecast standard deviation.
        ends: of the interval, how much further it reaches below or above the prediction.
    """

    residual_scale: ObliviousTrees
    interval: Factors
    fsd: Factors
    ends: IntervalEnds

    def half_widths(self, features: FeatureMatrix, detrended: Any, trend_variance: Any = 0.0) -> tuple[Any, Any, Any]:
        """Return how far the interval reaches below and above the prediction, and the FSD, by the array API.

        `features` are float32; `detrended` is the predicted log price less the trend; `trend_variance` is that of the
        forecast of the market, in squared log price.
        """
        log_sizes = self.residual_scale.predict(features)
        below, above = half_widths(self.interval, self.ends, log_sizes, detrended, trend_variance)
        return below, above, self.fsd.half_width(log_sizes, trend_variance)


class Period(NamedTuple):
    """Sales of one time, and how far older sales led their prediction astray, one value for each sale.

    Attributes:
        residuals: log actual − log predicted price.
        sizes: usual size of the residual of such a house.
        trend_variance: of the market's forecast.
        detrended: predicted log price less the trend.
    """

    residuals: Floats
    sizes: Floats
    trend_variance: Floats
    detrended: Floats

    def with_ends(self, ends: IntervalEnds) -> "Period":
        """Return the same sales with the size of the residual on the side of the prediction on which the price is."""
        return self._replace(sizes=ends.sizes(self.sizes, self.residuals, self.detrended))

    def scores(self, market_factor: float, power: float = 1.0) -> Floats:
        """Return the factor by which a power of each size must be multiplied for the interval to reach the price."""
        left = self.residuals**2 - market_factor**2 * self.trend_variance
        return np.asarray(np.sqrt(np.maximum(left, 0.0)) / self.sizes**power)


def interval_factor(
    periods: Sequence[Period], fold_scores: Sequence[Floats], coverage: float, market_factor: float
) -> float:
    """Return the factor whose interval covers the wanted share of all periods, of each, and of each division.

    Sales of one period err together, and the next one may be like the worst of those before it, so that one decides,
    less what it is the worst by chance. A period of few sales does not count by itself, because its quantile is mostly
    noise.
    """
    scores = [period.scores(market_factor) for period in periods]
    together = [np.concatenate(scores)] if scores else []
    factors = [conformal_quantile(some, coverage) for some in (*together, *fold_scores)]
    return max((*factors, *period_factors([some for some in scores if len(some) >= MIN_PERIOD], coverage)))


def period_factors(scores: Sequence[Floats], coverage: float) -> list[float]:
    """Return the quantile of the scores of each period, drawn to the mean of all by what of them is noise.

    That is an empirical Bayes estimate of several means (Morris 1983, "Parametric empirical Bayes inference: theory and
    applications", section 1), on a log scale; the noise is that of an order statistic. Three periods or fewer tell too
    little of how much they differ: they are left as they are.
    """
    quantiles = [conformal_quantile(some, coverage) for some in scores]
    many = len(quantiles)
    if many <= 3 or min(quantiles) <= 0.0:
        return quantiles
    logs = np.log(quantiles)
    noise = np.mean([_log_quantile_variance(some, coverage) for some in scores])
    spread = float(logs.var(ddof=1))
    kept = max(1.0 - (many - 3) / (many - 1) * float(noise) / spread, 0.0) if spread else 1.0
    return [float(value) for value in np.exp(logs.mean() + kept * (logs - logs.mean()))]


def _log_quantile_variance(scores: Floats, coverage: float) -> float:
    """Return the sampling variance of the log of a quantile, from the ranks within one standard error of its own."""
    error = np.sqrt(coverage * (1.0 - coverage) / len(scores))
    low, high = np.quantile(scores, [max(coverage - error, 0.0), min(coverage + error, 1.0)])
    return float(np.log(high / low) / 2.0) ** 2 if low > 0.0 else 0.0


def fsd_factors(samples: Sequence[Period], market_factor: float) -> Factors:
    """Return the factors whose forecast standard deviation covers 68.27 % of all sales of the samples together.

    An FSD is to be true on average, not safe, so that no single sample decides, as it does for the interval.
    """
    power = fit_power(*(np.concatenate(parts) for parts in list(zip(*samples, strict=True))[:2]))
    scores = np.concatenate([sample.scores(market_factor, power) for sample in samples])
    return Factors(conformal_quantile(scores, ONE_SIGMA), market_factor, power)


def fit_power(residuals: Floats, sizes: Floats) -> float:
    """Return the power of the size that the 68.27 % quantile of the absolute residual is proportional to.

    It is the slope of a quantile regression (Koenker & Bassett 1978) of their logs, drawn to 1 where sales are few.
    """
    log_sizes, log_residuals = np.log(sizes), np.log(np.maximum(np.abs(residuals), LEAST_RESIDUAL))

    def loss(slope: float) -> float:
        left = log_residuals - slope * (log_sizes - log_sizes.mean())
        left -= np.quantile(left, ONE_SIGMA)
        return float(np.maximum(ONE_SIGMA * left, (ONE_SIGMA - 1.0) * left).mean())

    slope = float(optimize.minimize_scalar(loss, bounds=POWERS, method="bounded").x)
    return 1.0 + (slope - 1.0) * len(sizes) / (len(sizes) + PRIOR_SALES)


def conformal_quantile(scores: Floats, coverage: float) -> float:
    """Return the ⌈(n+1)·coverage⌉-th smallest score: the finite-sample quantile of split conformal prediction.

    Where so few scores promise nothing (the rank would be beyond the largest), the bound is that of a normal
    distribution, Student's t prediction interval around 0, if that is wider than the largest score.
    """
    rank = int(np.ceil((len(scores) + 1) * coverage))
    if rank <= len(scores):
        return float(np.sort(scores)[rank - 1])
    spread = float(np.sqrt((scores**2).mean() * (1.0 + 1.0 / len(scores))))
    return max(float(scores.max()), spread * float(stats.t.ppf((1.0 + coverage) / 2.0, len(scores))))


def fit_residual_scale(
    features: FeatureMatrix, residuals: Floats, groups: Iterable[tuple[Rows, Rows]], seed: int
) -> tuple[ObliviousTrees, Floats]:
    """Fit the size of the residuals; return the trees, and each row's size as trees of the other groups predict it.

    `residuals` are out-of-fold errors in log price.
    """
    log_sizes = np.log(np.abs(residuals) + MIN_RESIDUAL)
    most = max(1, min(PARAMETERS.iterations, len(residuals) // SALES_A_TREE))
    parameters = PARAMETERS.model_copy(update={"iterations": most})
    out_of_fold = np.zeros(len(residuals))
    for others, group in groups:
        trees = fit_oblivious_trees(_rows(features, others), log_sizes[others], parameters, seed, 1)
        out_of_fold[group] = trees.predict(_rows(features, group))
    return fit_oblivious_trees(features, log_sizes, parameters, seed, 1), np.exp(out_of_fold)


def _rows(features: FeatureMatrix, rows: Rows) -> FeatureMatrix:
    return FeatureMatrix(features.names, features.table[:, rows], {})
