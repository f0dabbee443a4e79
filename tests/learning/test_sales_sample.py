"""Which sales trees and kernels learn from where there are many, and what a training on a sample of them leaves."""

import csv
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice import pipeline
from houseprice.bundle.load import open_bundle
from houseprice.bundle.random_sample import draw_sample
from houseprice.config import Config, load
from houseprice.evidence.draw import check_draw
from houseprice.learning import feature_table, sales_sample
from houseprice.learning.sales_sample import RECENT, sampled_rows
from houseprice.learning.splitting import HOLDOUT, RESOLD, TRAIN
from pipeline import Pipeline

SHA256 = "ab" * 32
FIRST = (date(2014, 1, 1) - date(1970, 1, 1)).days


def config(count: int) -> Config:
    """Return the project's configuration with so many sales at most."""
    found = load(Path(__file__).parents[2] / "configs" / "model_config.yaml")
    return found.model_copy(update={"training": found.training.model_copy(update={"max_sales": count})})


def many(count: int, seed: int = 0) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.str_], npt.NDArray[np.float64]]:
    """Return days of two years, sides and prices of so many sales."""
    draw = np.random.default_rng(seed)
    days = FIRST + draw.integers(0, 730, count)
    newest = days > np.quantile(days, 0.85)
    side = np.where(newest, np.where(draw.random(count) < 0.1, RESOLD, HOLDOUT), TRAIN)
    return days, side, np.exp(draw.normal(12, 0.5, count))


def test_a_table_with_no_more_sales_than_the_most_is_kept_whole() -> None:
    """Then nothing changes; with one more it is sampled."""
    days, side, prices = many(2000)
    there_are = int((side == TRAIN).sum())
    assert sampled_rows(days, side, prices, config(there_are), SHA256) is None
    assert sampled_rows(days, side, prices, config(there_are - 1), SHA256) is not None


@given(st.integers(0, 1000), st.integers(50, 3000))
def test_the_sample_has_so_many_training_sales(seed: int, most: int) -> None:
    """No row twice, ascending, and the same again; the random sample of the holdout is in it."""
    days, side, prices = many(4000, seed)
    rows = sampled_rows(days, side, prices, config(most), SHA256)
    again = sampled_rows(days, side, prices, config(most), SHA256)
    assert rows is not None
    assert again is not None
    assert rows.tolist() == again.tolist() == sorted(set(rows.tolist()))
    assert int((side[rows] == TRAIN).sum()) == most
    assert set(draw_sample(SHA256, np.flatnonzero(side == HOLDOUT).tolist())) <= set(rows.tolist())


def test_recent_sales_are_drawn_more_often() -> None:
    """Three times as often as the oldest, and sales of all prices alike."""
    days, side, prices = many(200_000)
    rows = sampled_rows(days, side, prices, config(20_000), SHA256)
    assert rows is not None
    train, drawn = np.flatnonzero(side == TRAIN), rows[side[rows] == TRAIN]
    ends = np.quantile(days[train], [0.1, 0.9])
    oldest, newest = (
        float((days[drawn] <= ends[0]).sum() / (days[train] <= ends[0]).sum()),
        float((days[drawn] > ends[1]).sum() / (days[train] > ends[1]).sum()),
    )
    assert newest / oldest == pytest.approx(RECENT, rel=0.15)
    assert np.log(prices[drawn]).mean() == pytest.approx(np.log(prices[train]).mean(), abs=0.002)


def test_without_dates_all_sales_are_drawn_alike() -> None:
    """By price alone, so that cheap and dear ones are there."""
    _, side, prices = many(20_000)
    rows = sampled_rows(np.zeros(20_000, dtype=np.int64), side, prices, config(2000), SHA256)
    assert rows is not None
    drawn = rows[side[rows] == TRAIN]
    assert np.median(prices[drawn]) == pytest.approx(np.median(prices[side == TRAIN]), rel=0.02)


