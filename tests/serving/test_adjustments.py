"""Adjustments lead from the price paid to the adjusted price, to the cent, whatever the house and the schema."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import onnx.parser
import pytest
import toy as toys
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import FULL, FULL_PRICE, PAID, SOLD

from houseprice.bundle import manifest as manifests
from houseprice.bundle import sales_store
from houseprice.bundle.load import Bundle, open_bundle
from houseprice.errors import ServingError
from houseprice.schema import Schema
from houseprice.serving.explain.comparables import ComparableFinder
from houseprice.serving.explain.sale_selection import SaleSelection
from houseprice.serving.explain.schemas import Comparable, Comparables
from houseprice.serving.request import House
from houseprice.serving.scorer import Scorer

ALL = SaleSelection(20)


def cents(amount: float) -> int:
    """Return an amount in whole cents."""
    return round(amount * 100)


def add_up(found: Comparables) -> bool:
    """Tell whether the adjustments of each sale lead from price to adjusted price, and are whole cents."""
    return all(
        cents(sale.price) + sum(cents(step.amount) for step in sale.adjustments) == cents(sale.adjusted_price)
        and all(step.amount == cents(step.amount) / 100 for step in sale.adjustments)
        for sale in found.comparables
    )


def steps(sale: Comparable) -> dict[str, float]:
    """Return name → amount."""
    return {step.name: step.amount for step in sale.adjustments}


def find(bundle: Bundle, house: House) -> Comparables:
    """Return all sales, compared with a house of a request."""
    return ComparableFinder(bundle).find(Scorer(bundle).request.validate([house])[0], ALL)


def test_each_step_can_be_worked_out_by_hand(toy: Bundle) -> None:
    """Of a model of sums: the market first, then each difference as a share of the price of the sold house."""
    found = find(toy, {**FULL, "sold": "2014-10-23"})
    same, like, *_ = found.comparables
    assert steps(same) == {"market": pytest.approx(151000 * np.expm1(0.01), abs=0.006)}
    assert same.adjusted_price == same.time_adjusted_price
    carried = 149000 * np.exp(0.001 * (16366 - 16400))
    worth = 118 * 1000 + 4 * 2000 + 2 * 5000 + (16366 - 16000) * 10
    expected = {"living area": 2500, "grade": 5000, "lot": 500, "heating": 300, "state": 400, "pool": 3000}
    amounts = {name: difference / worth * carried for name, difference in expected.items()}
    assert steps(like) == pytest.approx({"market": carried - 149000, **amounts}, abs=0.02)
    assert like.adjusted_price == pytest.approx(carried * (FULL_PRICE + 100) / worth, abs=0.01)
    assert next(iter(steps(like))) == "market"
    assert add_up(found)


HOUSES = st.fixed_dictionaries(
    {
        "living area": st.floats(10, 5000, allow_nan=False),
        "rooms": st.integers(0, 50),
        "zip": st.sampled_from(["98039", "98178", "10115", "ß", "a b", "'; --"]),
        "grade": st.sampled_from([1, 2, 3, 5]),
    },
    optional={
        "sold": st.dates(date(2014, 1, 1), date(2018, 1, 1)).map(str),
        "lot": st.floats(0, 1e6) | st.none(),
        "heating": st.sampled_from(["gas", "oil", None]),
        "state": st.sampled_from(["poor", "good", None]),
        "pool": st.booleans() | st.none(),
    },
)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(house=HOUSES, paid=st.lists(st.floats(0.001, 1e8), min_size=4, max_size=4), seed=st.integers(0, 2**32 - 1))
def test_adjustments_add_up_to_the_cent(toy: Bundle, house: House, paid: list[float], seed: int) -> None:
    """For 4,000 random pairs of houses and prices, such of fractions of a cent among them."""
    draw = np.random.default_rng(seed)
    sales = {name: values[draw.integers(0, 4, 16)] for name, values in SOLD.items()}
    prices = np.array(paid)[draw.integers(0, 4, 16)] * draw.uniform(0.5, 2, 16)
    found = find(replace(toy, sales=sales_store.pack(sales, prices)), house)
    assert len(found.comparables) == 16
    assert add_up(found)


def test_a_sale_without_a_day_is_not_carried(toy: Bundle) -> None:
    """No trend is known for it, so the market's step is none."""
    undated = {**SOLD, "sold": np.array([np.nan, 16400.0, 16500.0, 16582.0])}
    found = find(replace(toy, sales=sales_store.pack(undated, PAID)), FULL)
    blank = next(sale for sale in found.comparables if sale.sale_date is None)
    assert steps(blank)["market"] == 0.0
    assert blank.time_adjusted_price == blank.price == 151000.0
    assert add_up(found)


