"""How far prices reach below and above their prediction, by the predicted price: ends of the interval that differ.

What houses are sold for is skewed, and not everywhere to the same side: a cheap one may be sold for half of what others
like it were, a dear one for twice as much. Both ends are calibrated on their own, as Romano et al. 2019 do
("Conformalized quantile regression"), by quantile regression (Koenker & Bassett 1978) on the predicted price.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize

Floats = npt.NDArray[np.float64]
LEAST_RESIDUAL = 1e-6  # log price; of none there is no logarithm
PRIOR_SALES = 500  # that count as much for what is usual as so many others do for what was found
STEEPEST = (-0.5, 0.5)  # of a slope or bend, in logs for each standard deviation of the predictions
OUTER_SHARE = 0.02  # of the sales at either side, beyond which a curve is not followed


class Curve(NamedTuple):
    """A parabola in the detrended log price, in standard deviations from its mean."""

    level: float
    slope: float
    bend: float


@dataclass(frozen=True)
class IntervalEnds:
    """Logs of what the size of the residual is multiplied by, below and above the prediction.

    Attributes:
        below, above: the curves of both ends.
        mean, deviation: of the detrended log prices that the curves were fitted to.
        lowest, highest: in deviations from the mean, beyond which the curves are level.
    """

    below: Curve
    above: Curve
    mean: float
    deviation: float
    lowest: float
    highest: float

    def log_factors(self, detrended: Any) -> Any:
        """Return the logs for both ends [below and above, houses], from predicted log prices less the trend.

        Written against the array API.
        """
        xp = detrended.__array_namespace__()
        apart = (detrended - self.mean) * (1.0 / self.deviation)
        held = xp.clip(apart, self.lowest, self.highest)
        level, slope, bend = (
            xp.asarray(np.array(of_both)[:, None]) for of_both in zip(self.below, self.above, strict=True)
        )
        return (held * bend + slope) * held + level

    def sizes(self, sizes: Floats, residuals: Floats, detrended: Floats) -> Floats:
        """Return the sizes of the residuals at the side of the prediction on which the price is."""
        below, above = self.log_factors(detrended)
        return np.asarray(sizes * np.exp(np.where(residuals < 0.0, below, above)))


def fit_interval_ends(residuals: Floats, sizes: Floats, detrended: Floats, coverage: float) -> IntervalEnds:
    """Return the ends beyond each of which half of the prices lie that the interval does not cover.

    Where sales are few, both ends are drawn to the same.

    Args:
        residuals: log actual − log predicted price of sales that the prediction has not seen.
        sizes: usual size of the residual of each.
        detrended: predicted log price of each, less the trend.
        coverage: that the interval aims at.
    """
    mean, deviation = float(detrended.mean()), float(detrended.std()) or 1.0
    apart = (detrended - mean) / deviation
    lowest, highest = (float(end) for end in np.quantile(apart, [OUTER_SHARE, 1.0 - OUTER_SHARE]))
    held, share = np.clip(apart, lowest, highest), (1.0 + coverage) / 2.0
    curves = [
        _quantile_curve(np.log(np.maximum(side * residuals, LEAST_RESIDUAL)) - np.log(sizes), held, share)
        for side in (-1.0, 1.0)
    ]
    usual = float(np.mean([curve.level for curve in curves]))
    drawn = len(residuals) / (len(residuals) + PRIOR_SALES)
    below, above = (Curve(drawn * (curve.level - usual), drawn * curve.slope, drawn * curve.bend) for curve in curves)
    return IntervalEnds(below, above, mean, deviation, lowest, highest)


def _quantile_curve(values: Floats, at: Floats, share: float) -> Curve:
    """Return the parabola below which a share of the values lies, by quantile regression."""

    def left(curve: Floats) -> tuple[Floats, float]:
        residuals = values - (curve[1] * at + curve[0]) * at
        level = float(np.quantile(residuals, share))
        return residuals - level, level

    def loss(curve: Floats) -> float:
        residuals, _ = left(curve)
        return float(np.maximum(share * residuals, (share - 1.0) * residuals).mean())

    if not np.ptp(at):
        return Curve(left(np.zeros(2))[1], 0.0, 0.0)
    found = optimize.minimize(
        loss, np.zeros(2), method="Nelder-Mead", bounds=[STEEPEST] * 2, options={"xatol": 1e-3, "fatol": 1e-9}
    ).x
    return Curve(left(found)[1], float(found[0]), float(found[1]))
