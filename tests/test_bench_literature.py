"""Published protocols: how they divide the sales, what they hide, and what the table says of ours."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from houseprice.config import load

ROOT = Path(__file__).parents[1]


def module(name: str) -> ModuleType:
    """Return a module of bench/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", ROOT / "bench" / f"{name}.py")
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


literature = module("literature")
PROTOCOLS, Protocol, SalesSet = literature.PROTOCOLS, literature.Protocol, literature.SalesSet
DAYS = np.arange(21_613) // 60  # as many sales as King County has, sixty a day
SIZES = {
    "grinsztajn": (10_000, 4_539),
    "talent": (13_832, 4_323),
    "asi": (17_290, 4_323),
    "date": (15_129, 4_323),
    "ctr23": (19_451, 2_162),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_protocol_divides_the_sales_as_published(name):
    """It learns from as many sales as published, judges as many, and none of both."""
    protocol = PROTOCOLS[name]
    pairs = [pair for pairs in protocol.divide(DAYS, protocol.splits) for pair in pairs]
    assert len(pairs) == protocol.splits
    assert tuple(map(len, pairs[0])) == SIZES[name]
    for learned, judged in pairs:
        assert not np.intersect1d(learned, judged).size
        assert len(np.unique(learned)) == len(learned)


def test_the_ten_folds_judge_every_sale_once():
    """Together they are all sales."""
    [pairs] = PROTOCOLS["ctr23"].divide(DAYS, 10)
    assert np.sort(np.concatenate([judged for _, judged in pairs])).tolist() == list(range(len(DAYS)))


def test_by_date_nothing_learned_is_newer_than_what_is_judged():
    """Days in any order are divided by time."""
    days = np.random.default_rng(0).permutation(DAYS)
    for [(learned, judged)] in PROTOCOLS["date"].divide(days, 1):
        assert days[learned].max() <= days[judged].min()


def test_hidden_columns_are_in_no_feature_and_every_sale_is_learned_from():
    """Where the published learners lacked a column, ours has nothing that is made of it."""
    config = load(ROOT / "configs" / "model_config.yaml")
    hidden = PROTOCOLS["grinsztajn"].hidden
    found = literature.published_columns(config, hidden)
    assert set(config.data.columns) - set(found.data.columns) == set(hidden)
    assert all(column.learn_maximum is None for column in found.data.columns.values())
    assert config.data.columns["bedrooms"].learn_maximum is not None
    sales = next(literature.sales_sets(replace(PROTOCOLS["grinsztajn"], divide=_few)))
    assert not [name for name in sales.features.columns if name.startswith(hidden)]
    assert len(sales.prices) == 21_613


def test_ours_learns_by_the_shipped_configuration():
    """Nothing is set for King County that a user's own file would not have."""
    assert load(literature.CONFIG).training == sys.modules["learners"].AUTO


def test_measures_against_values_worked_by_hand():
    """Prices of 100 and 200 predicted as 110 and 100."""
    actual, predicted = np.log([100.0, 200.0]), np.log([110.0, 100.0])
    found = {name: measure(predicted, actual) for name, (measure, _) in literature.MEASURES.items()}
    assert found["MALE"] == pytest.approx((np.log(1.1) + np.log(2)) / 2)
    assert found["log-RMSE"] == pytest.approx(np.sqrt((np.log(1.1) ** 2 + np.log(2) ** 2) / 2))
    assert found["RMSE"] == pytest.approx(np.sqrt((10.0**2 + 100.0**2) / 2))


@pytest.mark.parametrize(("published", "met"), [(0.31, True), (0.30, False), (0.29, False)])
def test_ours_has_to_be_below_each_published_error(published, met):
    """Houses that were learned from too are left out of the second error, and an equal error does not do."""
    sales = SalesSet(
        "", pl.DataFrame(), np.ones(4), np.array(["a", "b", "a", "c"]), [(np.array([0, 1]), np.array([2, 3]))]
    )
    protocol = replace(PROTOCOLS["asi"], published={"one": 0.9, "other": published})
    line, found = literature.table_line(protocol, [(sales, {0: np.array([0.5, 0.1])}, {0: np.array([0.7, 0.5])})])
    assert found is met
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[4].startswith("**0.3000**")
    assert cells[5:7] == ["0.1000", "0.6000"]


def test_without_a_published_error_nothing_is_compared():
    """A line without a verdict is no failure."""
    sales = SalesSet("", pl.DataFrame(), np.ones(2), np.array(["a", "b"]), [(np.array([0]), np.array([1]))])
    line, met = literature.table_line(PROTOCOLS["date"], [(sales, {0: np.array([0.5])}, {})])
    assert met
    assert line.endswith("| – |")


@pytest.mark.long
def test_the_products_own_learner_replays_a_protocol(monkeypatch, tmp_path):
    """On a few sales of King County its error is far below that of one price for all, and answers are kept."""
    monkeypatch.setattr(sys.modules["answers"], "CACHE", tmp_path)
    protocol = replace(PROTOCOLS["asi"], divide=_few, splits=1)
    [(sales, found, peer)] = literature.replayed(protocol, None)
    predicted = found[0]
    learned, judged = sales.pairs[0]
    constant = np.abs(sales.log_prices[judged] - np.median(sales.log_prices[learned])).mean()
    assert literature.MEASURES["MALE"][0](predicted, sales.log_prices[judged]) < 0.6 * constant
    assert not peer
    assert len(list(tmp_path.rglob("*.json"))) == 1


def _few(days, count):
    for seed in range(count):
        drawn = np.random.default_rng(seed).permutation(len(days))[:500]
        yield [(np.sort(drawn[:400]), np.sort(drawn[400:]))]
