"""Slices of the holdout: who belongs to which, and what is measured there."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from houseprice.learning.slices import MIN_SALES, by_slice, members, worst
from houseprice.learning.splitting import HOLDOUT
from houseprice.metrics import measure
from learning.tables import prices_table


def test_fifths_hold_every_sale_once() -> None:
    """Of price, living area and year built: five of nearly one size, cut at the quantiles."""
    table = prices_table(1000)
    rows = table.rows(HOLDOUT)
    slices = dict(members(table, rows))
    for name, values in (
        ("price,", table.prices),
        ("living area,", table.features["area"].to_numpy()),
        ("year built,", table.features["built"].to_numpy()),
    ):
        parts = [inside for label, inside in slices.items() if label.startswith(name)]
        assert len(parts) == 5
        assert (np.sum(parts, axis=0) == 1).all()
        assert [inside.sum() for inside in parts] == pytest.approx([200] * 5, abs=12)
        ends = [(values[rows][inside].min(), values[rows][inside].max()) for inside in parts]
        assert all(high <= low for (_, high), (low, _) in pairwise(ends))


def test_locations_are_slices_when_they_have_enough_sales() -> None:
    """Thirty, in the holdout alone; a value that all share is one slice and not five."""
    table = prices_table(400, places=9)
    rows = table.rows(HOLDOUT)
    places = table.features["place"].to_numpy()[rows]
    found = dict(members(table, rows))
    for place, count in zip(*np.unique(places, return_counts=True), strict=True):
        names = [name for name in found if name.endswith(str(place))]
        assert len(names) == (1 if count >= MIN_SALES else 0)
        assert all((found[name] == (places == place)).all() for name in names)


def test_a_feature_without_variation_is_one_slice() -> None:
    """All its sales are in the first fifth, which is also the last."""
    table = prices_table(200)
    object.__setattr__(table, "features", table.features.with_columns(pl.lit(1990.0, pl.Float32).alias("built")))
    slices = {name: inside for name, inside in members(table, table.rows(HOLDOUT)) if name.startswith("year built")}
    assert [inside.all() for inside in slices.values()] == [True]


def test_each_slice_is_measured_on_its_own_sales() -> None:
    """The metrics are those of its sales alone, coverage among them; the worst is the one with the largest error."""
    table = prices_table(600)
    rows = table.rows(HOLDOUT)
    y_true = table.prices[rows]
    places = table.features["place"].to_numpy()[rows]
    price = y_true * np.exp(np.where(places == "p2", 0.5, 0.1))
    found = by_slice(table, rows, (price, price * 0.8, price * 1.2))
    name = next(name for name in found if name.endswith("p2"))
    inside = places == "p2"
    for metric, value in measure(y_true[inside], price[inside]).items():
        assert found[name][metric] == value
    assert found[name]["coverage"] == 0.0
    assert worst(found) == name
    assert found[name]["log_rmse"] == pytest.approx(0.5)


def test_a_holdout_of_few_sales_has_no_slices() -> None:
    """Their errors would be noise."""
    table = prices_table(MIN_SALES - 1)
    assert by_slice(table, table.rows(HOLDOUT), (table.prices[10:],) * 3) == {}


def test_sales_of_categories_that_training_has_not_seen_are_a_slice() -> None:
    """New places of which each has too few sales to be one; a blank is no category."""
    table = prices_table(200)
    rows = table.rows(HOLDOUT)
    places = np.array(["p0"] * 10 + ["p0"] * 60 + [""] * 40 + [f"new {number % 20}" for number in range(100)])
    object.__setattr__(table, "features", table.features.with_columns(pl.Series("place", places)))
    (inside,) = (inside for name, inside in members(table, rows) if name.startswith("place:"))
    assert (inside == np.char.startswith(places[rows], "new")).all()


def test_where_all_categories_are_new_they_are_no_slice() -> None:
    """Such as addresses: it would be the whole holdout."""
    table = prices_table(200)
    places = pl.Series("place", [f"street {number}" for number in range(210)])
    object.__setattr__(table, "features", table.features.with_columns(places))
    assert not [name for name, _ in members(table, table.rows(HOLDOUT)) if name.startswith("place:")]
