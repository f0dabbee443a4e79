"""Cells in the forms that the configuration declares: marks of numbers, composites, missing marks and free text."""

from datetime import date
from typing import Any

import pytest

from houseprice.config import Data
from houseprice.conversion import CellForm
from houseprice.errors import DataError
from houseprice.learning.csv_reader import parse
from houseprice.learning.processing import CleanTable, clean
from houseprice.schema import Schema

PRICE = {"kind": "number", "role": "target", "known": "at_sale"}


def read(
    text: str, missing: tuple[str, ...] = (), excluded: dict[str, str] | None = None, **columns: dict[str, Any]
) -> CleanTable:
    """Return what becomes of a CSV whose columns are declared so, `price` among them."""
    declared = {"price": PRICE, **columns}
    schema = Schema.model_validate({"columns": declared})
    schema = Schema(columns={name: c.with_form(CellForm(missing=missing)) for name, c in schema.columns.items()})
    rules = Data.model_validate({"columns": declared, "max_rejected_share": 1.0, "excluded": excluded or {}})
    return clean(parse(text, "made.csv", schema), schema, rules)


def test_money_and_units_are_read_as_declared() -> None:
    """And a unit is converted."""
    table = read(
        "price;size\n1.234,50 €;1.000 sqft\n200.000 €;500 sqft\n",
        price=PRICE | {"form": {"decimal": ",", "thousands": ".", "strip": ["€"]}},
        size={"kind": "number", "form": {"strip": ["sqft"], "thousands": ".", "decimal": ",", "factor": 0.1}},
    )
    assert table.sales.rows() == [(1234.5, 100.0), (200000.0, 50.0)]


def test_a_column_may_be_made_of_several() -> None:
    """A date needs all of its parts, an identifier those that there are."""
    table = read(
        "price,YrSold,MoSold,Street,Suburb\n1,2010,5,High St 1,Hill\n2,2011,,High St 1,\n",
        sold={
            "kind": "date", "role": "sale_date", "from": ["YrSold", "MoSold"], "known": "at_sale",
            "form": {"dates": ["%Y %m"]},
        },
        house={"kind": "category", "role": "parcel", "from": ["Street", "Suburb"]},
    )  # fmt: skip
    assert table.sales["sold"].to_list() == [date(2010, 5, 1), None]
    assert table.sales["house"].to_list() == ["High St 1 Hill", "High St 1"]


def test_a_missing_source_is_told_by_its_own_name() -> None:
    """The column that is made of it is not what the file lacks."""
    with pytest.raises(DataError) as excinfo:
        read("price,YrSold\n1,2010\n", sold={"kind": "date", "role": "sale_date", "from": ["YrSold", "MoSold"]})
    assert excinfo.value.details["columns"] == ["MoSold"]


def test_missing_marks_are_blanks_in_any_column() -> None:
    """Those of the file, and those of one column."""
    table = read(
        "price,rooms,place\n1,?,s/d\n2,3,north\n3,-1,?\n",
        missing=("?",),
        rooms={"kind": "integer", "form": {"missing": ["-1"]}},
        place={"kind": "category", "form": {"missing": ["s/d"]}},
    )
    assert table.sales["rooms"].to_list() == [None, 3, None]
    assert table.sales["place"].to_list() == [None, "north", None]
    assert table.rejected.is_empty()


def test_a_free_text_may_be_of_any_length() -> None:
    """No feature is made of it, and no request asks for it."""
    table = read(f"price,notes\n1,{'long ' * 200}\n", notes={"kind": "text"})
    assert table.rejected.is_empty()
    assert "notes" not in Schema.model_validate({"columns": {"price": PRICE, "notes": {"kind": "text"}}}).request


def test_an_undeclared_column_of_any_length_is_told() -> None:
    """Its fields reject no row."""
    table = read(f"price,more\n1,{'x' * 5000}\n")
    assert table.sales.height == 1
    assert table.report["ignored_columns"] == ["more"]


def test_what_is_left_out_is_told_with_the_reason() -> None:
    """Columns that are excluded, that nobody declared, and that hold nothing."""
    text = "price,asked,more,empty\n1,2,3,\n"
    table = read(text, excluded={"asked": "near the price", "gone": "not there"}, empty={"kind": "number"})
    assert table.report["excluded_columns"] == {"asked": "near the price"}
    assert (table.report["ignored_columns"], table.report["empty_columns"]) == (["more"], ["empty"])
