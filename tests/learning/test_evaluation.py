"""Three honest numbers: what they are measured on, and what must not reach them."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from houseprice.learning import feature_table as tables
from houseprice.learning.evaluation import Evaluation, evaluate
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.splitting import HOLDOUT, RESOLD, TRAIN
from pipeline import Pipeline

pytestmark = pytest.mark.long


def quiet(what: str, done: int, of: int) -> None:
    """ProgressCallback nobody."""


@pytest.fixture(scope="module")
def table(little: Pipeline) -> FeatureTable:
    """Return the small pipeline's features."""
    return tables.read(little.featured, little.config.schema_)


@pytest.fixture(scope="module")
def found(little: Pipeline, table: FeatureTable) -> Evaluation:
    """Return the small pipeline's evaluation."""
    return evaluate(table, little.config, quiet)


def test_every_number_is_measured_on_the_sales_that_it_is_about(found: Evaluation, table: FeatureTable) -> None:
    """Folds judge every training sale once, origins the newer half of them, the holdout and resold sales the newest."""
    sides = {side: int((table.side == side).sum()) for side in (TRAIN, HOLDOUT, RESOLD)}
    metrics = found.metrics
    assert metrics["sides"] == sides
    assert metrics["grouped_folds"]["sales"] == sides[TRAIN]
    assert metrics["holdout"]["sales"] == sides[HOLDOUT] == metrics["baselines"]["ridge"]["sales"]
    assert metrics["resold"]["sales"] == sides[RESOLD] == metrics["baselines"]["last_sale"]["sales"]
    assert 0.4 * sides[TRAIN] < metrics["rolling_origin"]["sales"] <= 0.51 * sides[TRAIN]
    assert metrics["newest_training_date"] < metrics["first_holdout_date"]


def test_the_forecast_sd_is_measured_on_the_newest_sales(found: Evaluation, table: FeatureTable) -> None:
    """As a person would count it; little short of the 68 % that it aims at."""
    newest = table.side == HOLDOUT
    errors = np.abs(np.log(table.prices[newest] / np.asarray(found.predictions[0])[newest]))
    within = errors <= found.fsd[newest]
    assert found.metrics["holdout"]["within_fsd"] == pytest.approx(within.mean())
    assert found.metrics["holdout"]["mean_fsd"] == pytest.approx(found.fsd[newest].mean())
    assert 0.5 < within.mean() < 0.85


def test_the_noise_floor_lies_below_the_error_of_the_model(found: Evaluation) -> None:
    """Prices of the made houses are exact but for a little noise, which the smallest model is far above."""
    floor = found.metrics["noise_floor"]
    assert 0.0 <= floor["ci95"][0] < found.metrics["holdout"]["log_rmse"]
    assert floor["explained_of_explainable"]["ci95"][0] < 1.0


def test_the_newest_sales_reach_nothing_but_their_own_number(
    little: Pipeline, table: FeatureTable, found: Evaluation
) -> None:
    """With all newest prices and houses replaced, the judged model and both inner numbers are the same bits."""
    newest = table.side != TRAIN
    prices = np.where(newest, table.prices * 7.0, table.prices)
    keys = table.keys.with_columns(pl.Series(table.schema.target, prices))
    area = np.where(newest, np.float32(41.0), table.features["area"].to_numpy())
    features = table.features.with_columns(area=area)
    other = evaluate(replace(table, keys=keys, features=features), little.config, quiet)
    for side in ("grouped_folds", "rolling_origin"):
        assert other.metrics[side] == found.metrics[side]
    assert pickle.dumps(other.model) == pickle.dumps(found.model)
    assert other.metrics["holdout"]["log_rmse"] > found.metrics["holdout"]["log_rmse"] + 1.0


def test_training_sales_do_reach_them(little: Pipeline, table: FeatureTable, found: Evaluation) -> None:
    """The test above could fail: one training price more, and all of them change."""
    prices = table.prices.copy()
    prices[int(table.rows(TRAIN)[-1])] *= 3.0
    keys = table.keys.with_columns(pl.Series(table.schema.target, prices))
    other = evaluate(replace(table, keys=keys), little.config, quiet)
    for side in ("grouped_folds", "rolling_origin", "holdout"):
        assert other.metrics[side]["log_rmse"] != found.metrics[side]["log_rmse"]


def test_the_same_table_gives_the_same_numbers_and_the_same_model(
    little: Pipeline, table: FeatureTable, found: Evaluation
) -> None:
    """To the last bit; and they are those that the pipeline wrote."""
    again = evaluate(table, little.config, quiet)
    assert again.metrics == found.metrics
    assert pickle.dumps(again.model) == pickle.dumps(found.model)
    assert found.metrics["holdout"] == little.trained.metrics["holdout"]


def test_progress_is_told_from_first_to_last(little: Pipeline, table: FeatureTable) -> None:
    """Steps are counted up, never past the end."""
    told: list[tuple[int, int]] = []
    evaluate(table, copy.deepcopy(little.config), lambda what, done, of: told.append((done, of)))
    counts, totals = zip(*told, strict=True)
    assert list(counts) == sorted(counts)
    assert len(set(totals)) == 1
    assert max(counts) <= totals[0]
    assert counts[0] == 0
