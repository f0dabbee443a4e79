"""The search for hyperparameters: complete, reproducible, and by evidence."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import polars as pl
import pytest

from houseprice.config import Boosting, FoundTraining, Training, TrendRules
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.hyperparameters.search import FoldFit, _is_better, find_hyperparameters, validation_folds
from houseprice.learning.oblivious_trees import StagedTrees, fit_staged_trees
from houseprice.learning.side_by_side import elsewhere
from houseprice.learning.training import PriceModel
from houseprice.learning.trend_design import TIME

AUTO = Training(trend=TrendRules(knots_every_months=12, horizon_months=3), threads=1)
TREES = Boosting(iterations=40, learning_rate=0.2, depth=3)


def straight(count: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Return houses whose log price is a line in log size, with an effect of the quarter."""
    draw = np.random.default_rng(0)
    size, quarter = draw.lognormal(4.5, 0.4, count), draw.integers(0, 3, count)
    log_prices = 8 + 0.9 * np.log(size) + 0.3 * quarter + draw.normal(0, 0.1, count)
    table = pl.DataFrame(
        {
            "size": size.astype(np.float32),
            "noise": draw.normal(size=count).astype(np.float32),
            TIME: np.linspace(0, 12, count).astype(np.float32),
            "quarter": [f"q{number}" for number in quarter],
        }
    )
    return table, np.exp(log_prices)


@pytest.fixture(scope="module")
def found() -> FoundTraining:
    """Return what is found on eighty sales."""
    return find_hyperparameters(*straight(80), AUTO)


def test_nothing_is_left_to_be_found(found: FoundTraining) -> None:
    """What is found is a configuration that could have been written by hand."""
    assert found.is_found
    assert FoundTraining.model_validate_json(found.model_dump_json()) == found


def test_few_straight_sales_leave_no_share_to_the_trees(found: FoundTraining) -> None:
    """A line is enough for what is a line."""
    assert found.tree_share < 0.3


@pytest.mark.long
def test_the_same_rows_give_the_same_values(found: FoundTraining) -> None:
    """To the last digit."""
    assert find_hyperparameters(*straight(80), AUTO) == found


def test_what_is_set_by_hand_stays() -> None:
    """Beside what is found."""
    by_hand = AUTO.model_copy(
        update={"boosting": TREES, "tree_share": 0.5, "linear_share": 0.25, "robust_weights": None}
    )
    found = find_hyperparameters(*straight(80), by_hand)
    assert (found.boosting, found.tree_share, found.kernel_share, found.robust_weights) == (TREES, 0.5, 0.25, None)


def test_a_model_with_everything_auto_prices_houses(found: FoundTraining) -> None:
    """And stores what it was fitted with."""
    table, prices = straight(80)
    model = PriceModel(AUTO).fit(table, prices)
    assert model.found_ == found
    assert np.std(np.log(model.predict(table) / prices)) < 0.15
    assert model.hyperparameters()["tree_share"] == found.tree_share


def test_folds_keep_groups_together_and_end_with_the_newest() -> None:
    """A house that was sold twice never stands on both sides."""
    groups, months = np.where(np.arange(300) < 100, np.arange(300) % 50, np.arange(300)), np.arange(300.0)
    folds = list(validation_folds(months, groups, seed=0))
    assert [newest for _, newest in folds] == [False] * 5 + [True]
    for (learn, validate), newest in folds:
        assert not set(groups[learn]) & set(groups[validate])
        assert len(validate)
        assert not newest or months[learn].max() < months[validate].min()


def test_predictions_that_decide_know_no_price_that_they_are_judged_by() -> None:
    """Of few sales, kernels that have seen these prices would get too large a share."""
    table, prices = straight(80)
    fits: list[FoldFit] = []

    def record(tasks: Sequence[partial[FoldFit]]) -> Iterator[FoldFit]:
        fits[:] = [task() for task in tasks]
        return iter(fits)

    judged = next(validation_folds(table[TIME].to_numpy(), np.arange(80), AUTO.seed))[0][1]
    by_hand = AUTO.model_copy(update={"boosting": TREES, "robust_weights": None})
    predicted = []
    for factor in (1.0, 3.0):
        prices[judged[::2]] *= factor
        with elsewhere(record):
            find_hyperparameters(table, prices, by_hand)
        predicted.append([fits[0].trees[0, False].predict(TREES.iterations), *fits[0].kernels, fits[0].linear])
    np.testing.assert_array_equal(*predicted)


@pytest.mark.parametrize(("later", "better"), [(0.4, True), (0.0, False)])
def test_trees_see_the_time_where_kinds_of_houses_drift_apart(later: float, better: bool) -> None:
    """Though the market fell after the last sale that they learned from, which no tree foresees."""
    draw, count = np.random.default_rng(0), 600
    months, kind = np.linspace(0, 12, count), draw.integers(0, 2, count)
    log_prices = np.where((kind == 1) & (months > 6), later, 0.0) + draw.normal(0, 0.1, count)
    newest = months > 9.6
    log_prices[newest] -= 0.3

    def fitted(columns: dict[str, np.ndarray]) -> StagedTrees:
        learn, validate = (
            FeatureMatrix.of({name: values[rows].astype(np.float32) for name, values in columns.items()})
            for rows in (~newest, newest)
        )
        return fit_staged_trees((learn, log_prices[~newest]), (validate, log_prices[newest]), TREES, 0, 1)

    trees = {(0, False): fitted({"kind": kind}), (0, True): fitted({"kind": kind, TIME: months})}
    nothing = np.zeros(int(newest.sum()))
    assert _is_better(FoldFit(trees, [nothing], nothing, log_prices[newest]), 0, 40) == better
