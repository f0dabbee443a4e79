"""Bins of columns: every number has a place, those of training in the middle."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houseprice.monitoring.bins import bin_edges, bin_names, number_bins, spread_points

NUMBERS = st.lists(st.floats(-1e6, 1e9, allow_nan=False), min_size=1, max_size=200)


@given(NUMBERS)
@example([-1e6, -999999.9999999999])
def test_the_shares_of_training_lie_between_its_ends(values: list[float]) -> None:
    """Nothing of training is beyond its own range, and each bin has a name."""
    numbers = np.array(values)
    about = number_bins(numbers)
    edges = bin_edges(about)
    assert len(about["shares"]) == len(edges) + 1 == len(bin_names(about))
    assert (np.diff(edges) > 0).all()
    assert about["shares"][0] == about["shares"][-1] == 0.0
    assert sum(about["shares"]) == pytest.approx(1.0, abs=1e-4)


def test_few_different_numbers_have_a_bin_each() -> None:
    """Rooms are counted one by one, blanks not at all."""
    about = number_bins(np.array([1.0, 2.0, 2.0, 4.0, np.nan]))
    assert about["values"] == [1.0, 2.0, 4.0]
    assert about["shares"] == [0.0, 0.25, 0.5, 0.25, 0.0]
    assert bin_names(about)[1:-1] == ("1", "2", "4")


def test_a_number_of_many_houses_has_a_bin_of_its_own() -> None:
    """Most houses have no cellar: nothing is not lumped together with a small one."""
    draw = np.random.default_rng(0)
    about = number_bins(np.where(draw.random(5000) < 0.6, 0.0, draw.uniform(100, 900, 5000)))
    assert about["shares"][1] == pytest.approx(0.6, abs=0.02)
    points = spread_points(about, 1000)
    assert (points == 0).mean() == pytest.approx(0.6, abs=0.02)
    assert np.quantile(points, 0.8) == pytest.approx(500, rel=0.1)


def test_square_metres_for_square_feet_lie_in_other_bins() -> None:
    """Most of them beyond what training had, or at its very end."""
    areas = np.exp(np.random.default_rng(0).normal(7.5, 0.4, 5000))
    edges = bin_edges(number_bins(areas))
    assert (np.searchsorted(edges, areas / 10.7639, side="right") <= 2).mean() > 0.95


def test_without_a_number_there_are_no_bins() -> None:
    """A column of blanks says nothing."""
    assert number_bins(np.array([np.nan, np.nan])) == {}
