"""The baselines: to know nothing, or only straight lines; the sales next door, and the last one of the same house."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from houseprice.learning import feature_table
from houseprice.learning.baselines import constant_log, last_sale, nearest_sales, ridge
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.trend import Trend
from houseprice.learning.trend_design import TIME
from houseprice.schema import Schema
from learning.tables import SCHEMA

PLACED = Schema.model_validate(
    {
        "columns": SCHEMA.model_dump()["columns"]
        | {
            "north": {"kind": "number", "role": "latitude"},
            "east": {"kind": "number", "role": "longitude"},
        }
    }
)


def table_of(schema: Schema, side: list[str], **columns: Any) -> FeatureTable:
    """Return a feature table of some columns; a sale is of a house of its own, a day after the one before."""
    count = len(side)
    keys: Mapping[str, Any] = {
        "plot": [f"n{number}" for number in range(count)],
        "day": [date(2020, 1, 1) + timedelta(days=number) for number in range(count)],
        "paid": np.full(count, 1.0),
        "split": side,
    }
    return feature_table.parse(feature_table.write(pl.DataFrame(keys | columns), "0" * 64), "made", schema)


def test_the_constant_is_the_mean_log_price() -> None:
    """The same for every house."""
    assert constant_log(np.array([100.0, 10000.0]), 3) == pytest.approx([np.log(1000)] * 3)


def test_the_ridge_finds_lines_roots_and_effects_of_texts() -> None:
    """What is made of them is answered all but exactly, on rows that were not learned from."""
    draw = np.random.default_rng(0)
    area = draw.uniform(20, 300, 400).astype(np.float32)
    quarter = draw.choice(["north", "south"], 400)
    log = 10 + np.sqrt(area) / 5 - area / 500 + 0.3 * (quarter == "north")
    features = pl.DataFrame({"area": area, "quarter": quarter})
    model = ridge(features, 1e-6).fit(features[:200], log[:200])
    assert model.predict(features[200:]) == pytest.approx(log[200:], abs=1e-3)


def test_an_unknown_text_and_a_missing_kind_of_column_are_no_trouble() -> None:
    """The newest sales may hold a text that no training row has; a table may have no text at all."""
    features = pl.DataFrame({"area": np.arange(10, dtype=np.float32), "quarter": ["a"] * 5 + ["b"] * 5})
    model = ridge(features, 1.0).fit(features, np.arange(10.0))
    assert np.isfinite(model.predict(features.with_columns(quarter=pl.lit("c")))).all()
    numbers = features.select("area")
    assert np.isfinite(ridge(numbers, 1.0).fit(numbers, np.arange(10.0)).predict(numbers)).all()


def test_negative_numbers_have_roots_too() -> None:
    """Longitudes are negative, and a house may be sold before it is built."""
    features = pl.DataFrame({"age": np.array([-4, -1, 0, 1, 9], dtype=np.float32)})
    log = np.array([-2.0, -1.0, 0.0, 1.0, 3.0])
    assert ridge(features, 1e-9).fit(features, log).predict(features) == pytest.approx(log, abs=1e-6)


def test_the_nearest_sales_give_their_median_price_per_area() -> None:
    """Ten of them, near in kilometres: at 60° north a degree of longitude is half one of latitude."""
    count = 30
    sales = table_of(
        PLACED,
        ["train"] * count + ["holdout"],
        paid=np.concatenate([np.full(10, 200.0), np.full(10, 300.0), np.full(10, 900.0), [1.0]]),
        area=np.concatenate([np.full(10, 100.0), np.full(10, 100.0), np.full(10, 100.0), [50.0]]),
        north=np.concatenate([np.full(10, 60.0), np.full(10, 60.02), np.full(10, 61.0), [60.0]]),
        east=np.concatenate([np.full(10, 10.03), np.full(10, 10.0), np.full(10, 10.0), [10.0]]),
    )
    train, rows = np.arange(count), np.array([count])
    assert nearest_sales(sales, train, rows) == pytest.approx([100.0])  # 1.7 km to the east, and 2.2 to the north


def test_without_a_living_area_the_nearest_sales_give_their_median_price() -> None:
    """Fewer than ten sales are all of them; areas of 0 count as the median one; without coordinates there is none."""
    columns: dict[str, Any] = {"paid": [100.0, 300.0, 500.0, 1.0], "north": [50.0] * 4, "east": [8.0, 8.1, 8.2, 8.3]}
    side, train, rows = ["train"] * 3 + ["holdout"], np.arange(3), np.array([3])
    assert nearest_sales(table_of(PLACED, side, **columns), train, rows) == pytest.approx([300.0])
    all_zero = table_of(PLACED, side, **columns, area=[0.0] * 4)
    assert nearest_sales(all_zero, train, rows) == pytest.approx([300.0])
    some_zero = table_of(PLACED, side, **columns, area=[0.0, 50.0, 150.0, 200.0])  # 1, 6 and 3.33 for each unit
    assert nearest_sales(some_zero, train, rows) == pytest.approx([200.0 * 500.0 / 150.0])
    nowhere = table_of(SCHEMA, side, paid=columns["paid"], area=[1.0, 2.0, 3.0, 4.0])
    assert nearest_sales(nowhere, train, rows) is None


def test_the_last_sale_is_carried_to_the_day_by_the_trend() -> None:
    """Of two training sales of the house the later one counts, wherever it stands in the table."""
    sales = table_of(
        SCHEMA,
        ["train", "train", "train", "resold", "holdout"],
        plot=["a", "a", "b", "a", "c"],
        day=[date(2020, 3, 1), date(2020, 1, 1), date(2020, 4, 1), date(2020, 5, 1), date(2020, 5, 2)],
        paid=[200.0, 100.0, 900.0, 1.0, 1.0],
        **{TIME: [2.0, 0.0, 3.0, 4.0, 4.0]},
    )
    rising = Trend(knots=(0.0, 10.0), slopes=(0.01,), newest=10.0)
    train, rows = np.arange(3), np.array([3])
    assert last_sale(sales, train, rows, rising) == pytest.approx([200.0 * np.exp(0.02)])
    assert last_sale(sales, train, rows, Trend()) == pytest.approx([200.0])
