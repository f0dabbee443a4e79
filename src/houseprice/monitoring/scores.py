"""Robust scores of errors, whose nulls follow from the sealed errors of the holdout.

A score is a bounded function of an error divided by its forecast standard deviation, so that a single sale of a wrong
price says little, and a sale that was predicted with confidence more than another.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from houseprice.monitoring.betting import MAX_STAKE
from houseprice.monitoring.profile import ErrorProfile

Floats = npt.NDArray[np.float64]
CORE = 0.68
"""Share of the sealed errors that count in full; larger ones count as the largest of them (Huber 1964)."""
CAUTION = 0.7
"""Share of the best bet on the wanted shift that is made: smaller shifts are found as well, and luck costs less."""
LARGEST = 3.0
"""Absolute error, in sealed standard deviations, above which errors count alike in the scale."""


@dataclass(frozen=True)
class ShiftScore:
    """Huber's score of standardised errors.

    Attributes:
        centre: sealed median.
        clip: distance from it at which the score ends.
        mean: sealed mean of the score.
        variance: sealed variance of the score.
        standard_error: of the sealed mean.
    """

    centre: float
    clip: float
    mean: float
    variance: float
    standard_error: float

    def of(self, standardised: Floats) -> Floats:
        """Return the score of each standardised error, less its sealed mean."""
        return np.asarray(np.clip(standardised - self.centre, -self.clip, self.clip) - self.mean)

    def bets(self, shift: float, fsd: Floats, margin: Floats | float) -> Floats:
        """Return the bet on the score of each sale where log prices may have moved by `shift`.

        For a small shift the growth of the wealth is greatest with the expected score over its variance.

        Args:
            shift: in log price, above 0.
            fsd: of each sale.
            margin: what is subtracted from the score before it is bet on.
        """
        best = shift / fsd * CORE / self.variance
        return np.asarray(np.minimum(CAUTION * best, MAX_STAKE / (self.clip + abs(self.mean) + margin)))


def shift_score(errors: ErrorProfile) -> ShiftScore:
    """Return the score whose null is that of the sealed errors."""
    centre = float(np.median(errors.quantiles))
    clip = max(float(np.quantile(np.abs(errors.quantiles - centre), CORE)), 1e-6)
    scores = np.clip(errors.quantiles - centre, -clip, clip)
    variance = float(scores.var())
    return ShiftScore(centre, clip, float(scores.mean()), variance, float(np.sqrt(variance / errors.sales)))


def scale_scores(standardised: Floats, errors: ErrorProfile) -> tuple[Floats, float]:
    """Return how large each error is, within [0, 1], and the largest mean that the sealed errors allow."""

    def scores(values: Floats) -> Floats:
        return np.asarray(np.minimum(np.abs(values) / (LARGEST * errors.sd), 1.0))

    sealed = scores(errors.quantiles)
    return scores(standardised), float(sealed.mean() + 2.0 * sealed.std() / np.sqrt(errors.sales))
