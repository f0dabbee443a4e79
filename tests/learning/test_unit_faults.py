"""Sales in other units: found by all measurements together, and no usual or unusual house taken for one."""

import numpy as np
import polars as pl
import pytest

from houseprice.learning.unit_faults import unit_faults
from houseprice.monitoring.input_faults import FACTORS
from houseprice.schema import Schema

SCHEMA = Schema.model_validate(
    {
        "columns": {
            "paid": {"kind": "number", "role": "target", "known": "at_sale"},
            "living": {"kind": "number", "role": "living_area", "unit": "sq ft"},
            "lot": {"kind": "number", "unit": "sq ft", "required": False},
            "cellar": {"kind": "number", "unit": "sq ft", "required": False},
            "bedrooms": {"kind": "integer", "role": "bedrooms", "unit": "rooms"},
        }
    }
)


def houses(count: int, seed: int) -> pl.DataFrame:
    """Return usual houses: areas whose logarithms are normal, and related."""
    draw = np.random.default_rng(seed)
    living = np.exp(draw.normal(7.5, 0.4, count))
    return pl.DataFrame(
        {
            "paid": living * 200.0,
            "living": living,
            "lot": living * np.exp(draw.normal(1.4, 0.7, count)),
            "cellar": living * draw.integers(0, 2, count),
            "bedrooms": draw.integers(1, 6, count),
        }
    )


AREAS = ("living", "lot", "cellar")
BEFORE = houses(3000, 0)


def in_units(table: pl.DataFrame, factor: float) -> pl.DataFrame:
    """Return houses with their areas in other units."""
    return table.with_columns((pl.col(*AREAS) * factor).round(1))


@pytest.mark.parametrize(
    "words", ["square metres for square feet", "square feet for square metres", "a factor of 1000"]
)
def test_houses_in_other_units_are_found(words: str) -> None:
    """Most of them, by two measurements alone; by no wrong name."""
    found = unit_faults(in_units(houses(500, 1), FACTORS[words]), BEFORE, SCHEMA)
    assert found.drop_nulls().unique().to_list() == [words]
    assert found.null_count() < 150


def test_no_house_in_the_right_units_is_taken_for_one() -> None:
    """Among 20,000, some of them unusual."""
    assert unit_faults(houses(20_000, 2), BEFORE, SCHEMA).null_count() == 20_000


@pytest.mark.parametrize("size", [0.5, 2.0])
def test_a_house_of_an_unusual_size_is_none_in_other_units(size: float) -> None:
    """Half or twice as large as others, on a usual lot."""
    odd = houses(200, 3).with_columns(pl.col("living") * size, pl.lit(9000.0).alias("lot"))
    assert unit_faults(odd, BEFORE, SCHEMA).null_count() == 200


def test_a_house_is_judged_by_the_measurements_that_it_has() -> None:
    """Without a lot by its living area alone, and without any not at all."""
    metric = in_units(houses(300, 4), FACTORS["square metres for square feet"])
    assert 0 < unit_faults(metric.with_columns(lot=pl.lit(None, pl.Float64)), BEFORE, SCHEMA).null_count() < 300
    nothing = metric.with_columns(pl.lit(None, pl.Float64).alias(name) for name in AREAS)
    assert unit_faults(nothing, BEFORE, SCHEMA).null_count() == 300


def test_a_column_that_few_sales_before_have_does_not_stop_the_others() -> None:
    """The lot of 50 sales says nothing; the living area of all of them does."""
    rare = BEFORE.with_columns(pl.when(pl.int_range(pl.len()) < 50).then("lot").alias("lot"))
    metric = in_units(houses(300, 6), FACTORS["square metres for square feet"])
    assert 0 < unit_faults(metric, rare, SCHEMA).null_count() < 300


def test_few_sales_before_tell_nothing() -> None:
    """Nor do columns of one value, or sales of which none is there."""
    metric = in_units(houses(10, 5), FACTORS["square metres for square feet"])
    assert unit_faults(metric, BEFORE.head(50), SCHEMA).null_count() == 10
    constant = BEFORE.with_columns(pl.lit(1500.0).alias("living"), pl.lit(4000.0).alias("lot"))
    assert unit_faults(BEFORE.head(5), constant, SCHEMA).len() == 5
    assert unit_faults(metric.head(0), BEFORE, SCHEMA).len() == 0
