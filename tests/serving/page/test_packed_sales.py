"""Sales in the packed file: within half a step of what they are, whatever they are."""

import gzip
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from page.unpacked import Unpacked, unpack

from houseprice.bundle.sales_store import Sales
from houseprice.schema import Schema
from houseprice.serving.page.packed_sales import AREA_STEP, DAYS, PRICE_STEP, pack_sales, places_of

SCHEMA = Schema.model_validate(
    {
        "columns": {
            "sold": {"kind": "date", "role": "sale_date", "known": "at_sale"},
            "paid": {"kind": "number", "role": "target", "known": "at_sale"},
            "north": {"kind": "number", "role": "latitude"},
            "east": {"kind": "number", "role": "longitude"},
            "size": {"kind": "number", "role": "living_area", "required": False},
            "quarter": {"kind": "category", "role": "location", "required": False},
        }
    }
)
ROWS = st.lists(
    st.tuples(
        st.floats(-90.0, 90.0),
        st.floats(-180.0, 180.0),
        st.floats(1.0, 1e12),
        st.one_of(st.just(np.nan), st.floats(0.1, 1e7)),
        st.one_of(st.just(np.nan), st.integers(-30000, 40000).map(float)),
        st.sampled_from(["", "a", "<b>", "ñ\n"]),
    ),
    min_size=1,
    max_size=40,
)


def sales_of(rows: list[tuple[Any, ...]]) -> Sales:
    """Return some sales, as a bundle holds them."""
    north, east, paid, size, sold, quarter = (np.array(values) for values in zip(*rows, strict=True))
    columns = {"north": north, "east": east, "size": size, "sold": sold, "quarter": quarter.astype(object)}
    return Sales(columns, paid)


def packed(sales: Sales) -> Unpacked:
    """Return the sales as a browser has them."""
    places = places_of(sales, SCHEMA)
    assert places is not None
    return unpack(gzip.decompress(pack_sales(sales, SCHEMA, places)))


def sorted_rows(*columns: Any) -> Any:
    """Return the rows of some columns in an order that does not depend on how they were given."""
    rows = np.column_stack(columns)
    return rows[np.lexsort(rows.T[::-1])]


@given(ROWS)
def test_every_sale_is_within_half_a_step_of_what_it_was(rows: list[tuple[Any, ...]]) -> None:
    """Each value by the step that its own column states; what is missing stays missing, row by row."""
    sales = sales_of(rows)
    found = packed(sales)
    assert found.header["count"] == len(rows)
    steps = {column["name"]: column["step"] for column in found.header["columns"]}
    assert steps["price"] == PRICE_STEP
    names = {"latitude": "north", "longitude": "east", "area": "size", "day": "sold"}
    paid = dict.fromkeys(range(len(rows)))
    for place in range(found.header["count"]):
        fits = np.abs(np.log(found.columns["price"][place] / sales.prices)) <= steps["price"] / 2 + 1e-9
        for name, source in names.items():
            if name not in found.columns:
                assert np.isnan(sales.columns[source]).all()
                continue
            value, values = found.columns[name][place], sales.columns[source]
            if np.isnan(value):
                fits &= np.isnan(values)
            elif name == "area":
                fits &= np.abs(np.log(value / np.where(values > 0, values, np.nan))) <= steps[name] / 2 + 1e-9
            else:
                first = np.nanmin(values) if name == "day" else 0.0
                fits &= np.abs(value - (values - first)) <= steps[name] / 2 + 1e-6
        matched = [row for row in np.flatnonzero(fits).tolist() if row in paid]
        assert matched
        del paid[matched[0]]
    assert not paid


@given(ROWS)
def test_the_same_sales_give_the_same_bytes(rows: list[tuple[Any, ...]]) -> None:
    """Nothing of the time or the machine is in them."""
    sales = sales_of(rows)
    places = places_of(sales, SCHEMA)
    assert places is not None
    assert pack_sales(sales, SCHEMA, places) == pack_sales(sales, SCHEMA, places)


