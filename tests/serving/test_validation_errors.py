"""Validation errors that a person and a program can act on."""

import json
from typing import Any

import pytest
from toy import COLUMNS, FULL

from houseprice.schema import Column
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import MAX_ERRORS, InvalidRequestError, allowed_values


def refusal(scorer: Scorer, body: Any) -> InvalidRequestError:
    """Return the error of a body."""
    with pytest.raises(InvalidRequestError) as caught:
        scorer.request.parse(json.dumps(body).encode())
    return caught.value


@pytest.mark.parametrize(
    ("changes", "kind", "parts"),
    [
        ({"rooms": -1}, "greater_than_equal", ['"rooms" is -1;', "0 to 50"]),
        ({"living area": "120"}, "float_type", ['"living area" is "120";', "10 to 5000 sq m"]),
        ({"lot": -0.5}, "greater_than_equal", ['"lot" is -0.5;', "at least 0"]),
        ({"grade": 4}, "value_error", ['"grade" is 4;', "1, 2, 3, 5"]),
        ({"state": "fine"}, "value_error", ['"state" is "fine";', '"poor", "good"']),
        ({"pool": "yes"}, "float_type", ['"pool" is "yes";', "true, false, 1 or 0"]),
        ({"zip": None}, "string_type", ['"zip" is null;', "15 digits"]),
        ({"sold": 0}, "date_type", ['"sold" is 0;', "1900-01-01 to 2100-01-01"]),
        ({"gradee": 3}, "extra_forbidden", ['"gradee"', '"grade"']),
        ({"price": 1}, "extra_forbidden", ['"price"']),
        ({"parcel": "7"}, "extra_forbidden", ['"parcel"']),
        ({"rooms": [1]}, "float_type", ['"rooms" is a JSON array;', "0 to 50"]),
        ({"rooms": float("nan")}, "finite_number", ['"rooms" is NaN;', "0 to 50"]),
    ],
)
def test_an_error_names_the_column_the_value_and_what_is_allowed(
    scorer: Scorer, changes: dict[str, Any], kind: str, parts: list[str]
) -> None:
    """Each has pydantic's name for programs and a sentence for people."""
    (error,) = refusal(scorer, {**FULL, **changes}).errors
    assert error.column == next(iter(changes))
    assert error.kind == kind
    assert all(part in error.message for part in parts), error.message


def test_an_error_has_the_shape_of_fastapi(scorer: Scorer) -> None:
    """Programs that read FastAPI's 422 read ours."""
    (error,) = refusal(scorer, {**FULL, "rooms": 99}).errors
    assert error.detail() == {
        "type": "less_than_equal",
        "loc": ["body", "rooms"],
        "msg": '"rooms" is 99; expected a whole number from 0 to 50.',
        "input": 99,
    }


def test_what_was_sent_is_shortened(scorer: Scorer) -> None:
    """A megabyte that was sent is not sent back, neither as a value nor as a name."""
    error, other = refusal(scorer, {**FULL, "rooms": "x" * 10**6, "y" * 10**6: 1}).errors
    assert len(json.dumps(error.detail())) < 400
    assert len(json.dumps(other.detail())) < 600


def test_of_a_thousand_errors_the_first_are_returned(scorer: Scorer) -> None:
    """An answer stays readable, and the search ends there, unless all are wanted."""
    rows = [{**FULL, "rooms": -1}] * 1000
    for most, count in ((MAX_ERRORS, MAX_ERRORS), (2000, 1000)):
        with pytest.raises(InvalidRequestError) as caught:
            scorer.request.validate(rows, most)
        assert (caught.value.count, len(caught.value.errors)) == (count, MAX_ERRORS)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"kind": "number", "description": "x"}, "a number"),
        ({"kind": "number", "description": "x", "maximum": 7}, "a number of at most 7"),
        (
            {"kind": "ordinal", "description": "x", "levels": list(range(40))},
            f"one of {', '.join(map(str, range(30)))}, …",
        ),
        (COLUMNS["pool"], "true, false, 1 or 0"),
    ],
)
def test_allowed_values_follow_from_the_declaration(column: dict[str, Any], said: str) -> None:
    """Bounds, units and levels are said, and a long list is cut."""
    assert allowed_values(Column.model_validate(column)) == said
