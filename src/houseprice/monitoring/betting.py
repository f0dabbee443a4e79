"""Testing by betting: evidence against a null that may be looked at every day.

A gambler who can only lose on average, as long as the null holds, starts with 1 and bets on each observation before it
is seen. What is left is an e-process: the chance that it ever reaches 1/alpha is at most alpha, however often one
looks (Ville's inequality). Sources: Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by
betting"; Ramdas et al. 2023, "Game-theoretic statistics and safe anytime-valid inference"; for changes at an unknown
time Shin, Ramdas & Rinaldo 2024, "E-detectors".
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MAX_STAKE = 0.9
"""Share of the wealth that one observation may cost at most."""
START_SHARE = 0.6
"""Share of the wealth that is bet from the first observation on; the rest is for changes that come later."""
EQUAL_BLOCKS = 20
MEMORY = 50
"""Observations after which a bettor that learns from what it saw has forgotten 1 − 1/e of it."""


def restarted_log_wealth(payoffs: Floats, bets: Floats, block: int) -> Floats:
    """Return the log wealth after each observation of bettors of whom another one starts with each block.

    A bettor of fixed bets loses while nothing has changed, and would have to win that back after a change. So a part of
    the wealth is laid aside for bettors who start later, of whom the one of block j has the share f(j − 1) − f(j) with
    f(j) = 1 / (1 + j / 20): about alike for the first ones and ever less for the later, so that it never runs out.

    Args:
        payoffs: of a bet of 1, of mean 0 or less under the null.
        bets: made before the observation is seen; 1 + bet × payoff is above 0.
        block: observations after which the next bettor starts.
    """
    steps = np.log1p(bets * payoffs)
    found = np.zeros(len(steps))
    invested, kept = -np.inf, 1.0
    for start in range(-(-len(steps) // block)):
        stake = START_SHARE if start == 0 else (1.0 - START_SHARE) * (_later(start - 1) - _later(start))
        kept -= stake
        rows = slice(start * block, (start + 1) * block)
        found[rows] = np.logaddexp(invested, np.log(stake)) + np.cumsum(steps[rows])  # all that is invested grows alike
        invested = float(found[rows][-1])
        found[rows] = np.logaddexp(found[rows], np.log(kept))
    return found


def _later(block: int) -> float:
    return 1.0 / (1.0 + block / EQUAL_BLOCKS)


def adaptive_log_wealth(values: Floats, bound: Floats | float, guess: float, memory: float = MEMORY) -> Floats:
    """Return the log wealth of a bettor against the null that values within [0, 1] have a mean of at most `bound`.

    Each bet is about the best one for what was seen before it (aGRAPA, Waudby-Smith & Ramdas 2024, section B.2):
    (mean − bound) / (variance + (mean − bound)²), and none where the mean is below the bound. The past is forgotten, so
    that a change is seen in spite of it.

    Args:
        values: in the order of time.
        bound: of each, or of all; it may depend on earlier values.
        guess: a mean that is expected where the null fails, which counts as one earlier value.
        memory: observations after which the past has faded to 1/e.
    """
    bounds = np.broadcast_to(np.asarray(bound, dtype=np.float64), values.shape)
    fade = float(np.exp(-1.0 / memory))
    weight, total, squares = 1.0, guess, guess
    bets = np.zeros(len(values))
    for number, (value, limit) in enumerate(zip(values.tolist(), bounds.tolist(), strict=True)):
        mean = total / weight
        bets[number] = best_bet(mean, squares / weight - mean**2, limit)
        weight, total, squares = fade * weight + 1.0, fade * total + value, fade * squares + value**2
    return np.asarray(np.cumsum(np.log1p(bets * (values - bounds))))


def best_bet(mean: float, variance: float, bound: float) -> float:
    """Return the bet on the next value within [0, 1], whose mean is at most `bound` under the null.

    It is that of aGRAPA, or the best one for values of 0 and 1 where that is larger: of all values of one mean, those
    let the wealth grow least, by the Kullback-Leibler divergence of the two means.
    """
    excess = mean - bound
    if excess <= 0.0:
        return 0.0
    of_binary = excess / (bound * (1.0 - bound))
    return min(max(excess / (max(variance, 0.0) + excess**2), of_binary), MAX_STAKE / bound)


def log_mean(log_values: Floats) -> Floats:
    """Return the log of the mean over the first axis of e-processes given by their logs; it is an e-process, too."""
    return np.asarray(np.logaddexp.reduce(log_values, axis=0) - np.log(len(log_values)))
