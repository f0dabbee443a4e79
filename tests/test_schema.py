"""What a house is: what a declaration may say, and what is read from it."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from houseprice.schema import RESERVED, Column, Schema, amount_in_words, currency_in_words, money

PARCEL = {"kind": "category", "role": "parcel", "description": "Parcel"}
DAY = {"kind": "date", "role": "sale_date", "known": "at_sale", "description": "Day of the sale"}
PAID = {"kind": "number", "role": "target", "known": "at_sale", "description": "Price"}


def schema(**columns: dict[str, Any]) -> Schema:
    """Return a schema of the three columns that every house has, and some more."""
    return Schema.model_validate({"columns": {"id": PARCEL, "day": DAY, "paid": PAID} | columns})


def test_roles_name_their_columns() -> None:
    """Target, parcel and sale date are found by what they are, not by what they are called."""
    made = schema(rooms={"kind": "integer", "role": "bedrooms", "description": "Rooms"})
    assert (made.target, made.parcel, made.sale_date, made.named("bedrooms")) == ("paid", "id", "day", "rooms")
    assert made.roles() == {"parcel": "id", "sale_date": "day", "target": "paid", "bedrooms": "rooms"}
    with pytest.raises(KeyError, match="latitude"):
        made.named("latitude")


def test_only_the_price_is_mandatory() -> None:
    """Neither an identifier nor a date need be known."""
    made = Schema.model_validate({"columns": {"paid": PAID, "rooms": {"kind": "integer", "description": "Rooms"}}})
    assert (made.target, made.parcel, made.sale_date) == ("paid", None, None)
    assert list(made.request) == ["rooms"]


def test_a_role_counts_in_requests_only_when_its_column_is_known_before_the_sale() -> None:
    """What is derived of it could not be computed for a request."""
    rooms = {"kind": "integer", "role": "bedrooms", "description": "Rooms"}
    assert "bedrooms" in schema(rooms=rooms).request_roles
    assert "bedrooms" not in schema(rooms=rooms | {"known": "at_sale"}).request_roles


def test_a_request_holds_what_is_known_before_the_sale_and_the_date() -> None:
    """Target, parcel and what is only known at the sale are never asked for."""
    made = schema(
        rooms={"kind": "integer", "description": "Rooms"},
        terms={"kind": "category", "known": "at_sale", "description": "Terms of the sale"},
    )
    assert list(made.request) == ["day", "rooms"]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ({"kind": "ordinal"}, "an ordinal column needs its levels"),
        ({"kind": "ordinal", "levels": []}, "an ordinal column needs its levels"),
        ({"kind": "number", "levels": [1]}, "levels belong to ordinal and category columns"),
        ({"kind": "ordinal", "levels": [1, "two"]}, "all numbers or all texts"),
        ({"kind": "ordinal", "levels": [1, 2, 1]}, "a level is given twice"),
        ({"kind": "ordinal", "levels": [1, 2.5]}, "expected a whole number or a text"),
        ({"kind": "ordinal", "levels": [0, True]}, "expected a whole number or a text"),
        ({"kind": "category", "levels": ["a", "b" * 201]}, "a level is longer than 200 characters"),
        ({"kind": "flag", "minimum": 0}, "a range belongs to number, integer and date"),
        ({"kind": "number", "minimum": date(2000, 1, 1)}, "values of another kind"),
        ({"kind": "date", "maximum": 3}, "values of another kind"),
        ({"kind": "number", "minimum": 3, "maximum": 2}, "3 is above 2; a range narrows"),
        ({"kind": "date", "minimum": "2015-01-02", "maximum": "2015-01-01"}, "2015-01-02 is above 2015-01-01"),
        ({"kind": "number", "minimum": float("nan")}, "expected a finite number"),
        ({"kind": "number", "maximum": float("inf")}, "expected a finite number"),
        ({"kind": "number", "maximum": True}, "expected a finite number"),
        ({"kind": "number", "maximum": "much"}, "expected a finite number"),
        ({"kind": "number", "maximum": [1]}, "expected a finite number"),
        ({"kind": "colour"}, "Input should be 'number', 'integer'"),
        ({"kind": "number", "colour": "red"}, "Extra inputs are not permitted"),
        ({"kind": "number", "role": "colour"}, "Input should be 'target', 'parcel'"),
        ({"kind": "number", "known": "later"}, "Input should be 'before_sale' or 'at_sale'"),
    ],
)
def test_a_column_that_contradicts_itself_is_refused(column: dict[str, Any], told: str) -> None:
    """What a declaration cannot mean is said where it stands."""
    with pytest.raises(ValidationError, match=re.escape(told)):
        Column.model_validate({"description": "Some column", **column})


def test_every_fault_of_one_column_is_told_at_once() -> None:
    """Nobody has to run again to learn of the second fault."""
    with pytest.raises(ValidationError) as err:
        Column.model_validate({"kind": "flag", "levels": [1, "a", 1], "minimum": 3, "description": "Bad"})
    for told in ("levels belong to", "all numbers or all texts", "given twice", "a range belongs to"):
        assert told in str(err.value)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"paid": None}, 'no column has the role "target"'),
        ({"paid": PAID | {"kind": "category"}}, '"paid" has the role "target" and must be of kind number or integer'),
        ({"id": PARCEL | {"kind": "integer"}}, '"id" has the role "parcel" and must be of kind category'),
        ({"day": DAY | {"kind": "integer"}}, '"day" has the role "sale_date" and must be of kind date'),
        ({"paid": PAID | {"required": False}}, '"paid" has the role "target" and must be required'),
        (
            {"place": {"kind": "category", "role": "latitude", "description": "Place"}},
            '"place" has the role "latitude" and must be of kind number',
        ),
        ({"fee": PAID}, 'role "target" is given to both "paid" and "fee"'),
    ],
)
def test_a_schema_without_a_price_or_with_roles_of_another_kind_is_refused(changed: dict[str, Any], told: str) -> None:
    """The price is there, once; every role is of a kind that can be used."""
    columns = {"id": PARCEL, "day": DAY, "paid": PAID} | changed
    with pytest.raises(ValidationError, match=re.escape(told)):
        Schema.model_validate({"columns": {name: column for name, column in columns.items() if column}})


def test_every_fault_between_columns_is_told_at_once() -> None:
    """A declaration hears of all of them."""
    with pytest.raises(ValidationError) as err:
        Schema.model_validate({"columns": {"row": {"kind": "number", "description": "Bad name"}}})
    for told in ('"target"', '"row" is reserved'):
        assert told in str(err.value)


@pytest.mark.parametrize("name", RESERVED)
def test_no_column_bears_a_name_that_the_road_gives_away(name: str) -> None:
    """A declared column can never be overwritten by one that a step adds."""
    with pytest.raises(ValidationError, match=f'"{name}" is reserved for a column that the pipeline adds'):
        schema(**{name: {"kind": "number", "description": "Clash"}})


@pytest.mark.parametrize(
    ("column", "is_text"),
    [
        ({"kind": "category"}, True),
        ({"kind": "category", "levels": [1, 2]}, True),
        ({"kind": "ordinal", "levels": ["poor", "good"]}, True),
        ({"kind": "ordinal", "levels": [1, 2]}, False),
        ({"kind": "flag"}, False),
        ({"kind": "date"}, False),
        ({"kind": "number"}, False),
    ],
)
def test_only_categories_and_named_levels_are_text(column: dict[str, Any], is_text: bool) -> None:
    """Everything else reaches the model as a number."""
    assert Column.model_validate({"description": "Some column", **column}).is_text is is_text


def test_a_schema_cannot_be_changed() -> None:
    """What was declared stays as it was read."""
    made = schema()
    with pytest.raises(ValidationError, match="frozen"):
        made.columns["paid"].kind = "flag"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        made.columns = {}  # type: ignore[misc]


BOUNDS = st.integers(-(10**9), 10**9) | st.floats(-1e12, 1e12)


@given(st.lists(BOUNDS, min_size=2, max_size=2).map(sorted), st.lists(st.dates(), min_size=2, max_size=2).map(sorted))
def test_a_declaration_survives_json(numbers: list[float], days: list[date]) -> None:
    """The manifest tells the very schema that the configuration declared, to the last digit and day."""
    made = schema(
        day=DAY | {"minimum": days[0], "maximum": days[1]},
        area={"kind": "number", "minimum": numbers[0], "maximum": numbers[1], "description": "Area"},
        state={"kind": "ordinal", "levels": ["poor", "good"], "required": False, "description": "State"},
    )
    again = Schema.model_validate_json(made.model_dump_json())
    assert again == made
    assert [type(b) for b in (again.columns["area"].minimum, again.columns["day"].minimum)] == [type(numbers[0]), date]
    assert list(again.columns) == list(made.columns)


@pytest.mark.parametrize(("code", "amount", "words"), [("EUR", "1,235 EUR", "EUR"), ("XXX", "1,235", "")])
def test_a_currency_that_is_not_known_has_no_code_in_sentences(code: str, amount: str, words: str) -> None:
    """ISO 4217's code for none would be taken for one."""
    assert money(1234.6, code) == amount
    assert (currency_in_words(code) == words) is bool(words)
    assert "XXX" not in currency_in_words(code)


@pytest.mark.parametrize(
    ("amount", "words"), [(547870.87, "547,871"), (-1234.5, "-1,234"), (43.572, "43.6"), (0.0, "0"), (0.1234, "0.123")]
)
def test_a_small_amount_has_three_digits(amount: float, words: str) -> None:
    """A price per area is no whole number."""
    assert amount_in_words(amount) == words
