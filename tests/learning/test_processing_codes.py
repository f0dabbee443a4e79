"""Codes and numbers that another program wrote differently: one form, or a refusal, never a silent change."""

from typing import Any

import pytest

from houseprice.errors import DataError, RejectedShareError
from houseprice.learning.csv_reader import parse
from houseprice.learning.processing import clean
from houseprice.schema import LONGEST_TEXT, Column
from learning.houses import SCHEMA, cleaned, declared, rules, written

TYPED = ["10115", "10115.0", "10115.00", "-5.0", "0", "0.0", "007.0", "1.5", "1.05", "a.0", "10115,0", "1.0.0", "٣.0"]


@pytest.mark.parametrize("typed", TYPED)
def test_a_code_is_learned_in_the_form_in_which_a_request_is_read(typed: str) -> None:
    """Of the many ways to write a code, one reaches the model on both sides."""
    assert cleaned({"quarter": typed}).sales["quarter"].to_list() == [SCHEMA.columns["quarter"].canonical(typed)]


def test_a_code_with_a_fraction_of_zeros_is_the_code_without() -> None:
    """Programs that take a code for a number write it so; anything else stays what it is."""
    table = cleaned(*({"quarter": typed, "area": str(50 + number)} for number, typed in enumerate(TYPED)))
    found = table.sales["quarter"].to_list()
    assert found == ["10115", "10115", "10115", "-5", "0", "0", "007", "1.5", "1.05", "a.0", "10115,0", "1.0.0", "3"]


def test_a_decimal_comma_is_one_in_codes_as_well() -> None:
    """Where it is declared."""
    text = written([{"quarter": "10115,0"}, {"quarter": "10115.0"}], ";").replace("100.5", "100,5")
    schema = declared(decimal=",")
    table = clean(parse(text, "a.csv", schema), schema, rules())
    assert table.sales["quarter"].to_list() == ["10115", "10115.0"]


def test_a_parcel_is_one_parcel_in_both_forms() -> None:
    """A copy is found, and a resale is of the same house."""
    table = cleaned({"plot": "7"}, {"plot": "7.0"}, {"plot": "7.0", "day": "2015-03-04"})
    assert table.sales["plot"].to_list() == ["7", "7"]
    assert table.rejected["reasons"].to_list() == ["duplicate of row 1"]


@pytest.mark.parametrize(
    ("levels", "typed", "level"),
    [
        (["1.0", "1.5", "2.0"], "1.0", "1.0"),
        (["1.0", "1.5", "2.0"], "1", "1.0"),
        (["1", "1.5", "2"], "1.0", "1"),
        (["1", "1.0"], "1.0", "1.0"),
        (["1", "1.0"], "1", "1"),
        ([10115, 10117], "10115.0", "10115"),
    ],
)
def test_a_declared_level_is_found_in_both_forms(levels: list[Any], typed: str, level: str) -> None:
    """The level stays as it is declared."""
    column = Column(kind="category", description="?", levels=tuple(levels), required=False)
    schema = SCHEMA.model_copy(update={"columns": SCHEMA.columns | {"quarter": column}})
    table = clean(parse(written([{"quarter": typed}]), "a.csv", schema), schema, rules())
    assert table.sales["quarter"].to_list() == [level] == [column.canonical(typed)]


@pytest.mark.parametrize("typed", ["7.12930E+09", "1,23E+11", "7e+10", "-1.5E+12", "1.00000E+100"])
@pytest.mark.parametrize("column", ["plot", "quarter"])
def test_a_code_that_a_spreadsheet_has_shortened_is_refused(column: str, typed: str) -> None:
    """Its last digits are gone, and different houses would become one."""
    table = cleaned({}, {column: typed})
    assert table.rejected["row"].to_list() == [2]
    with pytest.raises(RejectedShareError) as excinfo:
        cleaned(*({column: typed} for _ in range(4)), max_rejected_share=0.5)
    assert excinfo.value.details["examples"][0]["key"] == f"data.columns.{column}"


@pytest.mark.parametrize("typed", ["1E5", "7E10", "E+10", "12E+05x", "5+E", "1.5"])
def test_a_code_with_an_e_in_it_is_a_code(typed: str) -> None:
    """Flats and plots are called so."""
    assert cleaned({"plot": typed}).sales["plot"].to_list() == [typed]


def test_a_text_is_as_long_as_a_request_may_hold() -> None:
    """One limit on both sides, so that what is learned can be asked."""
    table = cleaned({"quarter": "ß" * LONGEST_TEXT}, {"quarter": "ß" * (LONGEST_TEXT + 1)})
    assert table.sales.height == 1
    assert table.rejected["row"].to_list() == [2]


@pytest.mark.parametrize(
    "values", [["525.000", "1.250.000"], ["5.650"], ["5.650", "850"], ["+1.234", "12.000"], ["5.650", "", "7.639"]]
)
def test_numbers_that_can_be_read_in_two_ways_are_refused(values: list[str]) -> None:
    """525.000 is not silently 525."""
    with pytest.raises(DataError) as excinfo:
        cleaned(*({"renewed": "", "paid": value or "9"} for value in values))
    assert excinfo.value.code == "number_ambiguous"
    assert excinfo.value.details["column"] == "paid"
    assert excinfo.value.details["values"][0] == values[0]


@pytest.mark.parametrize(
    "values", [["525.5", "1.250"], ["5.650", "1200"], ["0.125", "5.650"], ["5.6500"], ["1234.567"], ["5650"], ["1e3"]]
)
def test_numbers_that_can_be_read_in_one_way_are_read(values: list[str]) -> None:
    """One value that can only be decimal, or only be without separators, decides for the column."""
    table = cleaned(*({"paid": value} for value in values), max_rejected_share=1.0)
    assert table.rejected["reasons"].to_list() == ["paid: 0.125 is below 1"] * ("0.125" in values)


def test_the_range_of_a_column_decides_as_well() -> None:
    """An area of 55,250 m² is not allowed, so 55.250 is 55 and a quarter."""
    assert cleaned({"area": "55.250"}).sales["area"].to_list() == [55.25]


def test_who_says_that_nothing_separates_thousands_is_believed() -> None:
    """`thousands: none` is the answer to the question."""
    assert cleaned({"paid": "5.650"}, schema=declared(thousands="none")).sales["paid"].to_list() == [5.65]


def test_a_decimal_comma_is_asked_about_as_well() -> None:
    """In a file that was written with separators of thousands, but is declared otherwise."""
    text = written([{"paid": "525,000"}], ";")
    schema = declared(decimal=",")
    with pytest.raises(DataError) as excinfo:
        clean(parse(text, "a.csv", schema), schema, rules())
    assert excinfo.value.code == "number_ambiguous"
