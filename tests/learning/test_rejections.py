"""Too many rejected rows: the message shows values, their rows and the key to change."""

from typing import Any

import pytest

from houseprice.errors import DataError, RejectedShareError
from learning.houses import cleaned


def examples(*rows: dict[str, str], **changed: Any) -> list[dict[str, Any]]:
    """Return the examples of a table of which too much would be rejected."""
    with pytest.raises(RejectedShareError) as excinfo:
        cleaned({}, *rows, max_rejected_share=0.1, **changed)
    return list(excinfo.value.details["examples"])


@pytest.mark.parametrize(
    ("column", "values", "key"),
    [
        ("paid", ["€ 221.900", "€ 538.000"], "data.columns.paid.form.decimal"),
        ("day", ["13/10/2014", "09/12/2014"], "data.columns.day.form.dates"),
        ("day", ["2014-10-13T23:30:00Z", "2014-12-09T23:30:00Z"], "data.columns.day.form.dates"),
        ("rooms", ["three", "four"], "data.columns.rooms.form.decimal"),
        ("garden", ["maybe", "perhaps"], "data.columns.garden.form.true"),
        ("area", ["1", "2"], "data.columns.area"),
        ("stars", ["4", "5"], "data.columns.stars"),
        ("built", ["2020", "2021"], "data.max_years_sold_before_built"),
    ],
)
def test_two_values_are_shown_with_their_rows_and_the_key(column: str, values: list[str], key: str) -> None:
    """Two different ones, the first of each, and what decides about them."""
    first, second = values
    (example,) = examples({column: first}, {column: first}, {}, {column: second}, {column: second})
    assert (example["count"], example["values"], example["rows"]) == (4, values, [2, 5])
    assert example["key"] == key


def test_the_message_holds_what_the_details_hold() -> None:
    """For people, in one sentence."""
    with pytest.raises(RejectedShareError) as excinfo:
        cleaned({"paid": "$5"}, {"paid": "$6"}, max_rejected_share=0.1)
    for part in ('"$5"', "row 1", '"$6"', "row 2", "data.columns.paid.form.decimal"):
        assert part in str(excinfo.value)


def test_the_commonest_reasons_come_first() -> None:
    """At most three of them."""
    found = examples({"paid": "x"}, {"rooms": "y", "paid": "z"}, {"area": "1"}, {"stars": "9"}, {"garden": "?"})
    assert [example["count"] for example in found] == [2, 1, 1]


def test_a_reason_that_is_about_the_whole_row_has_its_row() -> None:
    """A copy has no value to show."""
    (example,) = examples({"plot": "a"}, {"plot": "a"}, {"plot": "a"})
    assert example["rows"] == [3]
    assert example["values"] == [None]


def test_a_table_without_one_good_row_shows_examples_as_well() -> None:
    """Also when any share may be rejected."""
    with pytest.raises(DataError) as excinfo:
        cleaned({"day": "yesterday"})
    assert excinfo.value.code == "no_accepted_rows"
    assert excinfo.value.details["examples"][0]["values"] == ["yesterday"]


def test_an_endless_value_is_cut() -> None:
    """The message stays one that can be read."""
    with pytest.raises(RejectedShareError) as excinfo:
        cleaned({}, {"paid": "9" * 5000 + "x"}, max_rejected_share=0.1)
    assert len(str(excinfo.value)) < 600
