"""Shares of the blend."""

import numpy as np
import pytest

from houseprice.learning.hyperparameters.blending import find_shares, find_slope

DRAW = np.random.default_rng(0)
TRUTH = DRAW.normal(size=4000)


def off(by: float) -> np.ndarray:
    """Return predictions that err by so much, each by itself."""
    return TRUTH + np.random.default_rng(int(by * 1000)).normal(0, by, 4000)


def test_parts_that_err_alike_and_apart_share_the_blend() -> None:
    """In inverse proportion to their variances."""
    shares = find_shares({"a": off(0.2), "b": off(0.1)}, TRUTH)
    assert shares["b"] == pytest.approx(0.8, abs=0.03)
    assert sum(shares.values()) == pytest.approx(1.0)


def test_a_part_that_does_not_help_is_dropped() -> None:
    """One that errs as another does, and more."""
    best = off(0.1)
    shares = find_shares({"best": best, "worse": best + DRAW.normal(0, 0.3, 4000)}, TRUTH)
    assert shares == {"best": 1.0, "worse": 0.0}


def test_equal_parts_leave_one() -> None:
    """Whichever it is, it has the whole share."""
    shares = find_shares({"a": off(0.1), "b": off(0.1)}, TRUTH)
    assert sorted(shares.values()) == [0.0, 1.0]


def test_a_prior_draws_shares_together_where_few_rows_tell_little() -> None:
    """Two parts that err alike both stay; many rows have their way."""
    alike = {"a": TRUTH + (off(0.1) - TRUTH) * 1.05, "b": off(0.1)}
    few = {part: values[:60] for part, values in alike.items()}
    assert find_shares(few, TRUTH[:60]) == {"a": 0.0, "b": 1.0}
    assert find_shares(few, TRUTH[:60], spread=0.2) == {
        "a": pytest.approx(0.5, abs=0.1),
        "b": pytest.approx(0.5, abs=0.1),
    }
    assert find_shares({"a": off(0.2), "b": off(0.1)}, TRUTH, spread=0.2)["b"] == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("fixed", [0.0, 0.6, 0.95, 1.0])
def test_parts_share_what_is_left_beside_a_share_by_hand(fixed: float) -> None:
    """However good the others are, all shares are of one whole."""
    shares = find_shares({"a": off(0.3), "b": off(0.1), "c": off(0.12)}, TRUTH, {"a": fixed})
    assert shares["a"] == fixed
    assert min(shares.values()) >= 0
    assert sum(shares.values()) == pytest.approx(1.0)


def shrunk(error: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions by least squares, and true values that are off by so much."""
    draw = np.random.default_rng(1)
    predicted = draw.normal(0, 0.5, count)
    return predicted, predicted + draw.normal(0, error, count)


def test_the_slope_lets_predictions_spread_as_the_truth_does() -> None:
    """Where that costs little."""
    predicted, y_true = shrunk(0.05)
    assert find_slope(predicted, y_true, 0.005) == pytest.approx(y_true.std() / predicted.std(), abs=1e-3)


@pytest.mark.parametrize("error", [0.15, 0.3, 2.0])
def test_the_slope_costs_no_more_than_it_may(error: float) -> None:
    """Nor does it cost nothing: where errors are large, the bound is what rules."""
    predicted, y_true = shrunk(error, 100_000)
    slope = find_slope(predicted, y_true, 0.005)
    mean = predicted.mean()
    before, after = (np.sqrt(((mean + by * (predicted - mean) - y_true) ** 2).mean()) for by in (1.0, slope))
    assert 1.0025 < after / before <= 1.00505


@pytest.mark.parametrize(
    ("predicted", "y_true"),
    [
        (np.full(500, 12.0), shrunk(0.1, 500)[1]),
        (shrunk(0.1)[1] * 1.5, shrunk(0.1)[1]),
        (shrunk(0.1)[0], shrunk(0.1)[0]),
    ],
    ids=["one price for all", "predictions that spread too much", "exact predictions"],
)
def test_what_need_not_spread_more_keeps_its_slope(predicted: np.ndarray, y_true: np.ndarray) -> None:
    """A slope of 1 changes nothing."""
    assert find_slope(predicted, y_true) == 1.0


def test_what_the_slope_gains_here_others_may_lose() -> None:
    """Predictions that spread too little by chance get no steeper slope than those that do not."""
    predicted, y_true = shrunk(0.15, 100_000)
    assert find_slope(predicted * 0.98, y_true) == pytest.approx(find_slope(predicted, y_true), abs=0.003)
