"""Rolling origins: what a model of the past can promise for the months to come."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from houseprice.learning import feature_table as tables
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.fitting import fit
from houseprice.learning.rolling_origins import MIN_SALES, Forecasts, forecast, market_factor, measure_origins
from houseprice.learning.splitting import TRAIN, origins
from learning.tables import EQUAL_ENDS
from pipeline import Pipeline

COVERAGE = 0.9
NORMAL = float(stats.norm.ppf(0.95))


def forecasts(shift: float, trend_error: float, origins: int = 6, sales: int = 400, noise: float = 0.1) -> Forecasts:
    """Return forecasts of origins that the market missed by `shift` up and down in turn."""
    draw = np.random.default_rng(0)
    origin = np.repeat(np.arange(origins), sales)
    residuals = shift * (-1.0) ** origin + draw.normal(0.0, noise, len(origin))
    months = draw.uniform(0.0, 2.5, len(origin))
    variance = np.full(len(origin), trend_error**2)
    return Forecasts(np.arange(len(origin)), origin, months, months < 1.5, residuals, variance, np.zeros(len(origin)))


@pytest.fixture(scope="module")
def table(little: Pipeline) -> FeatureTable:
    """Return the small pipeline's features."""
    return tables.read(little.featured, little.config.schema_)


def test_a_market_that_moves_as_expected_is_multiplied_by_the_normal_quantile() -> None:
    """And one that stands still as well: a few calm origins promise nothing."""
    assert market_factor(forecasts(0.02, 0.02), COVERAGE) == pytest.approx(NORMAL, rel=0.1)
    assert market_factor(forecasts(0.0, 0.02), COVERAGE) == NORMAL


def test_a_market_that_moves_more_than_expected_widens_the_interval() -> None:
    """Half of the origins at four standard errors above, half below."""
    assert market_factor(forecasts(0.08, 0.02), COVERAGE) > 2.0 * NORMAL


def test_each_origin_and_the_worst_one_are_told() -> None:
    """With the error, the bias and the coverage of its own sales, each sale once."""
    made = forecasts(0.0, 0.0)
    loud = replace(made, residuals=np.where(made.origin == 4, 3.0 * made.residuals + 0.1, made.residuals))
    table = days_of(loud)
    found = measure_origins(table, loud, np.full(len(loud.rows), 0.1), EQUAL_ENDS, 0.0, COVERAGE)
    worst = found["origins"][sorted(found["origins"])[4]]
    assert (found["worst"]["log_rmse"], found["worst"]["coverage"]) == (worst["log_rmse"], worst["coverage"])
    assert found["worst"]["log_rmse"] < found["worst"]["log_rmse_high"] < 1.2 * worst["log_rmse"]
    assert worst["bias_log"] == pytest.approx(-0.1, abs=0.05)
    assert worst["coverage"] < 0.6
    assert sum(origin["sales"] for origin in found["origins"].values()) == loud.nearest.sum()
    assert found["coverage"] == pytest.approx(
        np.average(
            [origin["coverage"] for origin in found["origins"].values()],
            weights=[origin["sales"] for origin in found["origins"].values()],
        )
    )


def test_errors_are_told_by_months_ahead() -> None:
    """Of all later sales, not only of those before the next origin."""
    made = forecasts(0.0, 0.0)
    later = replace(made, residuals=made.residuals * (1.0 + made.months))
    found = measure_origins(days_of(later), later, np.full(len(later.rows), 0.1), EQUAL_ENDS, 0.0, COVERAGE)[
        "by_horizon"
    ]
    assert list(found) == ["0 to 1 months", "1 to 2 months", "2 to 3 months"]
    errors = [ahead["log_rmse"] for ahead in found.values()]
    assert errors == sorted(errors)
    assert sum(ahead["sales"] for ahead in found.values()) == len(later.rows)


def test_an_origin_with_few_sales_is_left_out() -> None:
    """Nothing is told of it but its part in the whole."""
    few = forecasts(0.0, 0.0, sales=MIN_SALES // 2)
    found = measure_origins(days_of(few), few, np.full(len(few.rows), 0.1), EQUAL_ENDS, 0.0, COVERAGE)
    assert found["origins"] == {}
    assert "worst" not in found
    assert 0.0 < found["coverage"] <= 1.0


def test_the_small_pipelines_origins_are_forecast(little: Pipeline, table: FeatureTable) -> None:
    """Every window once, later sales too, no house on both sides, and a standard error that grows with the months."""
    train = table.rows(TRAIN)
    pairs = list(origins(table.days[train], table.parcels[train], 2))
    found = forecast(
        table, train, table.parcels[train], pairs, [fit(table, train[before], little.config) for before, _ in pairs]
    )
    assert found.rows[found.nearest].tolist() == [row for _, window in pairs for row in train[window].tolist()]
    first = found.where(found.origin == 0)
    assert (~first.nearest).any()
    assert not set(table.parcels[first.rows]) & set(table.parcels[train[pairs[0][0]]])
    order = np.argsort(first.months)
    assert (np.diff(first.trend_variance[order]) >= 0.0).all()
    assert first.trend_variance[order[-1]] > first.trend_variance[order[0]]


class Days:
    """The days of sales, in place of a whole table."""

    def __init__(self, days: np.ndarray) -> None:
        self.days = days


def days_of(made: Forecasts) -> FeatureTable:
    """Return a table in which every origin has a year of its own."""
    return Days(16000 + made.origin * 365)  # type: ignore[return-value]
