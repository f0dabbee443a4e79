"""The table of predictions of unseen sales, and that nothing else is read as one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from houseprice.errors import DataError
from houseprice.learning import feature_table as tables
from houseprice.learning import out_of_sample
from houseprice.learning.conformal import Factors
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.interval_ends import Curve, IntervalEnds
from houseprice.learning.rolling_origins import Forecasts, measure_origins
from houseprice.learning.splitting import HOLDOUT, TRAIN
from learning.tables import EQUAL_ENDS
from pipeline import Pipeline


@pytest.fixture(scope="module")
def table(little: Pipeline) -> FeatureTable:
    """Return the small pipeline's features."""
    return tables.read(little.featured, little.config.schema_)


def test_training_writes_each_unseen_sale_once_with_the_numbers_of_its_metrics(
    little: Pipeline, table: FeatureTable
) -> None:
    """Errors and coverage that anybody computes from the file are those of metrics.json."""
    found = out_of_sample.read(little.reports / out_of_sample.NAME)
    assert found.processed_sha256 == table.processed_sha256
    sales = found.sales
    assert sales["row"].n_unique() == sales.height
    assert sales["price"].to_numpy() == pytest.approx(table.prices[sales["row"].to_numpy()])
    for basis, side, metrics in (("holdout", HOLDOUT, "holdout"), ("rolling_origin", TRAIN, "rolling_origin")):
        some = sales.filter(pl.col("basis") == basis)
        assert set(table.side[some["row"].to_numpy()]) == {side}
        errors = (some["predicted_price"] / some["price"]).log().to_numpy()
        measured = little.trained.metrics[metrics]
        assert np.sqrt((errors**2).mean()) == pytest.approx(measured["log_rmse"])
        inside = (some["price"] >= some["interval_low"]) & (some["price"] <= some["interval_high"])
        assert inside.mean() == pytest.approx(measured["coverage"])
    assert set(sales["basis"]) == {"holdout", "rolling_origin"}


def test_intervals_of_origins_cover_what_is_said_of_them(table: FeatureTable) -> None:
    """Width of the market and of the house together, as `measure_origins` counts it."""
    draw = np.random.default_rng(3)
    rows = np.flatnonzero(table.side == TRAIN)[:120]
    origin = np.repeat([0, 1, 2], 40)
    residuals, near = draw.normal(0.0, 0.1 + 0.1 * origin), np.ones(120, dtype=bool)
    made = Forecasts(rows, origin, np.ones(120), near, residuals, np.full(120, 0.01), draw.normal(size=120))
    ends = IntervalEnds(Curve(0.3, -0.2, 0.0), Curve(-0.1, 0.1, 0.05), 0.0, 1.0, -1.0, 1.0)
    sizes = draw.uniform(0.05, 0.2, len(table.prices))
    sales = out_of_sample.rolled(table, made, sizes, ends, 1.5, 0.8)
    inside = (sales["price"] >= sales["interval_low"]) & (sales["price"] <= sales["interval_high"])
    assert inside.mean() == pytest.approx(measure_origins(table, made, sizes, ends, 1.5, 0.8)["coverage"])
    assert sales["period"].n_unique() == 3


def test_grouped_folds_have_the_interval_of_their_factor(table: FeatureTable) -> None:
    """Where sales have no dates."""
    rows = np.arange(10)
    sizes = np.full(len(table.prices), 0.1)
    ends = replace(EQUAL_ENDS, below=Curve(np.log(1.5), 0.0, 0.0))
    predicted = np.full(10, 100.0), np.zeros(10)
    sales = out_of_sample.cross_predicted(table, rows, predicted, sizes, Factors(2.0), ends)
    assert sales["interval_high"].to_numpy() == pytest.approx(100.0 * np.exp(0.2))
    assert sales["interval_low"].to_numpy() == pytest.approx(100.0 * np.exp(-0.3))
    assert set(sales["basis"]) == {"grouped_folds"}


@pytest.mark.parametrize("content", [b"", b"row,price\n1,2\n", b"\xff\xfe\x00", b"PK\x03\x04"])
def test_what_is_no_such_table_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty file, another table, another encoding, an archive."""
    path = tmp_path / "out_of_sample.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        out_of_sample.read(path)
    assert caught.value.code == "predictions_invalid"


@pytest.mark.parametrize(
    "line",
    ["1,holdout,a,0,100,90,110,s", "1,holdout,a,100,-1,90,110,s", "1,holdout,a,100,100,90,1e308,s",
     "1,holdout,a,100,100,110,90,s", "-1,holdout,a,100,100,90,110,s", "0,holdout,a,100,100,90,110,s"],
)  # fmt: skip
def test_numbers_that_no_training_writes_are_refused(tmp_path: Path, line: str) -> None:
    """A price of nothing, one below it, a huge one, an interval turned round, a row before the first, one twice."""
    path = tmp_path / "out_of_sample.csv"
    good = "row,basis,period,price,predicted_price,interval_low,interval_high,processed_sha256\n0,holdout,a,1,1,1,1,s\n"
    path.write_text(good)
    assert out_of_sample.read(path).sales.height == 1
    path.write_text(f"{good}{line}\n")
    with pytest.raises(DataError) as caught:
        out_of_sample.read(path)
    assert caught.value.code == "predictions_invalid"


def test_blanks_other_tables_and_missing_files_are_refused(little: Pipeline, tmp_path: Path) -> None:
    """A row of another training, a price that is none, and no file at all."""
    good = (little.reports / out_of_sample.NAME).read_text()
    path = tmp_path / "out_of_sample.csv"
    last = good.splitlines()[-1]
    for line in (last[:-3] + "000", last.replace(last.split(",")[3], "nan"), last.replace(last.split(",")[3], "")):
        path.write_text(good + line + "\n")
        with pytest.raises(DataError) as caught:
            out_of_sample.read(path)
        assert caught.value.code == "predictions_invalid"
    with pytest.raises(DataError) as caught:
        out_of_sample.read(tmp_path / "no.csv")
    assert caught.value.code == "predictions_missing"


def test_without_rolling_origins_the_table_is_read_back(table: FeatureTable, tmp_path: Path) -> None:
    """What is written is read as it was, to the last bit."""
    prices = table.prices * np.exp(0.01)
    sales = out_of_sample.held_out(replace(table), (prices, prices * 0.9, prices * 1.1))
    path = tmp_path / "out_of_sample.csv"
    path.write_bytes(out_of_sample.write(sales, "ab" * 32))
    assert out_of_sample.read(path).sales.equals(sales)
