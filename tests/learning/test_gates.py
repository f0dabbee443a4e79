"""Gates: a verdict passes when every one does, and a limit is missed beyond the noise of what was measured."""

import copy
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from houseprice.config import Config
from houseprice.learning import feature_table
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.gates import check_degeneracy, check_metrics
from houseprice.learning.training import PriceModel
from houseprice.learning.trend import Trend
from houseprice.learning.trend_design import TIME
from houseprice.learning.verdict import Gate, Verdict
from pipeline import Pipeline

GREEN, RED = Gate("a", 0.1, "at most 0.2", passed=True), Gate("b", 0.3, "at most 0.2", passed=False)
FIGURES: dict[str, Any] = {
    "holdout": {
        "sales": 3000, "log_rmse": 0.156, "median_ape": 0.073, "cod": 11.0, "prd": 1.025, "prb": -0.038,
        "ci95": {
            "log_rmse": [0.149, 0.162], "median_ape": [0.069, 0.076], "cod": [10.6, 11.5], "prd": [1.021, 1.03],
            "prb": [-0.047, -0.028],
        },
        "vei": {"value": -4.0, "ci95": [-7.0, -1.0]},
    },
    "protocol": {"kind": "time", "reason": "", "grouped": True},
    "sides": {"train": 18_000, "holdout": 3_000, "resold": 0},
    "rolling_origin": {"sales": 9000, "log_rmse": 0.155, "ci95": {"log_rmse": [0.151, 0.16]}},
    "relative": {
        "gain_over_constant": {"value": 0.7, "ci95": [0.68, 0.72]},
        "gain_over_ridge": {"value": 0.158, "ci95": [0.13, 0.19]},
        "width_to_constant": {"value": 0.95, "ci95": [0.94, 0.97]},
        "coverage": {"value": 0.907, "ci95": [0.896, 0.917]},
        "coverage_by_price": {"value": 0.84, "ci95": [0.8, 0.87], "slice": "price, fifth 1"},
        "worst_slice": {"value": 1.6, "ci95": [1.3, 2.0], "slice": "zipcode 98106"},
    },
}  # fmt: skip


def failed(metrics: dict[str, Any], config: Config) -> set[str]:
    """Return the names of the gates that fail."""
    return {gate.name for gate in check_metrics(metrics, config).failed}


def changed(key: str, value: Any) -> dict[str, Any]:
    """Return the figures with one of them replaced."""
    figures = copy.deepcopy(FIGURES)
    *parents, last = key.split(".")
    place = figures
    for name in parents:
        place = place[name]
    place[last] = value
    return figures


def test_a_verdict_is_green_when_every_gate_is() -> None:
    """No gate at all is no pass."""
    assert Verdict((GREEN,)).passed
    assert not Verdict((GREEN, RED)).passed
    assert not Verdict(()).passed
    assert Verdict((GREEN, RED)).failed == (RED,)
    assert not Verdict((GREEN,)).with_gates(RED).passed


def test_a_verdict_tells_what_was_found_and_required(config: Config) -> None:
    """By the name of each gate, with the interval of what was found where there is one."""
    told = Verdict((GREEN, RED)).as_dict()
    assert list(told) == ["a", "b"]
    assert (told["b"]["found"], told["b"]["required"], told["b"]["passed"]) == (0.3, "at most 0.2", False)
    told = check_metrics(FIGURES, config).as_dict()
    assert told["log_rmse"]["interval"] == (0.149, 0.162)
    assert told["worst_slice"]["detail"] == "zipcode 98106"


def test_the_shipped_limits_pass_the_figures_of_a_good_model(config: Config) -> None:
    """The tests below change one of them at a time."""
    assert check_metrics(FIGURES, config).passed


@pytest.mark.parametrize(
    ("name", "interval", "passes"),
    [
        ("log_rmse", [0.24, 0.28], True),  # the ceiling is 0.25
        ("log_rmse", [0.26, 0.28], False),
        ("log_rmse", [0.07, 0.09], True),  # and the floor is 0.08
        ("log_rmse", [0.05, 0.07], False),
        ("median_ape", [0.14, 0.17], True),
        ("median_ape", [0.16, 0.17], False),
        ("cod", [14.5, 15.9], True),
        ("cod", [15.1, 15.9], False),
        ("prd", [1.029, 1.04], True),
        ("prd", [1.031, 1.04], False),
        ("prd", [0.96, 0.979], False),
        ("prb", [-0.06, -0.049], True),
        ("prb", [-0.06, -0.051], False),
        ("prb", [0.051, 0.06], False),
    ],
)
def test_a_limit_is_missed_only_beyond_the_noise(
    config: Config, name: str, interval: list[float], passes: bool
) -> None:
    """The value may be beyond it while its interval still touches it."""
    figures = changed(f"holdout.ci95.{name}", interval)
    figures["holdout"][name] = float(np.mean(interval))
    assert (name not in failed(figures, config)) is passes


