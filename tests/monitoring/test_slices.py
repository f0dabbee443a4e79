"""Slices of sales: by place as the bundle knows it, and by price."""

from dataclasses import replace

import numpy as np
import pytest
from made_days import made_sales

from houseprice.monitoring.profile import ReferenceProfile
from houseprice.monitoring.slices import price_bands, slices_of


def test_each_category_and_each_part_of_the_map_is_a_slice(profile: ReferenceProfile) -> None:
    """Thirds of training, by latitude and longitude."""
    sales = made_sales(900)
    found = {part.name: part for part in slices_of(profile, sales)}
    assert sum(part.kind == "location" for part in found.values()) == 4
    assert sum(part.kind == "map" for part in found.values()) == 9
    south_west = found["the south, west"].members
    assert (sales.inputs["lat"][south_west] < 50.4).all()
    assert (sales.inputs["long"][south_west] < 8.4).all()
    assert south_west.mean() == pytest.approx(1 / 9, abs=0.04)


def test_what_a_slice_was_in_the_holdout_is_no_news(profile: ReferenceProfile) -> None:
    """Its error there, and how well that is known."""
    known = replace(profile, slices={"quarter a": (0.04, 100, 0.15)})
    found = {part.name: part for part in slices_of(known, made_sales(50))}
    assert (found["quarter a"].usual, found["quarter a"].uncertain) == (0.04, pytest.approx(0.03))
    assert (found["quarter b"].usual, found["quarter b"].uncertain) == (0.0, 0.0)


def test_without_places_there_are_no_slices(profile: ReferenceProfile) -> None:
    """A schema need not have any."""
    assert slices_of(replace(profile, roles={}), made_sales(50)) == []


@pytest.mark.parametrize("count", [0, 1, 7, 200])
def test_every_sale_is_in_one_band_of_prices(count: int) -> None:
    """However few there are."""
    sales = made_sales(count)
    bands = price_bands(sales)
    members = np.stack([band.members for band in bands]) if bands else np.zeros((0, count))
    assert members.sum() == count
