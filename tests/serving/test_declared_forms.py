"""Requests may use the file's own texts where their columns declare them, and nowhere else."""

import io
import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from houseprice.schema import Column, Schema
from houseprice.serving.csv_cells import cell_parser
from houseprice.serving.csv_reader import CsvColumns, CsvReader
from houseprice.serving.request import RequestModel
from houseprice.serving.validation_errors import InvalidRequestError

COLUMNS: dict[str, Any] = {
    "price": {"kind": "number", "role": "target", "known": "at_sale"},
    "size": {"kind": "number", "unit": "m²", "form": {"decimal": ",", "thousands": ".", "strip": ["m²"]}},
    "plain": {"kind": "number", "required": False},
    "sold": {
        "kind": "date", "role": "sale_date", "known": "at_sale", "from": ["year", "month"],
        "form": {"dates": ["%Y %m"]},
    },
    "lift": {"kind": "flag", "required": False, "form": {"true": ["sí"], "false": ["no"]}},
    "state": {"kind": "ordinal", "levels": [1, 2], "required": False, "form": {"missing": ["?"]}},
    "heating": {"kind": "category", "required": False, "form": {"missing": ["s/d"]}},
}  # fmt: skip
SCHEMA = Schema.model_validate({"columns": COLUMNS})
RULES = RequestModel(SCHEMA)


@pytest.mark.parametrize(
    ("house", "expected"),
    [
        ({"size": "1.234,5 m²"}, {"size": 1234.5}),
        ({"size": 1234.5}, {"size": 1234.5}),
        ({"size": 10, "lift": "sí"}, {"size": 10.0, "lift": 1.0}),
        ({"size": 10, "lift": True}, {"size": 10.0, "lift": 1.0}),
        ({"size": 10, "sold": "2010 05"}, {"size": 10.0, "sold": date(2010, 5, 1)}),
        ({"size": 10, "sold": "2010-05-07"}, {"size": 10.0, "sold": date(2010, 5, 7)}),
        ({"size": 10, "state": "2"}, {"size": 10.0, "state": 2.0}),
        ({"size": 10, "state": " ? ", "heating": "S/D"}, {"size": 10.0, "state": None, "heating": None}),
    ],
)
def test_a_text_is_read_in_the_declared_form(house: dict[str, Any], expected: dict[str, Any]) -> None:
    """Numbers and ISO dates stay what they are."""
    assert RULES.validate([house]) == [expected]


@pytest.mark.parametrize("house", [{"size": "1,234.5"}, {"size": "big"}, {"size": "?"}, {"size": 1, "plain": "5"}])
def test_a_text_in_another_form_is_refused(house: dict[str, Any]) -> None:
    """A column that declares no form takes numbers alone."""
    with pytest.raises(InvalidRequestError):
        RULES.validate([house])


def test_the_document_says_how_a_text_is_read() -> None:
    """With the unit, the words of flags, what is joined, and the missing marks."""
    shown = {name: rule.get("description", "") for name, rule in RULES.json_schema()["properties"].items()}
    assert shown["size"].startswith("In m²; ")
    assert 'decimal sign ","' in shown["size"]
    assert {"sí", "no"} <= set(shown["lift"].replace(",", " ").replace("(", " ").split())
    assert "s/d" in shown["heating"]
    assert "2021 12" in shown["sold"]
    assert "year, month" in shown["sold"]
    assert shown["plain"] == ""


def test_days_without_a_range_have_a_short_pattern() -> None:
    """Every year that a date may have, and no other."""
    pattern = RULES.json_schema()["properties"]["sold"]["anyOf"][0]["pattern"]
    assert len(pattern) < 120
    for year, fits in (("0000", False), ("0001", True), ("0999", True), ("2015", True), ("9999", True)):
        assert bool(re.search(pattern, f"{year}-05-27")) is fits


def table(text: str) -> CsvReader:
    """Return the reader of a CSV."""
    bundle: Any = SimpleNamespace(manifest=SimpleNamespace(schema_=SCHEMA), reference={})
    return CsvReader(io.BytesIO(text.encode()), CsvColumns(bundle))


def test_a_table_is_read_as_the_file_was() -> None:
    """Its own columns are joined, and its marks are those of the declaration."""
    reader = table("size;year;month;lift;state;more\n1.234,5 m²;2010;5;no;?;x\n")
    reader.require_columns()
    (row,) = reader
    assert reader.house(row) == {"size": 1234.5, "sold": date(2010, 5, 1), "lift": 0}


def test_a_table_may_have_the_columns_of_a_request_instead() -> None:
    """Then the composite is there by its own name."""
    reader = table("size;sold\n80;2010-05-07\n")
    (row,) = reader
    (house,) = RULES.validate([reader.house(row)])
    assert house == {"size": 80.0, "sold": date(2010, 5, 7)}


def test_what_cannot_be_read_stays_for_the_rules() -> None:
    """So that the refusal shows it as it was written."""
    column = Column.model_validate(COLUMNS["size"])
    assert cell_parser(column, ())("12 feet") == "12 feet"
    assert cell_parser(column, ())(" ") is None
