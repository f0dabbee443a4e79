"""Tables of a few dozen sales: the interval stays finite, is wide, and holds what it says of houses to come."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from houseprice import pipeline
from houseprice.learning import bundling
from houseprice.learning import feature_table as tables
from houseprice.learning.evaluation import Evaluation, evaluate, refit
from houseprice.learning.gates import check_degeneracy, check_size
from houseprice.learning.model_store import ModelStore
from learning.conftest import sold
from learning.houses import written
from pipeline import Pipeline

pytestmark = pytest.mark.long
Judge = Callable[[int], tuple[Evaluation, pl.DataFrame, pl.DataFrame]]


@pytest.fixture
def evaluated_sales(little: Pipeline, tmp_path: Path) -> Judge:
    """Return what evaluates so many sales, and gives 600 other houses of a month later: features and prices."""

    def judge(count: int) -> tuple[Evaluation, pl.DataFrame, pl.DataFrame]:
        home = tmp_path / str(count)
        store = ModelStore(home)
        later = [row | {"day": "15.11.2014"} for row in sold(600, date(2014, 11, 15), prefix="later", seed=8)]
        for name, rows in (("sales", sold(count)), ("later", later)):
            (home / name).mkdir(parents=True)
            (home / name / "raw.csv").write_text(written(rows, ";"))
            pipeline.process(little.config, home / name / "raw.csv", home / name / "cleaned.csv")
        pair = home / "trained" / "preprocessor.pkl"
        pair.parent.mkdir()
        pipeline.make_features(little.config, home / "sales" / "cleaned.csv", home / "featured.csv", pair)
        table = tables.read(home / "featured.csv", little.config.schema_)
        evaluation = evaluate(table, little.config, lambda *_: None)
        model = refit(table, evaluation, little.config)
        fresh = bundling.read_sales(home / "later" / "cleaned.csv", little.config.schema_)
        answers = model.predict_interval(store.preprocessor()[0].transform(fresh))
        found = pl.DataFrame(dict(zip(("price", "low", "high"), answers, strict=True)))
        assert check_degeneracy(model, table.features, evaluation.metrics, little.config.gates).passed
        assert "little" in check_size(table, little.config).detail
        return evaluation, found, fresh

    return judge


@pytest.mark.parametrize("count", [80, 200])
def test_the_interval_of_a_few_sales_is_finite_and_holds(evaluated_sales: Judge, count: int) -> None:
    """At least nine in ten of the houses to come, less the noise of so few, within some times the error."""
    evaluation, found, fresh = evaluated_sales(count)
    half_width = np.log(found["high"] / found["low"]).to_numpy() / 2.0
    paid = fresh["paid"].cast(pl.Float64)
    assert np.isfinite(half_width).all()
    assert half_width.max() < 12.0 * evaluation.metrics["holdout"]["log_rmse"]
    assert ((found["low"] <= paid) & (paid <= found["high"])).mean() > 0.85
    assert evaluation.metrics["promise"]["worst_log_rmse"] >= evaluation.metrics["promise"]["log_rmse"]
