"""Honest numbers in, verdict out: green only when every demand holds."""

import copy
from typing import Any

import pytest

from houseprice.learning.gates import Gate, Verdict, check_metrics
from pipeline import Pipeline

GREEN, RED = Gate("a", 0.1, "at most 0.2", passed=True), Gate("b", 0.3, "at most 0.2", passed=False)


def test_a_verdict_is_green_when_every_gate_is() -> None:
    """No gate at all is no pass."""
    assert Verdict((GREEN,)).passed
    assert not Verdict((GREEN, RED)).passed
    assert not Verdict(()).passed
    assert Verdict((GREEN, RED)).failed == (RED,)
    assert not Verdict((GREEN,)).with_gates(RED).passed


def test_a_verdict_tells_what_was_found_and_required() -> None:
    """By the name of each gate."""
    told = Verdict((GREEN, RED)).as_dict()
    assert list(told) == ["a", "b"]
    assert (told["b"]["found"], told["b"]["required"], told["b"]["passed"]) == (0.3, "at most 0.2", False)


def test_the_little_road_is_green(little: Pipeline) -> None:
    """The tests below turn one gate of it red at a time."""
    assert check_metrics(little.trained.metrics, little.config.gates).passed


@pytest.mark.parametrize(
    ("key", "value", "gate"),
    [
        ("holdout.log_rmse", 0.31, "log_rmse"),
        ("holdout.log_rmse", 0.01, "log_rmse"),
        ("holdout.log_rmse", float("nan"), "log_rmse"),
        ("holdout.median_ape", 0.26, "median_ape"),
        ("holdout.median_ape", float("nan"), "median_ape"),
        ("baselines.constant.log_rmse", 0.16, "gain_over_constant"),
        ("baselines.ridge.log_rmse", 0.14, "gain_over_ridge"),
        ("baselines.ridge.log_rmse", float("nan"), "gain_over_ridge"),
        ("holdout.coverage", 0.4, "coverage"),
        ("holdout.coverage", float("nan"), "coverage"),
    ],
)
def test_a_number_beyond_its_limit_turns_its_gate_failed(little: Pipeline, key: str, value: float, gate: str) -> None:
    """And a number that is not a number passes nothing."""
    metrics: dict[str, Any] = copy.deepcopy(little.trained.metrics)
    *parents, last = key.split(".")
    place = metrics
    for name in parents:
        place = place[name]
    place[last] = value
    verdict = check_metrics(metrics, little.config.gates)
    assert gate in {one.name for one in verdict.failed}
    assert not verdict.passed


def test_a_limit_itself_is_allowed(little: Pipeline) -> None:
    """At most is at most."""
    metrics = copy.deepcopy(little.trained.metrics)
    metrics["holdout"]["log_rmse"] = little.config.gates.max_log_rmse
    assert "log_rmse" not in {gate.name for gate in check_metrics(metrics, little.config.gates).failed}
