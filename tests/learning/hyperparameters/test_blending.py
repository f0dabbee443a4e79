"""Shares of the blend."""

import numpy as np
import pytest

from houseprice.learning.hyperparameters.blending import find_shares

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


@pytest.mark.parametrize("fixed", [0.0, 0.6, 0.95, 1.0])
def test_parts_share_what_is_left_beside_a_share_by_hand(fixed: float) -> None:
    """However good the others are, all shares are of one whole."""
    shares = find_shares({"a": off(0.3), "b": off(0.1), "c": off(0.12)}, TRUTH, {"a": fixed})
    assert shares["a"] == fixed
    assert min(shares.values()) >= 0
    assert sum(shares.values()) == pytest.approx(1.0)