def test_what_is_left_out_is_learned_from_only_where_it_may_be(little: Pipeline) -> None:
    """Nothing newer than the rows that are learned from, and of no house of which the sample has other rows."""
    table = feature_table.read(little.featured, little.config.schema_)
    few = little.config.model_copy(update={"training": little.config.training.model_copy(update={"max_sales": 100})})
    sampled, fewer = sales_sample.sample(table, few)
    assert fewer.split.folds <= 3
    assert sampled.unsampled is not None
    train = sampled.rows(TRAIN)
    assert len(train) == 100
    learned = train[:60]
    judged = np.setdiff1d(np.arange(len(sampled.prices)), learned)
    beside = sampled.unsampled.beside(learned, sampled.days)
    left_out = np.setdiff1d(np.arange(len(table.prices)), sampled.sampled.positions)
    newest, houses = sampled.days[learned].max(), set(sampled.parcels[judged])
    allowed = [row for row in left_out if table.days[row] <= newest and table.parcels[row] not in houses]
    assert beside.log_prices.tolist() == np.log(table.prices[allowed]).tolist()
    assert not sampled.unsampled.have_learned(sampled.rows(HOLDOUT)).any()


@pytest.fixture(scope="module")
def sampled(little: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Return the small pipeline, learned from 150 of its 255 training sales."""
    home = tmp_path_factory.mktemp("sampled")
    training = little.config.training.model_copy(update={"max_sales": 150})
    few = little.config.model_copy(update={"training": training})
    (home / "models" / "trained").mkdir(parents=True)
    for source, to in ((little.cleaned, "cleaned.csv"), (little.featured, "featured.csv")):
        (home / to).write_bytes(source.read_bytes())
    (home / "models" / "trained" / "preprocessor.pkl").write_bytes(little.preprocessor.read_bytes())
    trained = pipeline.train(
        few, home / "featured.csv", home / "models", home / "reports", None, lambda what, done, of: None
    )
    return replace(
        little, config=few, cleaned=home / "cleaned.csv", models=home / "models", reports=home / "reports",
        trained=trained,
    )  # fmt: skip


@pytest.mark.long
def test_a_training_says_what_it_learned_from(sampled: Pipeline) -> None:
    """How many sales of how many, how many fits, and what is lost."""
    found = json.loads((sampled.reports / "metrics.json").read_text())["sample"]
    there_are = int((feature_table.read(sampled.featured, sampled.config.schema_).side == TRAIN).sum())
    assert (found["sales"], found["of"]) == (150, there_are)
    assert 0.0 <= found["loss"] <= found["loss_high"]
    assert "150 of 2" in (sampled.reports / "model_report.html").read_text()


@pytest.mark.long
def test_its_predictions_are_of_the_sales_that_it_names(sampled: Pipeline) -> None:
    """Rows of the processed table, sampled or not, with the prices that were paid."""
    paid = pl.read_csv(sampled.cleaned)["paid"].to_list()
    with (sampled.reports / "out_of_sample.csv").open() as stream:
        found = {int(row["row"]): float(row["price"]) for row in csv.DictReader(stream)}
    assert found
    assert max(found) >= 255
    assert all(price == pytest.approx(paid[row]) for row, price in found.items())


@pytest.mark.long
def test_its_random_sample_is_drawn_from_all_held_out_sales(sampled: Pipeline) -> None:
    """Anybody draws it again from the processed table."""
    bundle = open_bundle(sampled.trained.bundle or Path())
    sample = json.loads((Path(sampled.trained.bundle or "") / "sample.json").read_text())
    assert "as drawn from the data" in check_draw(sample, bundle.manifest, sampled.cleaned)


@pytest.mark.long
def test_its_bundle_is_made_anew_from_the_pickles(sampled: Pipeline) -> None:
    """With the same sample, and so the same bytes."""
    bundle = sampled.trained.bundle
    assert bundle is not None
    before = (bundle / "manifest.json").read_bytes()
    assert pipeline.make_bundle(sampled.config, sampled.models, sampled.cleaned, allow_failed=True) == bundle
    assert (bundle / "manifest.json").read_bytes() == before