@pytest.mark.parametrize(
    ("name", "interval", "passes"),
    [
        ("gain_over_constant", [0.2, 0.31], True),
        ("gain_over_constant", [0.2, 0.29], False),
        ("gain_over_ridge", [0.01, 0.09], True),
        ("gain_over_ridge", [0.01, 0.07], False),
        ("width_to_constant", [0.99, 1.1], True),
        ("width_to_constant", [1.01, 1.1], False),
        ("coverage", [0.85, 0.88], True),
        ("coverage", [0.85, 0.86], False),
        ("coverage", [0.94, 0.96], False),
        ("coverage_by_price", [0.7, 0.81], True),
        ("coverage_by_price", [0.7, 0.79], False),
        ("worst_slice", [1.9, 3.0], True),
        ("worst_slice", [2.1, 3.0], False),
    ],
)
def test_a_relative_limit_is_missed_only_beyond_the_noise(
    config: Config, name: str, interval: list[float], passes: bool
) -> None:
    """The same of gains, coverage, widths and slices."""
    figures = changed(f"relative.{name}", {"value": float(np.mean(interval)), "ci95": interval, "slice": "s"})
    assert (name not in failed(figures, config)) is passes


def test_the_newest_sales_may_be_worse_than_the_rolling_origins_by_so_much(config: Config) -> None:
    """A quarter, beyond the noise of both."""
    assert "error_growth" in failed(
        changed("rolling_origin", {"sales": 9000, "log_rmse": 0.1, "ci95": {"log_rmse": [0.09, 0.11]}}), config
    )
    noisy = {"sales": 9000, "log_rmse": 0.12, "ci95": {"log_rmse": [0.1, 0.14]}}
    assert "error_growth" not in failed(changed("rolling_origin", noisy), config)


def test_few_sales_cannot_tell_that_a_coverage_is_wrong(config: Config) -> None:
    """Neither few held-out ones nor few that calibrated the interval."""
    figures = changed("relative.coverage", {"value": 0.83, "ci95": [0.81, 0.85]})
    figures["rolling_origin"]["sales"] = 100 * figures["holdout"]["sales"]
    assert "coverage" in failed(figures, config)
    figures["rolling_origin"]["sales"] = figures["holdout"]["sales"] // 9
    assert "coverage" not in failed(figures, config)


@pytest.mark.parametrize(
    ("found", "of_origins", "passes"),
    [
        (0.96, [0.9, 0.91, 0.9, 0.89], False),
        (0.96, [0.96, 0.97, 0.83, 0.96], True),
        (0.82, [0.9, 0.91, 0.9, 0.89], False),
        (0.82, [0.96, 0.97, 0.83, 0.96], True),
        (0.6, [0.96, 0.97, 0.83, 0.96], False),
        (0.96, [0.83], False),
    ],
)
def test_a_coverage_is_one_of_a_period_as_those_of_the_rolling_origins_are(
    config: Config, found: float, of_origins: list[float], passes: bool
) -> None:
    """Where these differ, because the market moved, a calm holdout fails no interval, nor does a restless one."""
    figures = changed("relative.coverage", {"value": found, "ci95": [found - 0.01, found + 0.01]})
    origins = {str(number): {"coverage": coverage, "sales": 2000} for number, coverage in enumerate(of_origins)}
    figures["rolling_origin"]["origins"] = origins
    assert ("coverage" not in failed(figures, config)) is passes


@pytest.mark.parametrize("name", ["log_rmse", "median_ape", "cod", "prd", "prb"])
def test_what_is_no_number_passes_nothing(config: Config, name: str) -> None:
    """Neither a metric of the holdout nor a relative one."""
    assert name in failed(changed(f"holdout.{name}", float("nan")), config)
    for relative in FIGURES["relative"]:
        nothing = {"value": float("nan"), "ci95": [float("nan")] * 2, "slice": "s"}
        assert relative in failed(changed(f"relative.{relative}", nothing), config)


def test_a_holdout_without_slices_is_judged_by_the_rest(config: Config) -> None:
    """Too few sales for any slice: those gates are not there."""
    figures = copy.deepcopy(FIGURES)
    for name in ("coverage_by_price", "worst_slice"):
        del figures["relative"][name]
    names = {gate.name for gate in check_metrics(figures, config).gates}
    assert "coverage" in names
    assert not names & {"coverage_by_price", "worst_slice"}


