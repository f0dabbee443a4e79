"""The permutation test by itself: exact p-values of few units, and what it must not depend on."""

from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest

from houseprice.learning.disparity import permutation
from houseprice.learning.disparity.permutation import Differences, max_t_test

TWO_SIDED = np.array([True])


def compare(
    values: npt.NDArray[np.float64], groups: npt.NDArray[np.int64], units: npt.NDArray[np.int64]
) -> Differences:
    """Return the differences of all groups in one measure."""
    return max_t_test(values[:, None], groups, units, np.unique(groups), TWO_SIDED, 0.5, 0)


def test_the_p_value_is_the_share_of_all_exchanges_that_differ_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six units in three pairs, counted over all orders."""
    units = np.repeat(np.arange(6), 8)
    values = np.repeat([1.0, 1.1, 0.2, 0.1, -0.3, 0.0], 8) + np.random.default_rng(0).normal(0.0, 0.1, 48)
    found = compare(values, units // 2, units)
    monkeypatch.setattr(permutation, "PERMUTATIONS", 1)

    def largest(order: tuple[int, ...]) -> float:
        one = compare(values, np.array(order)[units] // 2, units)
        return float(np.abs(one.value / one.standard_error).max())

    observed = largest((0, 1, 2, 3, 4, 5))
    exact = np.mean([largest(order) >= observed - 1e-9 for order in permutations(range(6))])
    assert found.p_value.min() == pytest.approx(exact, abs=0.03)
    assert found.p_value.min() > 0.05  # six units cannot prove more


def test_differences_are_those_of_the_sales() -> None:
    """However many sales a unit has."""
    units, groups = np.array([0, 0, 0, 1, 2, 2, 3]), np.array([0, 0, 0, 0, 1, 1, 1])
    found = compare(np.arange(7.0) + 100.0, groups, units)
    assert found.value[:, 0] == pytest.approx([1.5 - 5.0, 5.0 - 1.5])
    assert found.others[:, 0] == pytest.approx([105.0, 101.5])


def test_what_all_sales_share_changes_nothing() -> None:
    """A model that is off everywhere treats its groups alike."""
    draw = np.random.default_rng(1)
    units = np.repeat(np.arange(40), 5)
    values, groups = draw.normal(0.0, 1.0, 200), units % 4
    first, moved = compare(values, groups, units), compare(values + 7.0, groups, units)
    assert moved.value == pytest.approx(first.value)
    assert (moved.p_value == first.p_value).all()


def test_equal_values_differ_nowhere() -> None:
    """As when every sale is within its interval."""
    units = np.repeat(np.arange(20), 5)
    found = compare(np.zeros(100), units % 2, units)
    assert (found.p_value == 1.0).all()
    assert (found.value == 0.0).all()


def test_values_that_differ_by_rounding_differ_nowhere() -> None:
    """As the widths of intervals that are all the same share of a price."""
    draw = np.random.default_rng(4)
    units = np.repeat(np.arange(20), 5)
    prices = np.exp(draw.normal(13.0, 0.5, 100))
    found = compare((prices * 1.17 - prices * 0.85) / prices, units % 2, units)
    assert (found.p_value == 1.0).all()


def test_a_group_of_one_unit_is_compared_with_what_units_vary_by() -> None:
    """An ordinary one is not found, one far from all others is."""
    draw = np.random.default_rng(2)
    units = np.repeat(np.arange(60), 5)
    means = draw.normal(0.0, 1.0, 60)
    for first, is_found in ((0.5, False), (9.0, True)):
        means[0] = first
        found = compare(means[units], (units > 0).astype(np.int64), units)
        assert (found.p_value[0, 0] <= 0.05) == is_found


def test_only_higher_counts_where_lower_is_no_harm() -> None:
    """One-sided measures alarm in one direction."""
    units = np.repeat(np.arange(40), 5)
    groups = units % 2
    values = np.random.default_rng(3).normal(0.0, 0.1, 200) + groups
    found = max_t_test(values[:, None], groups, units, np.array([0, 1]), np.array([False]), 0.05, 0)
    assert found.p_value[0, 0] > 0.9
    assert found.p_value[1, 0] < 0.01
