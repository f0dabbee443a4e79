"""A code in a request means one thing, however a program has written it."""

import json
from typing import Any

import pytest

from houseprice.schema import LONGEST_TEXT, Schema
from houseprice.serving.csv_cells import cell_parser
from houseprice.serving.request import RequestModel
from houseprice.serving.validation_errors import InvalidRequestError

COLUMNS: dict[str, dict[str, Any]] = {
    "id": {"kind": "category", "role": "parcel"},
    "sold": {"kind": "date", "role": "sale_date", "known": "at_sale"},
    "price": {"kind": "number", "role": "target", "known": "at_sale"},
    "zip": {"kind": "category"},
    "town": {"kind": "category", "required": False, "form": {"case": "lower"}},
    "floors": {"kind": "ordinal", "levels": ["1.0", "1.5", "2.0"], "required": False},
    "ward": {"kind": "category", "levels": [101, 102], "required": False},
}
SCHEMA = Schema.model_validate({"columns": {name: {"description": name, **column} for name, column in COLUMNS.items()}})
REQUEST = RequestModel(SCHEMA)


def both(house: dict[str, Any]) -> dict[str, Any]:
    """Return a house as it is read from JSON, and from Python's values; both are the same."""
    found = REQUEST.parse(json.dumps(house).encode())
    assert REQUEST.validate([house]) == [found]
    return found


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("98125", "98125"),
        ("98125.0", "98125"),
        (" 98125.00 ", "98125"),
        (98125, "98125"),
        (98125.0, "98125"),
        ("-5.0", "-5"),
        ("10.50", "10.50"),
        ("a.0", "a.0"),
        ("1.0.0", "1.0.0"),
        ("007.0", "007"),
        ("98020", "98020"),
        ("North  End", "North End"),
        ("\u00a0St. John\t", "St. John"),
        ("1e5", "1e5"),
        ("None", "None"),
    ],
)
def test_a_code_has_one_form(sent: Any, code: str) -> None:
    """As a text, as a number, with a fraction of zeros."""
    assert both({"zip": sent})["zip"] == code == SCHEMA.columns["zip"].canonical(str(sent).strip())


@pytest.mark.parametrize("sent", ["north end", "North End", " NORTH  END "])
def test_letters_are_read_as_declared(sent: str) -> None:
    """As small ones, as when learning; elsewhere they stay."""
    assert both({"zip": "1", "town": sent})["town"] == "north end"
    cell = cell_parser(SCHEMA.columns["town"], {"north end": 7})
    assert cell(sent) == "north end"
    assert both({"zip": "North End"})["zip"] == "North End"


@pytest.mark.parametrize(
    ("column", "sent", "level"),
    [
        ("floors", "1.0", "1.0"),
        ("floors", "1", "1.0"),
        ("floors", 1, "1.0"),
        ("floors", "2.00", "2.0"),
        ("floors", "1.5", "1.5"),
        ("ward", "101", "101"),
        ("ward", 101, "101"),
        ("ward", "101.0", "101"),
    ],
)
def test_a_declared_level_is_found_in_every_form(column: str, sent: Any, level: str) -> None:
    """The level is what it is declared to be."""
    assert both({"zip": "1", column: sent})[column] == level


@pytest.mark.parametrize(("column", "sent"), [("floors", "3"), ("floors", "1.05"), ("ward", 103), ("ward", "101.5")])
def test_what_is_no_level_is_refused(column: str, sent: Any) -> None:
    """Nothing is rounded."""
    with pytest.raises(InvalidRequestError):
        REQUEST.validate([{"zip": "1", column: sent}])


@pytest.mark.parametrize("end", ["", ".0"])
def test_a_text_is_as_long_as_one_that_is_learned(end: str) -> None:
    """One limit for both sides."""
    most = "1" * (LONGEST_TEXT - len(end)) + end
    assert both({"zip": most})["zip"]
    with pytest.raises(InvalidRequestError):
        REQUEST.validate([{"zip": "1" + "2" * LONGEST_TEXT}])
