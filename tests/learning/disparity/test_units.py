"""Units: keys where they are large and many, else neighbourhoods that never divide a house."""

import numpy as np
import pytest

from houseprice.learning.disparity.units import choose_units


def test_keys_are_units_where_a_group_has_several_large_ones() -> None:
    """Postcodes, not parcels, and not postcodes that are groups by themselves."""
    draw = np.random.default_rng(0)
    keys, places = draw.integers(0, 20, 2000), draw.uniform(0, 1, (2000, 2))
    houses = np.arange(2000).astype(str)
    found = choose_units(keys % 4, 400, keys.astype(str), houses, places)
    assert (found.kind, found.count) == ("key", 20)
    assert (np.unique(keys.astype(str), return_inverse=True)[1] == found.codes).all()
    assert choose_units(keys, 60, keys.astype(str), houses, places).kind == "neighbourhood"
    assert choose_units(keys % 4, 400, houses, houses, places).kind == "neighbourhood"
    assert choose_units(keys % 4, 400, None, houses, None).kind == "house"


@pytest.mark.parametrize("smallest", [30, 200, 4000])
def test_neighbourhoods_lie_within_groups_and_are_about_as_large(smallest: int) -> None:
    """At most half of the smallest group, and a thirty-second of all sales."""
    draw = np.random.default_rng(1)
    groups, houses = (np.arange(4000) >= smallest).astype(np.int64), draw.integers(0, 3500, 4000)
    groups = groups[np.unique(houses, return_index=True)[1][np.unique(houses, return_inverse=True)[1]]]
    found = choose_units(groups, smallest, None, houses.astype(str), draw.uniform(0, 1, (4000, 2)))
    for part in (groups, houses):
        pairs = len(np.unique(np.column_stack([found.codes, part]), axis=0))
        assert pairs == (found.count if part is groups else len(np.unique(houses)))
    sizes = np.bincount(found.codes)
    assert sizes.max() <= 2 * min(62, max(1, smallest // 4)) + 8


def test_places_that_are_all_the_same_make_units_of_houses() -> None:
    """Nothing else can be halved; two sales of a house stay together."""
    groups, houses = np.arange(400) % 2, (np.arange(400) // 4 * 2 + np.arange(400) % 2).astype(str)
    found = choose_units(groups, 200, None, houses, np.zeros((400, 2)))
    assert found.count > 20
    assert len(np.unique(np.column_stack([found.codes, np.unique(houses, return_inverse=True)[1]]), axis=0)) == 200
