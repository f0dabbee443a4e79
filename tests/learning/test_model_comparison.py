"""Champion and challenger: compared on the sales that both predicted out of fold."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from houseprice.learning.model_comparison import Comparison, compare, out_of_fold_errors

FOLDS, COUNT = 5, 500


def errors(scale: float, seed: int = 0, count: int = COUNT) -> pl.DataFrame:
    """Return log errors of so many sales, in five folds."""
    draw = np.random.default_rng(seed)
    parcels = np.array([f"p{number}" for number in range(count)])
    return out_of_fold_errors(parcels, np.arange(count), np.arange(count) % FOLDS, draw.normal(0.0, scale, count))


def compared(challenger: pl.DataFrame, champion: pl.DataFrame) -> Comparison:
    """Return a comparison that is possible."""
    found = compare(challenger, champion)
    assert isinstance(found, Comparison)
    return found


def test_the_interval_is_that_of_a_t_test_over_folds() -> None:
    """The one-sample t-test of scipy on the mean differences of the squared errors is the oracle."""
    challenger, champion = errors(0.10, 1), errors(0.15, 2)
    found = compared(challenger, champion)
    squares = challenger["log_error"].to_numpy() ** 2 - champion["log_error"].to_numpy() ** 2
    means = [squares[np.arange(COUNT) % FOLDS == fold].mean() for fold in range(FOLDS)]
    oracle = stats.ttest_1samp(means, 0.0)
    interval = oracle.confidence_interval(0.95)
    assert found.difference == pytest.approx(np.mean(means))
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.folds == FOLDS


@pytest.mark.parametrize(("mine", "theirs", "worse", "promotes"), [(0.1, 0.2, False, True), (0.2, 0.1, True, False)])
def test_a_clear_difference_decides(mine: float, theirs: float, worse: bool, promotes: bool) -> None:
    """Half the error is better beyond the noise, and twice is worse."""
    found = compared(errors(mine, 1), errors(theirs, 2))
    assert (found.worse, found.promotes) == (worse, promotes)


def test_a_difference_within_the_noise_decides_nothing() -> None:
    """Neither worse nor promoted; of a hundred equal pairs, one in twenty is called different."""
    decided = [compared(errors(0.15, 2 * seed), errors(0.15, 2 * seed + 1)) for seed in range(100)]
    assert sum(found.worse or found.promotes for found in decided) <= 12


def test_the_very_same_model_may_follow_itself() -> None:
    """Equal inputs give equal errors: nothing is lost."""
    found = compared(errors(0.15), errors(0.15))
    assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)
    assert found.promotes
    assert not found.worse


def test_only_shared_sales_count_whatever_their_order() -> None:
    """Sales that one of the two has not seen change nothing."""
    challenger, champion = errors(0.1, 1), errors(0.15, 2)
    strange = pl.DataFrame({"parcel": ["new"] * 50, "day": range(50), "fold": [0] * 50, "log_error": [9.0] * 50})
    more = pl.concat([champion, strange.cast(champion.schema)]).sample(fraction=1.0, shuffle=True, seed=0)
    assert compared(challenger, more).difference == pytest.approx(compared(challenger, champion).difference)
