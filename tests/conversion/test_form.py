"""The declaration of how cells are written: contradictions are refused, and what is open comes from the file."""

from typing import Any

import pytest
from pydantic import ValidationError

from houseprice.conversion import CellForm


@pytest.mark.parametrize(
    "wrong",
    [
        {"decimal": ",", "thousands": ","},
        {"strip": ["€", " "]},
        {"multipliers": {"": 2.0}},
        {"dates": []},
        {"dates": ["%Q"]},
        {"dates": ["%d/%m"]},
        {"dates": ["iso"]},
        {"true": ["Y"], "false": ["y"]},
        {"true": ["Y"]},
        {"month_names": {"enero": 13}},
        {"factor": 0},
        {"separator": ";"},
    ],
)
def test_a_form_that_contradicts_itself_is_refused(wrong: dict[str, Any]) -> None:
    """A declaration is checked before any cell is read by it."""
    with pytest.raises(ValidationError):
        CellForm(**wrong)


def test_what_a_column_leaves_open_is_that_of_the_file() -> None:
    """The column's own marks win; missing marks are joined."""
    file = CellForm(decimal=",", thousands=".", dates=("%d/%m/%Y",), missing=("s/d",))
    form = CellForm(thousands="none", missing=("-",)).with_defaults(file)
    assert form == CellForm(decimal=",", thousands="none", dates=("%d/%m/%Y",), missing=("s/d", "-"))


def test_a_column_that_swaps_the_marks_of_the_file_needs_to_say_one_of_them_only() -> None:
    """With a decimal comma of the file, a column that declares the point has no thousands of points."""
    file = CellForm(decimal=",", thousands=".")
    assert CellForm(decimal=".").with_defaults(file) == CellForm(decimal=".")
    assert CellForm(thousands=",").with_defaults(file) == CellForm(decimal=".", thousands=",")
