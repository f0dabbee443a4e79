"""The market as a Gaussian process: how fast log prices change, and how little is known of it.

The slope of the market trend is a long-run drift, plus a swing that fades (an Ornstein-Uhlenbeck process), plus steps
of a random walk of the level: a local linear trend (Harvey 1989, "Forecasting, structural time series models and the
Kalman filter", section 2.3) whose slope is damped (Gardner & McKenzie 1985). How large steps and swings are, and how
slowly swings fade, is averaged over a grid by the marginal likelihood of the sales (Rasmussen & Williams 2006, section
5.2), with a weak prior, which alone rules where the sales tell nothing.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
DRIFT = 0.003  # standard deviation of the long-run drift in log price a month, 3.7 % a year
STEPS = (0.0025, 0.005, 0.01, 0.02, 0.04)  # standard deviation of the random walk after a month
SWINGS = (0.00125, 0.0025, 0.005, 0.01, 0.02)  # standard deviation of the slope around the drift, a month
FADES = (2.0, 4.0, 8.0, 16.0)  # months after which a swing has faded to 1/e
USUAL_STEP, USUAL_SWING = 0.005, 0.01  # medians of the prior, whose logarithms have a standard deviation of 1


class Information(NamedTuple):
    """What the sales tell of the slopes: the likelihood is exp(moment·s − s·precision·s / 2)."""

    precision: Floats
    moment: Floats


def slope_posterior(lengths: Floats, known: Information) -> tuple[Floats, Floats]:
    """Return mean and covariance of the slope of each piece of time, in log price a month.

    Args:
        lengths: months of each piece; those after the ones that `known` is about lie in the future.
        known: what the sales tell of the first pieces.
    """
    past = len(known.moment)
    evidence, means, covariances = [], [], []
    for log_prior, prior in _priors(lengths):
        inner = np.eye(past) + known.precision @ prior[:past, :past]
        solved = np.linalg.solve(inner, np.column_stack([known.moment, known.precision]))
        mean = prior[:, :past] @ solved[:, 0]
        means.append(mean)
        covariances.append(prior - prior[:, :past] @ solved[:, 1:] @ prior[:past, :])
        log_likelihood = 0.5 * (known.moment @ mean[:past] - np.linalg.slogdet(inner)[1])
        evidence.append(log_prior + log_likelihood)
    weights = np.exp(np.array(evidence) - max(evidence))
    weights /= weights.sum()
    centre = weights @ np.array(means)
    apart = np.array(means) - centre
    covariance = np.tensordot(weights, np.array(covariances), 1) + (apart.T * weights) @ apart
    return centre, (covariance + covariance.T) / 2.0


def _priors(lengths: Floats) -> Iterator[tuple[float, Floats]]:
    """Yield the log prior weight and the prior covariance of the slopes for each point of the grid."""
    middles = np.cumsum(lengths) - lengths / 2.0
    distance = np.abs(middles[:, None] - middles)
    for step, swing, fade in product(STEPS, SWINGS, FADES):
        log_prior = -0.5 * (np.log(step / USUAL_STEP) ** 2 + np.log(swing / USUAL_SWING) ** 2)
        covariance = DRIFT**2 + swing**2 * np.exp(-distance / fade) + np.diag(step**2 / lengths)
        yield float(log_prior), covariance
