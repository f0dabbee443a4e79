"""Leakage: columns that hold the price are found by structure, and honest ones are not."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from houseprice.config import Config
from houseprice.learning.leakage import (
    Leak,
    check_raw_columns,
    depends_on_target,
    drop_waived,
    known_at_sale,
    needs_more_than_request,
    numbers,
    reconstructions,
)
from learning.houses import SCHEMA, cleaned, sales
from learning.tables import SCHEMA as TABLE_SCHEMA

Floats = npt.NDArray[np.float64]
MIN_SPREAD = 0.08
COUNT = 1500


def market() -> tuple[dict[str, Floats], Floats]:
    """Return honest columns, one of which explains most of the price, and the prices."""
    draw = np.random.default_rng(0)
    area, lot = np.round(draw.uniform(40.0, 250.0, COUNT)), np.round(draw.uniform(100.0, 2000.0, COUNT))
    prices = 2000.0 * area * np.exp(draw.normal(0.0, 0.15, COUNT))
    return {"area": area, "lot": lot}, prices


def noisy(spread: float) -> Floats:
    """Return factors whose log has a standard deviation."""
    return np.exp(np.random.default_rng(1).normal(0.0, spread, COUNT))


@pytest.mark.parametrize(
    "leaking",
    [
        lambda area, lot, price: price,
        lambda area, lot, price: price * noisy(0.03),
        lambda area, lot, price: price * 0.0009,  # another currency, in thousands
        lambda area, lot, price: price / area,
        lambda area, lot, price: price * area,
        lambda area, lot, price: area / price,
        lambda area, lot, price: price - 150.0 * lot,
        lambda area, lot, price: price + 70.0,
        lambda area, lot, price: np.sqrt(price),
        lambda area, lot, price: np.round(np.log(price), 1),
        lambda area, lot, price: -np.argsort(np.argsort(price)),
        lambda area, lot, price: price / lot * noisy(0.02),
        lambda area, lot, price: np.where(np.arange(COUNT) % 3, price, np.nan),  # a third is blank
    ],
)  # fmt: skip
def test_a_column_that_holds_the_price_is_found(leaking: Any) -> None:
    """Alone or with another column, scaled, blurred or with blanks; the column that was made from it is named."""
    columns, prices = market()
    made = leaking(columns["area"], columns["lot"], prices)
    columns["fees"] = 150.0 * columns["lot"]
    found = reconstructions({**columns, "made": made}, prices, MIN_SPREAD)
    assert [(leak.column, leak.kind) for leak in found] == [("made", "reconstruction")]


@pytest.mark.parametrize("spread", [0.1, 0.3])
def test_a_column_that_only_goes_with_the_price_is_none(spread: float) -> None:
    """A strong correlation proves nothing: an assessment a tenth off is honest, by the configured spread."""
    columns, prices = market()
    assert reconstructions({**columns, "assessed": prices * noisy(spread)}, prices, MIN_SPREAD) == []


def test_prices_that_are_nearly_alike_or_few_prove_nothing() -> None:
    """Then any column is the price, up to a factor."""
    columns, prices = market()
    level = np.full(COUNT, 100_000.0) * noisy(0.01)
    assert reconstructions(columns, level, MIN_SPREAD) == []
    assert reconstructions({"copy": prices[:29]}, prices[:29], MIN_SPREAD) == []
    assert len(reconstructions({"copy": prices[:30]}, prices[:30], MIN_SPREAD)) == 1


def test_columns_without_comparable_values_are_passed_over() -> None:
    """Zeros, negatives, infinities and blanks throughout: no warning, no leak."""
    columns, prices = market()
    strange = {
        "zero": np.zeros(COUNT),
        "below": -columns["area"],
        "blank": np.full(COUNT, np.nan),
        "infinite": np.full(COUNT, np.inf),
    }
    assert reconstructions(columns | strange, prices, MIN_SPREAD) == []


def test_features_that_change_with_the_prices_are_found() -> None:
    """Whatever they are made of; those that do not are left alone."""
    sold = sales(*({"paid": str(100.0 + number)} for number in range(40)))

    def make(table: pl.DataFrame) -> pl.DataFrame:
        return table.select("area", mean_price=pl.col("paid").mean().over("quarter"))

    assert [(leak.column, leak.kind) for leak in depends_on_target(sold, SCHEMA, make)] == [
        ("mean_price", "depends_on_target")
    ]


def test_features_that_a_request_does_not_give_are_found() -> None:
    """Those that differ from it, and those that cannot be made of it at all."""
    sold = sales(*({"area": str(50 + number), "terms": "cash" if number % 2 else "loan"} for number in range(8)))

    def learned(table: pl.DataFrame) -> pl.DataFrame:
        terms = table["terms"] if "terms" in table.columns else pl.Series([None] * table.height, dtype=pl.String)
        return table.select("area").with_columns(cash=(terms == "cash").fill_null(value=False))

    assert [leak.column for leak in needs_more_than_request(sold, SCHEMA, learned(sold), learned)] == ["cash"]
    (leak,) = needs_more_than_request(sold, SCHEMA, learned(sold), lambda table: table.select("terms"))
    assert leak.kind == "not_from_request"
    assert needs_more_than_request(sold, SCHEMA, sold.select("area"), lambda table: table.select("area")) == []


def test_a_feature_that_is_declared_as_known_at_the_sale_is_found() -> None:
    """Terms of payment are; the area and what is derived from it are not."""
    assert [leak.column for leak in known_at_sale(SCHEMA, ["area", "area_per_room", "terms"])] == ["terms"]
    assert known_at_sale(TABLE_SCHEMA, ["area", "place"]) == []


def test_a_waiver_is_for_its_column() -> None:
    """And for no other."""
    leaks = [Leak(name, "reconstruction", "") for name in ("list_price", "tax")]
    assert [leak.column for leak in drop_waived(leaks, {"tax": "known a year before the sale"})] == ["list_price"]


def test_texts_that_are_numbers_are_looked_at() -> None:
    """When more than half are; a key that is excluded is not."""
    table = pl.DataFrame({"tax": ["1.5", "2", None, "x", "3"], "name": ["a", "b", "c", "1", "2"], "id": list("12345")})
    found = numbers(table, {"id"})
    assert list(found) == ["tax"]
    assert np.isnan(found["tax"]).tolist() == [False, False, True, True, False]


def test_an_undeclared_column_of_the_raw_table_is_told(config: Config) -> None:
    """No feature is made of it, so that it refuses nothing; it is not told when it is waived or honest."""
    draw = np.random.default_rng(2)
    prices = np.exp(draw.normal(12.0, 0.5, 60)).round(2)
    table = cleaned(*({"paid": str(price), "area": str(draw.integers(40, 250))} for price in prices))
    rules = config.gates.leakage.model_copy(update={"waivers": {}})

    def leaking(undeclared: list[str], waivers: dict[str, str]) -> list[str]:
        gates = config.gates.model_copy(update={"leakage": rules.model_copy(update={"waivers": waivers})})
        data = config.data.model_copy(update={"columns": SCHEMA.columns})
        changed = config.model_copy(update={"gates": gates, "data": data})
        changed.__dict__.pop("schema_", None)
        raw = replace(table, undeclared=pl.DataFrame({"list_price": undeclared}))
        return [leak.column for leak in check_raw_columns(raw, changed)]

    copies = [str(price * 1.02) for price in prices]
    assert leaking(copies, {}) == ["list_price"]
    assert leaking(copies, {"list_price": "known a month before the sale"}) == []
    assert leaking([str(number) for number in draw.integers(1, 9, 60)], {}) == []
