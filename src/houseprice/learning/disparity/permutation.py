"""Permutation test of the largest standardised difference between a group and all other sales (max-T).

The p-value of a difference is the share of permutations in which any group differs as much in any measure, so that with
95 % confidence there is no false alarm among all of them together (Westfall & Young 1993, "Resampling-based multiple
testing", single-step max-T). It is exact when units got their groups at random. The standard error is that of means of
clusters, moderated as in Smyth 2004 ("Linear models and empirical Bayes methods"), so that groups of few units and
groups whose errors vary more are compared alike (Chung & Romano 2013 on studentised permutation tests).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
PERMUTATIONS = 2999
DECIMALS = 12  # of the values; beyond them equal ones differ by how they were computed
PRIOR_UNITS = 10.0  # of which the variance common to all units counts as much as that of a group's own units


class Differences(NamedTuple):
    """Differences of groups (rows) from all other sales, by measure (columns).

    Attributes:
        value: mean of the group less the mean of the others.
        standard_error: of it.
        p_value: adjusted for all groups and measures.
        others: mean of the others.
        critical: value of the standardised difference that any exceeds by chance with probability `level`.
    """

    value: Floats
    standard_error: Floats
    p_value: Floats
    others: Floats
    critical: float


def max_t_test(
    values: Floats,
    groups: Codes,
    units: Codes,
    tested: Codes,
    two_sided: npt.NDArray[np.bool_],
    level: float,
    seed: int,
) -> Differences:
    """Return the differences of some groups from all other sales, and how probable they are by chance.

    Args:
        values: a row for each sale, a column for each measure.
        groups: of each sale, from 0.
        units: of each sale, from 0; a unit lies within one group.
        tested: groups that are compared; the others count among all other sales.
        two_sided: of each measure; otherwise only a higher mean counts.
        level: share of false alarms.
        seed: of the permutations.
    """
    sizes = np.asarray(np.bincount(units), dtype=np.float64)
    centred = np.round(values - values.mean(axis=0), DECIMALS)
    sums = np.asarray([np.bincount(units, column) for column in centred.T], dtype=np.float64).T
    of_unit = np.zeros(len(sizes), dtype=np.int64)
    of_unit[units] = groups
    order = np.argsort(of_unit, kind="stable")
    present, starts = np.unique(of_unit[order], return_index=True)
    chosen = np.flatnonzero(np.isin(present, tested))
    table = _moments(sizes, sums)[order]
    difference, error, others = _compare(table, starts, chosen)

    def largest(drawn: Floats) -> Floats:
        found, its_error, _ = _compare(drawn, starts, chosen)
        return _standardised(found, its_error, two_sided)

    observed = largest(table)
    draw = np.random.default_rng(seed)
    maxima = np.array([largest(table[draw.permutation(len(table))]).max() for _ in range(PERMUTATIONS)])
    beyond = (maxima[:, None, None] >= observed - 1e-9).sum(axis=0)
    rank = int(np.ceil((1.0 - level) * (PERMUTATIONS + 1))) - 1
    return Differences(
        difference,
        error,
        (1.0 + beyond) / (PERMUTATIONS + 1.0),
        others + values.mean(axis=0),
        float(np.sort(maxima)[rank]),
    )


def _moments(sizes: Floats, sums: Floats) -> Floats:
    """Return of each unit what sums over a group are needed of: 1, n, n², and per measure S, S², n·S."""
    ones = np.ones_like(sizes)
    return np.column_stack([ones, sizes, sizes**2, sums, sums**2, sums * sizes[:, None]])


def _compare(table: Floats, starts: Codes, chosen: Codes) -> tuple[Floats, Floats, Floats]:
    """Return difference, its standard error, and the mean of the others, for groups that begin at some units."""
    own = np.add.reduceat(table, starts, axis=0)[chosen]
    total = table.sum(axis=0)
    common = _variance_of_sums(total)[0] / total[2]
    mean, variance = _mean(own, common)
    others, of_others = _mean(total - own, common)
    return mean - others, np.sqrt(variance + of_others), others


def _mean(moments: Floats, common: Floats) -> tuple[Floats, Floats]:
    """Return the mean of each group, and its variance, moderated by that which all units have in common."""
    units, sales, squares = moments[:, :1], moments[:, 1:2], moments[:, 2:3]
    freedom = np.maximum(units - 1.0, 0.0)
    own = _variance_of_sums(moments) * units / np.maximum(freedom, 1.0)
    pooled = common * squares
    variance = (PRIOR_UNITS * pooled + freedom * own) / (PRIOR_UNITS + freedom) / sales**2
    count = (moments.shape[1] - 3) // 3
    return moments[:, 3 : 3 + count] / sales, variance


def _variance_of_sums(moments: Floats) -> Floats:
    """Return the sum over units of (S − n · mean)², of each group and measure."""
    moments = np.atleast_2d(moments)
    count = (moments.shape[1] - 3) // 3
    sums, squared, weighted = (moments[:, 3 + count * part : 3 + count * (part + 1)] for part in range(3))
    mean = sums / moments[:, 1:2]
    return np.maximum(squared - 2.0 * mean * weighted + mean**2 * moments[:, 2:3], 0.0)


def _standardised(difference: Floats, error: Floats, two_sided: npt.NDArray[np.bool_]) -> Floats:
    signed = np.divide(difference, error, out=np.zeros_like(difference), where=error > 0.0)
    return np.where(two_sided, np.abs(signed), signed)
