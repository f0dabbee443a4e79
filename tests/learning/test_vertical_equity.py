"""Vertical equity is judged against what noise alone would show, unless the configuration states a band."""

from typing import Any

import numpy as np
import pytest

from houseprice.config import Gates
from houseprice.learning.verdict import Gate
from houseprice.learning.vertical_equity import check_vertical_equity
from houseprice.metrics import measure, measure_vertical_equity


def metrics_of(y_true: np.ndarray, y_pred: np.ndarray) -> dict[str, Any]:
    """Return what the gates read, each interval no wider than its value but that of the VEI."""
    found, vei = measure(y_true, y_pred), measure_vertical_equity(y_true, y_pred)
    holdout = found | {"ci95": {name: [value, value] for name, value in found.items()}}
    constant = {"log_rmse": float(np.log(y_true).std())}
    return {"holdout": holdout | ({"vei": vei.as_dict()} if vei else {}), "baselines": {"constant": constant}}


def gate(metrics: dict[str, Any], rules: Gates) -> Gate:
    """Return the gate of the VEI."""
    return check_vertical_equity(metrics, rules)[2]


@pytest.mark.parametrize(
    ("interval", "passes"), [([-14.0, -9.0], True), ([-14.0, -11.0], False), ([11.0, 14.0], False)]
)
def test_the_vei_is_missed_only_when_its_interval_confirms_it(interval: list[float], passes: bool) -> None:
    """Ten percent on both sides, as configured; a NaN passes nothing."""
    metrics = metrics_of(np.linspace(1e5, 1e6, 30), np.linspace(1e5, 1e6, 30))
    rules = Gates(vei=(-10.0, 10.0))
    metrics["holdout"]["vei"] = {"value": float(np.mean(interval)), "ci95": interval}
    assert gate(metrics, rules).passed is passes
    metrics["holdout"]["vei"] = {"value": float("nan"), "ci95": [float("nan")] * 2}
    assert not gate(metrics, rules).passed


def test_without_a_vei_its_gate_is_skipped() -> None:
    """Few held-out sales have no groups to compare."""
    few = np.linspace(1e5, 1e6, 19)
    assert gate(metrics_of(few, few), Gates()).outcome == "skipped"


def test_equity_is_compared_with_that_of_a_model_without_bias() -> None:
    """Noisy prices alone give a high PRD, a low PRB and a low VEI; what is beyond them fails."""
    draw = np.random.default_rng(0)
    y_pred = np.exp(draw.normal(12.0, 0.5, 200_000))
    y_true = y_pred * np.exp(draw.normal(0.0, 0.4, len(y_pred)))
    flat = np.exp(np.log(y_pred).mean() + 0.6 * (np.log(y_pred) - np.log(y_pred).mean()))
    for predicted, passes in ((y_pred, True), (flat, False)):
        found = check_vertical_equity(metrics_of(y_true, predicted), Gates())
        assert {one.name: one.passed for one in found} == {"prd": passes, "prb": passes, "vei": passes}


@pytest.mark.parametrize("sales", [40, 400, 4000])
def test_the_vei_of_a_model_without_bias_is_what_its_noise_lets_expect(sales: int) -> None:
    """The band is widened by just that much: the mean VEI of many such holdouts lies 10 above its lower end."""
    draw = np.random.default_rng(1)
    found, ends = [], []
    for _ in range(40_000 // sales):
        y_pred = np.exp(draw.normal(12.0, 0.5, sales))
        metrics = metrics_of(y_pred * np.exp(draw.normal(0.0, 0.2, sales)), y_pred)
        found.append(metrics["holdout"]["vei"]["value"])
        ends.append(float(gate(metrics, Gates()).required.split(" to ")[0]))
    assert np.mean(found) == pytest.approx(np.mean(ends) + 10.0, abs=2.0)
    assert np.mean(found) < -4.0
