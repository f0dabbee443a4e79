"""The hit rate curve: errors of the answers that are left when the less certain ones are not taken."""

import numpy as np
import pytest

from houseprice.learning.hit_rate import POINTS, measure_hit_rate
from houseprice.metrics import measure, share_bounds


def test_the_curve_is_that_of_a_case_worked_by_hand() -> None:
    """Four sales in any order: errors of 0, 8, 30 and 15 percent by growing FSD."""
    paid = np.full(4, 100.0)
    found = measure_hit_rate(paid, np.array([130.0, 100.0, 115.0, 108.0]), np.array([0.3, 0.1, 0.4, 0.2]))
    curve = found["curve"]
    assert [point["hit_rate"] for point in curve] == [0.25, 0.5, 0.75, 1.0]
    assert [point["max_fsd"] for point in curve] == [0.1, 0.2, 0.3, 0.4]
    assert [point["sales"] for point in curve] == [1, 2, 3, 4]
    assert [point["within_10"] for point in curve] == pytest.approx([1.0, 1.0, 2 / 3, 0.5])
    assert [point["within_20"] for point in curve] == pytest.approx([1.0, 1.0, 2 / 3, 0.75])
    assert [point["median_ape"] for point in curve] == pytest.approx([0.0, 0.04, 0.08, 0.115])
    squares = np.cumsum(np.log([1.0, 1.08, 1.3, 1.15]) ** 2)
    assert [point["log_rmse"] for point in curve] == pytest.approx(np.sqrt(squares / [1, 2, 3, 4]))
    half = share_bounds(2, 2)
    assert found["within_10_at_half"] == {"value": 1.0, "ci95": [half.low, half.high], "hit_rate": 0.5, "max_fsd": 0.2}


def test_the_curve_has_twenty_points_and_ends_with_all_sales() -> None:
    """Hit rates of 5 %, 10 %, …; its last point is what the model is measured by without a cut."""
    draw = np.random.default_rng(0)
    fsd = draw.uniform(0.05, 0.4, 3001)
    paid = np.exp(draw.normal(12.0, 0.5, 3001))
    predicted = paid * np.exp(draw.normal(size=3001) * fsd)
    found = measure_hit_rate(paid, predicted, fsd)
    curve = found["curve"]
    rates = np.array([point["hit_rate"] for point in curve])
    assert len(curve) == POINTS
    assert rates == pytest.approx(np.arange(1, 21) / 20, abs=1 / 3001)
    assert (rates >= np.arange(1, 21) / 20).all(), "a hit rate is reached, not nearly reached"
    whole = measure(paid, predicted)
    assert curve[-1] == {"hit_rate": 1.0, "max_fsd": fsd.max()} | {
        name: whole[name] for name in ("sales", "median_ape", "within_10", "within_20", "log_rmse")
    }
    at_half = found["within_10_at_half"]
    assert at_half["value"] == curve[9]["within_10"]
    assert at_half["max_fsd"] == curve[9]["max_fsd"]
    assert at_half["ci95"][0] < at_half["value"] < at_half["ci95"][1]
    assert curve[0]["log_rmse"] < 0.5 * curve[9]["log_rmse"] < 0.5 * curve[-1]["log_rmse"]


def test_an_fsd_that_says_nothing_gains_nothing() -> None:
    """Where it is drawn at random, who takes half of the answers has the errors of all."""
    draw = np.random.default_rng(1)
    paid = np.exp(draw.normal(12.0, 0.5, 20_000))
    predicted = paid * np.exp(draw.normal(0.0, 0.15, len(paid)))
    found = measure_hit_rate(paid, predicted, draw.permutation(np.linspace(0.05, 0.4, len(paid))))
    low, high = found["within_10_at_half"]["ci95"]
    assert low < found["curve"][-1]["within_10"] < high


def test_equal_fsds_are_answered_together() -> None:
    """A cut cannot part them: of one FSD for all there is one point, of two values two."""
    paid = np.full(40, 100.0)
    one = measure_hit_rate(paid, paid, np.full(40, 0.2))
    assert [point["hit_rate"] for point in one["curve"]] == [1.0]
    assert one["within_10_at_half"]["hit_rate"] == 1.0
    two = measure_hit_rate(paid, paid * np.repeat([1.0, 1.5], [26, 14]), np.repeat([0.1, 0.3], [26, 14]))
    assert [(point["hit_rate"], point["within_10"]) for point in two["curve"]] == [(0.65, 1.0), (1.0, 0.65)]
    assert (two["within_10_at_half"]["hit_rate"], two["within_10_at_half"]["value"]) == (0.65, 1.0)


@pytest.mark.parametrize("sales", [1, 2, 3, 7, 19, 21])
def test_few_sales_have_as_many_points(sales: int) -> None:
    """One for each at most."""
    paid = np.full(sales, 100.0)
    curve = measure_hit_rate(paid, paid, np.linspace(0.1, 0.2, sales))["curve"]
    assert [point["sales"] for point in curve] == sorted({int(np.ceil(n * sales / 20 - 1e-9)) for n in range(1, 21)})
