"""Text of CSV cells to the values that JSON would hold, and back."""

from datetime import date
from typing import Any

import pytest
from toy import COLUMNS

from houseprice.schema import Column
from houseprice.serving.csv_cells import cell_parser, format_cell


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("living area", "120.5", 120.5),
        ("living area", " 1e2 ", 100.0),
        ("living area", "1_000", "1_000"),
        ("living area", "1,5", "1,5"),
        ("living area", "abc", "abc"),
        ("living area", "", None),
        ("living area", "NaN", None),
        ("living area", "n/a", None),
        ("rooms", "3.0", 3.0),
        ("grade", "3", 3.0),
        ("grade", "null", None),
        ("pool", "true", 1.0),
        ("pool", "No", 0.0),
        ("pool", "1.0", 1.0),
        ("pool", "maybe", "maybe"),
        ("pool", " ", None),
        ("sold", "20141013T000000", "20141013T000000"),
        ("sold", "", None),
        ("zip", "98178", "98178"),
        ("zip", " 98178.0 ", "98178"),
        ("zip", "10115.0", "10115"),
        ("zip", "1.5", "1.5"),
        ("zip", "None", "None"),
        ("zip", "", None),
        ("state", "good", "good"),
    ],
)
def test_a_cell_is_read_by_the_kind_of_its_column(column: str, text: str, value: Any) -> None:
    """What cannot be read stays as it is, so that the refusal shows it as it was written."""
    assert cell_parser(Column.model_validate(COLUMNS[column]), {"98178"})(text) == value


def test_infinity_is_not_hidden() -> None:
    """It is read as what it says, and refused by the rules of a request."""
    assert cell_parser(Column.model_validate(COLUMNS["living area"]), ())("-inf") == float("-inf")


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "number", ""),
        (80.5, "number", "80,5"),
        (3.0, "integer", "3"),
        (1.0, "flag", "true"),
        (False, "", "false"),
        (date(2014, 10, 13), "date", "2014-10-13"),
        ("98178", "category", "98178"),
    ],
)
def test_a_value_is_written_in_the_way_of_its_column(value: Any, kind: str, text: str) -> None:
    """Whole numbers and flags are held as floats, and written as what they are."""
    assert format_cell(value, kind, ",") == text