@pytest.fixture(scope="module")
def table(little: Pipeline) -> FeatureTable:
    """Return the small pipeline's features."""
    return feature_table.read(little.featured, little.config.schema_)


@pytest.fixture(scope="module")
def model(little: Pipeline) -> PriceModel:
    """Return the small pipeline's published model."""
    return pickle.loads((little.models / "trained" / "house_price_model.pkl").read_bytes())


def degenerate(model: PriceModel, table: FeatureTable, config: Config, **parts: Any) -> set[str]:
    """Return the gates that the model fails with other parts."""
    other = PriceModel(model.config)
    other.__dict__.update(model.__dict__ | parts)
    verdict = check_degeneracy(other, table.features, model.metrics_, config.gates)
    return {gate.name for gate in verdict.failed}


def test_a_usable_model_is_not_degenerate(model: PriceModel, table: FeatureTable, config: Config) -> None:
    """By the shipped limits, though it is of another market."""
    assert degenerate(model, table, config) == set()


@pytest.mark.parametrize("factor", [30.0, 0.0, 1e-3])
def test_an_interval_that_says_nothing_or_everything_fails(
    model: PriceModel, table: FeatureTable, config: Config, factor: float
) -> None:
    """From 0.00 to millions around a small price, or the price alone."""
    assert model.interval_ is not None
    own = model.interval_.interval
    wide = replace(model.interval_, interval=own._replace(house=own.house * factor))
    assert "interval_to_error" in degenerate(model, table, config, interval_=wide)


def test_one_interval_that_explodes_fails(model: PriceModel, table: FeatureTable, config: Config) -> None:
    """The median of all may be good."""
    assert model.interval_ is not None
    scale = model.interval_.residual_scale
    index = scale.names.index("area")
    leaf_values = scale.leaf_values.copy()
    leaf_values[:2] += [0.0, 4.0]
    feature_index, thresholds = scale.feature_index.copy(), scale.thresholds.copy()
    feature_index[:, 0], thresholds[:, 0] = index, np.inf
    thresholds[0, 0] = np.sort(table.features["area"].to_numpy())[-4]
    few = replace(scale, feature_index=feature_index, thresholds=thresholds, leaf_values=leaf_values)
    found = degenerate(model, table, config, interval_=replace(model.interval_, residual_scale=few))
    assert found == {"widest_interval_to_error"}


@pytest.mark.parametrize("log_factor", [0.7, -0.7])
def test_a_trend_that_runs_away_fails(
    model: PriceModel, table: FeatureTable, config: Config, log_factor: float
) -> None:
    """Prices double or halve in the months that it is extrapolated."""
    newest = float(table.features[TIME].to_numpy().max())
    wild = Trend((0.0, newest, newest + 3.0), (0.0, log_factor / 3), newest)
    assert degenerate(model, table, config, trend_=wild) == {"trend_to_error"}


@pytest.mark.parametrize("slope", [float("nan"), 1e4, -1e4])
def test_predictions_that_are_no_prices_fail(
    model: PriceModel, table: FeatureTable, config: Config, slope: float
) -> None:
    """Not a number, infinite, or 0."""
    trend = Trend((0.0, 1e3), (slope,), 1e3)
    with np.errstate(all="ignore"):
        assert degenerate(model, table, config, trend_=trend) == {"unusable_predictions"}


def test_the_small_pipeline_passes(little: Pipeline) -> None:
    """Its verdict has every gate on metrics, and those of the published model."""
    names = {gate.name for gate in little.trained.verdict.gates}
    assert little.trained.verdict.passed
    sales = next(gate for gate in little.trained.verdict.gates if gate.name == "training_sales")
    assert "little" in sales.detail
    assert {"log_rmse", "error_growth", "coverage", "interval_to_error", "trend_to_error", "latency_ratio"} <= names


@pytest.mark.parametrize(
    ("sales", "limit", "outcome"), [(80, None, "skipped"), (80, 1.15, "failed"), (5_000, None, "failed")]
)
def test_the_width_is_not_limited_on_few_sales_unless_the_configuration_says_so(
    config: Config, sales: int, limit: float | None, outcome: str
) -> None:
    """There the interval is meant to be wide."""
    rules = config.gates.model_copy(update={"max_width_to_constant": limit})
    figures = changed("relative.width_to_constant", {"value": 1.27, "ci95": [1.2, 1.3]})
    figures["sides"]["train"] = sales
    verdict = check_metrics(figures, config.model_copy(update={"gates": rules}))
    assert next(gate for gate in verdict.gates if gate.name == "width_to_constant").outcome == outcome