def test_labels_are_where_the_sales_of_each_location_lie() -> None:
    """Medians of the places, most sales first; markup stays what it is, and no name is no label."""
    rows = [(47.0, 1.0, 9.0, 50.0, 0.0, "<b>"), (47.2, 1.2, 9.0, 50.0, 0.0, "<b>"), (47.4, 1.1, 9.0, 50.0, 0.0, "<b>")]
    rows += [(40.0, 2.0, 9.0, 50.0, 0.0, "a"), (41.0, 2.0, 9.0, 50.0, 0.0, "")]
    assert packed(sales_of(rows)).header["labels"] == [
        {"text": "<b>", "latitude": 47.2, "longitude": 1.1, "count": 3},
        {"text": "a", "latitude": 40.0, "longitude": 2.0, "count": 1},
    ]


@given(ROWS)
def test_every_sale_has_its_own_label(rows: list[tuple[Any, ...]]) -> None:
    """As a browser finds it: among the labels by distance, at the position that is stored; missing without one."""
    rows = [(*row[:2], 1.5**index, *row[3:]) for index, row in enumerate(rows)]  # a price for each, to know it by
    found = packed(sales_of(rows))
    labels = found.header["labels"]
    for sale, price in enumerate(found.columns["price"].tolist()):
        text = rows[round(np.log(price) / np.log(1.5))][5]
        if not text:
            assert not labels or np.isnan(found.columns["label"][sale])
            continue
        north, east = found.columns["latitude"][sale], found.columns["longitude"][sale]
        narrow = np.cos(np.radians(north))
        away = {
            label["text"]: (label["latitude"] - north) ** 2 + ((label["longitude"] - east) * narrow) ** 2
            for label in labels
        }
        nearest = sorted(away.values())[int(found.columns["label"][sale])]
        assert away[text] == pytest.approx(nearest, rel=1e-9, abs=1e-12)


def test_sales_without_a_place_are_left_out() -> None:
    """As are places that cannot be degrees; where none is left there is no map."""
    away = [(np.nan, 1.0, 9.0, 50.0, 0.0, "a"), (5.2e6, 4.0e5, 9.0, 50.0, 0.0, "a"), (1.0, np.inf, 9.0, 50.0, 0.0, "a")]
    assert packed(sales_of([*away, (1.0, 1.0, 9.0, 50.0, 0.0, "a")])).header["count"] == 1
    assert places_of(sales_of(away), SCHEMA) is None


@pytest.mark.parametrize("lacking", ["north", "east"])
def test_without_coordinates_there_is_no_map(lacking: str) -> None:
    """One alone is none."""
    sales = sales_of([(1.0, 1.0, 9.0, 50.0, 0.0, "a")])
    del sales.columns[lacking]
    assert places_of(sales, SCHEMA) is None


@pytest.mark.parametrize("lacking", ["size", "sold", "quarter"])
def test_what_is_not_known_is_not_in_the_file(lacking: str) -> None:
    """Place and price alone are a map."""
    sales = sales_of([(1.0, 1.0, 9.0, 50.0, 0.0, "a"), (1.5, 1.0, 9.5, 55.0, 20.0, "b")])
    del sales.columns[lacking]
    found = packed(sales)
    name = {"size": "area", "sold": "day", "quarter": "label"}[lacking]
    assert set(found.columns) == {"latitude", "longitude", "price", "area", "day", "label"} - {name}
    assert bool(found.header["labels"]) == (lacking != "quarter")


def test_many_sales_of_a_county_take_three_bytes_each() -> None:
    """A map of 20,000 sales, random in all but the density of places, is small enough to be loaded with the page."""
    rng = np.random.default_rng(0)
    count = 20_000
    columns = {
        "north": 47.5 + 0.1 * rng.standard_normal(count).round(3),
        "east": -122.2 + 0.1 * rng.standard_normal(count).round(3),
        "size": np.exp(7.5 + 0.4 * rng.standard_normal(count)).round(-1),
        "sold": 16000.0 + rng.integers(0, 400, count),
    }
    sales = Sales(columns, np.exp(13 + 0.5 * rng.standard_normal(count)).round(-3))
    places = places_of(sales, SCHEMA)
    assert places is not None
    content = pack_sales(sales, SCHEMA, places)
    assert len(content) < 4 * count
    found = unpack(gzip.decompress(content))
    assert {column["name"]: column["step"] for column in found.header["columns"]}["area"] == AREA_STEP
    assert found.columns["day"].max() <= 399 + DAYS / 2
    assert np.sort(found.columns["price"]) == pytest.approx(np.sort(sales.prices), rel=np.expm1(PRICE_STEP / 2))
