"""Cells that cannot be true are blanked with the reason, token prices set aside, and what cannot be learned refused."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from houseprice.cli import formatting
from houseprice.config import Data
from houseprice.errors import DataError
from houseprice.learning.csv_reader import parse
from houseprice.learning.implausible import Blanked, check_currency, check_prices
from houseprice.learning.processing import CleanTable, clean
from houseprice.schema import Schema

COLUMNS: dict[str, dict[str, Any]] = {
    "price": {"kind": "number", "role": "target", "known": "at_sale"},
    "size": {"kind": "number", "role": "living_area"},
    "built": {"kind": "integer", "role": "year_built"},
    "north": {"kind": "number", "role": "latitude"},
    "east": {"kind": "number", "role": "longitude"},
}


def read(*odd: str, **changed: dict[str, Any]) -> CleanTable:
    """Return what becomes of fifty good sales with some odd ones behind them."""
    good = [f"{200000 + 1000 * n},{80 + n},{1950 + n},39.4{n},-0.4{n}" for n in range(50)]
    text = "\n".join([",".join(COLUMNS), *good, *odd])
    declared = {name: column | changed.get(name, {}) for name, column in COLUMNS.items()}
    rules = Data.model_validate({"columns": declared, "max_rejected_share": 1.0})
    schema = Schema.model_validate({"columns": declared})
    return clean(parse(text, "made.csv", schema), schema, rules)


@pytest.mark.parametrize(
    ("row", "blank"),
    [
        ("250000,90,20014,39.45,-0.45", {"built"}),
        ("250000,90,0,39.45,-0.45", {"built"}),
        ("250000,0,1990,39.45,-0.45", {"size"}),
        ("250000,-5,1990,39.45,-0.45", {"size"}),
        ("250000,90,1990,0,0", {"north", "east"}),
        ("250000,90,1990,-0.45,39.45", {"north", "east"}),
        ("250000,90,1990,394.5,-0.45", {"north", "east"}),
        ("250000,90,1990,39.45,-0.45", set()),
    ],
)
def test_a_cell_that_cannot_be_true_is_blanked_and_its_row_is_kept(row: str, blank: set[str]) -> None:
    """A year built 20014, an area of 0, places that are swapped or nowhere."""
    table = read(row)
    assert table.rejected.is_empty()
    assert {name for name, value in table.sales.row(-1, named=True).items() if value is None} == blank
    told: Any = table.report["blanked"]
    assert {cell["column"] for cell in told} == blank
    assert all(cell["rows"] == [51] and cell["reason"] for cell in told)


def test_a_declared_range_decides_alone() -> None:
    """Then such a row is rejected, as it says."""
    table = read("250000,90,20014,39.45,-0.45", built={"maximum": 2030})
    assert table.rejected["row"].to_list() == [51]
    assert table.report["blanked"] == []


def test_places_are_judged_within_a_declared_range_as_well() -> None:
    """That of the earth says nothing of 0,0 and of swapped places."""
    bounds: dict[str, dict[str, Any]] = {"north": {"minimum": -90, "maximum": 90}, "east": {"minimum": -180}}
    for place in ("0,0", "-0.45,39.45"):
        table = read(f"250000,90,1990,{place}", **bounds)
        assert table.rejected.is_empty()
        assert table.sales.select("north", "east").row(-1) == (None, None)


@pytest.mark.parametrize("price", ["0", "-5", "1", "100"])
def test_what_is_no_price_is_rejected(price: str) -> None:
    """Nothing, less than nothing, and tokens far below all others."""
    table = read(f"{price},90,1990,39.45,-0.45")
    assert table.rejected["row"].to_list() == [51]
    assert "price" in table.rejected["reasons"][0]


def test_a_low_price_is_no_token() -> None:
    """A ruin is sold for a tenth of the others' price."""
    assert read("25000,90,1990,39.45,-0.45").rejected.is_empty()


@pytest.mark.parametrize(
    ("prices", "code"), [([5.0] * 40, "prices_constant"), ([float(n) for n in range(29)], "too_few_sales")]
)
def test_prices_that_nothing_can_be_learned_from_are_refused(prices: list[float], code: str) -> None:
    """One sentence, and a code."""
    with pytest.raises(DataError) as excinfo:
        check_prices(pl.Series(prices), "price")
    assert excinfo.value.code == code


def test_several_currencies_are_refused() -> None:
    """One, or none, is fine."""
    check_currency(pl.Series(["€ 5", "6", None]), "price")
    with pytest.raises(DataError) as excinfo:
        check_currency(pl.Series(["€ 5", "$ 6"]), "price")
    assert excinfo.value.code == "currencies_mixed"
    assert excinfo.value.details["signs"] == ["$", "€"]


def test_a_place_that_was_blanked_is_told_once() -> None:
    """Latitude and longitude are two columns of it."""
    reason = "north and east: 0,0 is no place"
    cells = [Blanked(name, reason, (3, 4)).as_dict() for name in ("north", "east")]
    report = {
        "rows_kept": 9, "rows_read": 9, "rows_rejected": 0, "file": [], "reasons": {}, "blanked": cells,
        "excluded_columns": {}, "empty_columns": [], "ignored_columns": [], "leaking_columns": {},
    }  # fmt: skip
    assert formatting.processed(report, Path("clean.csv")).count(reason) == 1