def test_a_price_that_is_not_above_zero_is_an_error(toy: Bundle) -> None:
    """There is no ratio to it."""
    with pytest.raises(ServingError) as caught:
        find(toy, {**FULL, "sold": "1900-01-01"})
    assert caught.value.code == "price_not_positive"


def test_a_price_beyond_all_cents_is_an_error(toy: Bundle) -> None:
    """A trend of 85 years is no longer a number of cents."""
    with pytest.raises(ServingError) as caught:
        find(toy, {**FULL, "sold": "2099-12-31"})
    assert caught.value.code == "price_too_large"


def test_schemas_without_dates_and_with_any_names_are_adjusted(tmp_path: Path) -> None:
    """One column, called as the market's step is, and a single sale: no market, and a difference that adds up."""
    found = find(undated_bundle(tmp_path), {"market": 3.0})
    (sale,) = found.comparables
    assert (sale.sale_date, sale.price, sale.time_adjusted_price) == (None, 100.0, 100.0)
    assert steps(sale) == {"market": 50.0}
    assert (sale.adjusted_price, sale.weight, found.reconciled_value) == (150.0, 1.0, 150.0)


def undated_bundle(folder: Path, columns: tuple[str, ...] = ("market",)) -> Bundle:
    """Return a model of numbers without dates and coordinates, whose price is 1000 times their sum, and one sale."""
    inputs = ", ".join(f"double[n] {name}" for name in columns)
    model = f"""
    <ir_version: 10, opset_import: ["" : 21]>
    price ({inputs}) => (double[n] predicted_price, double[n] interval_low, double[n] interval_high, double[n] fsd)
    <double thousand = {{1000}}, double half = {{0.5}}, double none = {{0}}>
    {{
      whole = Sum({", ".join(columns)})
      predicted_price = Mul(whole, thousand)
      interval_low = Mul(predicted_price, half)
      interval_high = Sum(predicted_price, predicted_price)
      fsd = Mul(predicted_price, none)
    }}
    """
    similarity = f"""
    <ir_version: 10, opset_import: ["" : 21]>
    similarity (double[n] {columns[0]}) => (double[1, n] coordinates, double[n] trend)
    <double none = {{0}}, int64[2] flat = {{1, -1}}>
    {{
      coordinates = Reshape({columns[0]}, flat)
      trend = Mul({columns[0]}, none)
    }}
    """
    schema: dict[str, Any] = {
        "id": {"kind": "category", "role": "parcel", "description": "Parcel"},
        "paid": {"kind": "number", "role": "target", "known": "at_sale", "description": "Price"},
        **{name: {"kind": "number", "description": name} for name in columns},
    }
    house = dict.fromkeys(columns, 2.0)
    changes = {
        manifests.MODEL: bytes(onnx.parser.parse_model(model).SerializeToString()),
        manifests.SIMILARITY: bytes(onnx.parser.parse_model(similarity).SerializeToString()),
        manifests.SALES: sales_store.pack({name: np.array([2.0]) for name in columns}, np.array([100.0])),
        manifests.EXPLANATION: {"background": [house], "coordinates": {columns[0]: [columns[0]]}, "market_index": {}},
        manifests.GOLDEN: {"tolerance": 1e-4, "rows": [house], "answers": []},
        manifests.REFERENCE: {},
    }
    about = {"schema": Schema.model_validate({"columns": schema}), "reference_date": None}
    return open_bundle(toys.seal(folder, changes, **about))


def test_real_sales_are_adjusted_nearer_to_what_houses_are_worth(bundle_dir: Path) -> None:
    """Amounts add up, and the adjusted prices of a house differ less among each other than the prices paid."""
    bundle = open_bundle(bundle_dir)
    finder, rules = ComparableFinder(bundle), Scorer(bundle).request
    before, after = [], []
    for house in rules.validate(bundle.sample["rows"][:40]):
        found = finder.find(house)
        assert add_up(found)
        before.append(np.std(np.log([sale.price for sale in found.comparables])))
        after.append(np.std(np.log([sale.adjusted_price for sale in found.comparables])))
    assert np.mean(after) < np.mean(before)
