"""Raw fields in, trusted values out: how each is read, and the reason that its row leaves with when it is not."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houseprice.learning.csv_reader import parse
from houseprice.learning.processing import clean
from learning.houses import HOUSE, SCHEMA, cleaned, declared, rules, written


def test_a_good_house_is_kept_with_typed_columns() -> None:
    """Columns come in schema order, each of its kind."""
    table = cleaned({})
    assert table.sales.to_dicts() == [
        {
            "plot": "p0", "day": date(2015, 1, 2), "paid": 100.5, "area": 55.0, "rooms": 3, "garden": 1,
            "state": "good", "stars": 2, "quarter": "north", "built": 1990, "renewed": 0, "terms": "cash",
        }
    ]  # fmt: skip
    assert table.rejected.is_empty()


@pytest.mark.parametrize(
    ("column", "typed", "value"),
    [
        ("paid", "1e3", 1000.0),
        ("paid", "+5", 5.0),
        ("paid", "12.50", 12.5),
        ("paid", "9007199254740993", 9007199254740992.0),
        ("rooms", "3.0", 3),
        ("rooms", "-0", 0),
        ("rooms", "3e0", 3),
        ("stars", "2.0", 2),
        ("garden", "TRUE", 1),
        ("garden", "No", 0),
        ("garden", "y", 1),
        ("garden", "n", 0),
        ("garden", "1.0", 1),
        ("garden", "0", 0),
        ("quarter", "None", "None"),
        ("quarter", "nan", "nan"),
        ("quarter", "007", "007"),
        ("quarter", "ö" * 200, "ö" * 200),
        ("day", "2015-1-2", date(2015, 1, 2)),
        ("renewed", "1990", 1990),
        ("built", "2015", 2015),
    ],
)
def test_a_field_becomes_the_value_that_it_says(column: str, typed: str, value: Any) -> None:
    """People write one value in many ways; a text that says None says it."""
    assert cleaned({column: typed}).sales[column].to_list() == [value]


@pytest.mark.parametrize(
    ("column", "typed", "reason"),
    [
        ("paid", "1e400", 'paid: "1e400" is not a number'),
        ("paid", "inf", 'paid: "inf" is not a number'),
        ("paid", "-Infinity", 'paid: "-Infinity" is not a number'),
        ("paid", "nan", "paid: missing"),
        ("paid", "1,000", 'paid: "1,000" is not a number'),
        ("paid", "1_000", 'paid: "1_000" is not a number'),
        ("paid", "$5", 'paid: "$5" is not a number'),
        ("paid", "0x10", 'paid: "0x10" is not a number'),
        ("paid", "5\0", 'paid: "5\0" is not a number'),
        ("paid", "", "paid: missing"),
        ("paid", "N/A", "paid: missing"),
        ("paid", "0.5", "paid: 0.5 is below 1"),
        ("area", "5000.1", "area: 5000.1 is above 5000"),
        ("rooms", "3.5", 'rooms: "3.5" is not a whole number'),
        ("rooms", "21", "rooms: 21 is above 20"),
        ("rooms", "-1", "rooms: -1 is below 0"),
        ("rooms", "9007199254740993", 'rooms: "9007199254740993" is not a whole number'),
        ("rooms", "9" * 40, f'rooms: "{"9" * 40}" is not a whole number'),
        ("garden", "maybe", 'garden: "maybe" is not yes or no'),
        ("garden", "2", 'garden: "2" is not yes or no'),
        ("state", "Good", "state: Good is none of poor, fair, good"),
        ("stars", "4", "stars: 4 is none of 1, 2, 3"),
        ("stars", "x", 'stars: "x" is not a whole number'),
        ("quarter", "a\0b", "quarter: holds a NUL byte"),
        ("plot", "\0", "plot: holds a NUL byte"),
        ("quarter", "ö" * 201, "quarter: has 201 characters, more than 200"),
        ("day", "2015-02-30", 'day: "2015-02-30" is not a date'),
        ("day", "02/01/2015", 'day: "02/01/2015" is not a date'),
        ("day", "12015-01-01", 'day: "12015-01-01" is not a date'),
        ("built", "2016", "built: built in 2016, after the sale in 2015"),
        ("renewed", "2016", "renewed: renovated in 2016, after the sale in 2015"),
        ("renewed", "1989", "renewed: renovated in 1989, before it was built in 1990"),
    ],
)
def test_a_field_that_cannot_be_trusted_rejects_its_row_with_the_reason(column: str, typed: str, reason: str) -> None:
    """The reason names the column, what was found and what is allowed; the row is kept as it was typed."""
    table = cleaned({}, {column: typed})
    assert table.sales.height == 1
    assert table.rejected.to_dicts() == [
        {"row": 2, "reasons": reason, **HOUSE, "plot": "p1", column: typed or None},
    ]


@pytest.mark.parametrize("column", [name for name in SCHEMA.columns if name != "paid"])
def test_a_blank_anywhere_but_in_the_price_is_left_blank(column: str) -> None:
    """Nothing is imputed here, and that a request must have a column rejects no sale."""
    table = cleaned({column: ""})
    assert table.sales[column].to_list() == [None]
    assert table.report["blanks"] == {name: int(name == column) for name in SCHEMA.columns}


@pytest.mark.parametrize("blank", ["NA", "n/a", "NaN", "null", "None"])
def test_a_word_for_nothing_is_a_blank_in_a_number(blank: str) -> None:
    """What programs write for a missing number is missing."""
    assert cleaned({"rooms": blank, "garden": blank, "stars": blank}).sales.row(0)[4:8] == (None, None, "good", None)


def test_every_reason_of_a_row_is_told() -> None:
    """A row with three faults tells three."""
    (row,) = cleaned({}, {"paid": "x", "rooms": "99", "built": "2020"}).rejected.to_dicts()
    assert row["reasons"].split("; ") == [
        'paid: "x" is not a number', "rooms: 99 is above 20", "built: built in 2020, after the sale in 2015",
    ]  # fmt: skip


FORMATS = ("%Y-%m-%d", "%Y%m%dT%H%M%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d/%m/%Y", "%b %d, %Y")


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.sampled_from(FORMATS))
@settings(max_examples=60)
def test_a_day_is_read_in_every_configured_format(day: date, form: str) -> None:
    """One table may hold several of them."""
    table = cleaned({"day": day.strftime(form), "built": "1900"}, {"day": "2015-01-02"}, schema=declared(dates=FORMATS))
    assert table.sales["day"].to_list() == [day, date(2015, 1, 2)]


def test_a_day_of_another_format_is_rejected() -> None:
    """Only the configured formats are tried, and the first that fits wins."""
    day = {"day": "02/03/2015"}
    assert cleaned({}, day, schema=declared(dates=FORMATS)).sales["day"][1] == date(2015, 3, 2)
    american = declared(dates=("%m/%d/%Y", *FORMATS))
    assert cleaned({}, day, schema=american).sales["day"][1] == date(2015, 2, 3)
    assert cleaned({}, day).rejected.height == 1


def test_a_house_may_be_sold_off_plan_when_the_rules_say_so() -> None:
    """The configured number of years is the limit, not a year more."""
    rows = ({"built": "2016"}, {"built": "2017"})
    assert cleaned(*rows, max_years_sold_before_built=1).sales["built"].to_list() == [2016]
    assert cleaned(*rows, max_years_sold_before_built=2).sales["built"].to_list() == [2016, 2017]


def test_a_decimal_comma_is_read_where_it_is_declared() -> None:
    """Then a point is no decimal sign, and nothing is guessed about thousands."""
    text = written([{"paid": "100,5"}, {"paid": "100.5"}, {"paid": "1.000,5"}, {"paid": "7"}], ";")
    text = text.replace(";55;", ";55,25;")
    schema = declared(decimal=",")
    table = clean(parse(text, "a.csv", schema), schema, rules())
    assert table.sales.select("paid", "area").rows() == [(100.5, 55.25), (7.0, 55.25)]
    assert table.rejected["reasons"].to_list() == ['paid: "100.5" is not a number', 'paid: "1.000,5" is not a number']
