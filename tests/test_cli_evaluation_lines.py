"""The lines below the table of metrics hold what was measured, and say what could not be."""

import re
from typing import Any

import numpy as np
import pytest

from houseprice.bundle.model_card import NOT_MEASURED
from houseprice.bundle.noise_floor import NOT_MEASURED as NO_FLOOR
from houseprice.cli.evaluation_lines import evaluation_lines
from houseprice.learning.hit_rate import measure_hit_rate
from houseprice.metrics import measure_fsd, measure_interval, with_bounds

AUTOCORRELATION = {"morans_i": 0.123, "expected": -0.001, "p_value": 0.001, "neighbours": 8, "permutations": 999}

FLOOR = {
    "value": 0.1,
    "ci95": [0.09, 0.11],
    "explained_of_explainable": {"value": 0.987, "ci95": [0.975, 1.002]},
}


def metrics(holdout: dict[str, Any]) -> dict[str, Any]:
    """Return metrics with these of the holdout."""
    return {"holdout": holdout, "noise_floor": FLOOR}


def holdout(sales: int, autocorrelation: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics of so many made sales."""
    draw = np.random.default_rng(0)
    fsd = draw.uniform(0.05, 0.3, sales)
    paid = np.exp(draw.normal(12.0, 0.5, sales))
    price = paid * np.exp(draw.normal(size=sales) * fsd)
    return (
        with_bounds(paid, price, 0)
        | measure_interval(paid, price, price * 0.8, price * 1.25)
        | measure_fsd(paid, price, fsd)
        | {"hit_rate": measure_hit_rate(paid, price, fsd), "spatial_autocorrelation": autocorrelation}
    )


def test_every_measure_is_printed_with_its_value() -> None:
    """The calibration of the FSD, the hit rate with its interval, the shares, VEI, noise floor and Moran's I."""
    found = holdout(400, AUTOCORRELATION)
    lines = evaluation_lines(metrics(found), 0.9)
    half, vei = found["hit_rate"]["within_10_at_half"], found["vei"]
    for line, values in zip(
        lines,
        (
            [f"{found['coverage']:.1%}", f"{found['mean_relative_width']:.0%}"],
            [f"{share:.1%}" for share in (found["within_fsd"], found["mean_fsd"], *found["within_fsd_by_fifth"])],
            [f"{share:.1%}" for share in (half["value"], *half["ci95"])],
            [f"{found[name]:.1%}" for name in ("within_5", "within_10", "within_15", "within_20", "p15_low")],
            [f"{value:+.1f}" for value in (vei["value"], *vei["ci95"])],
            ["0.100", "0.090", "0.110", f"{found['log_rmse']:.3f}", "98.7%", "97.5%", "100.0%"],
            ["0.123", "0.001", "1.2%"],
        ),
        strict=True,
    ):
        assert all(value in line for value in values), line


def test_few_sales_have_no_fifths_and_no_vei() -> None:
    """Nothing is said of what was not measured."""
    lines = evaluation_lines(metrics(holdout(15, {"reason": "few_sales"})), 0.9)
    assert not any("VEI" in line for line in lines)
    assert len(re.findall(r"[\d.]+%", lines[1])) == 2


@pytest.mark.parametrize("reason", NOT_MEASURED)
def test_why_there_is_no_morans_i_is_said(reason: str) -> None:
    """Each reason in other words."""
    lines = evaluation_lines(metrics(holdout(30, {"reason": reason})), 0.9)
    assert NOT_MEASURED[reason] in lines[-1]


def test_chance_is_not_called_a_finding() -> None:
    """A p value of a half: neighbours err as others do."""
    likely, chance = (
        evaluation_lines(metrics(holdout(30, AUTOCORRELATION | {"morans_i": value, "p_value": p})), 0.9)[-1]
        for value, p in ((0.2, 0.05), (-0.012, 0.5))
    )
    assert "2.0%" in likely
    assert "−0.012" in chance
    assert likely.split()[0] != chance.split()[0]


@pytest.mark.parametrize("reason", NO_FLOOR)
def test_why_there_is_no_noise_floor_is_said(reason: str) -> None:
    """Each reason in its words, and no number."""
    made = metrics(holdout(30, AUTOCORRELATION)) | {"noise_floor": {"reason": reason}}
    assert NO_FLOOR[reason] in evaluation_lines(made, 0.9)[-2]
