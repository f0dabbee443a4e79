"""What is wrong with a house, said so that a person can act on it."""

import json
from typing import Any

import pytest
from toy import COLUMNS, FULL

from houseprice.schema import Column
from houseprice.serving.scorer import Scorer
from houseprice.serving.validation_errors import LONGEST_LIST, RefusedError, expected


def refusal(scorer: Scorer, body: Any) -> RefusedError:
    """Give the refusal of a body."""
    with pytest.raises(RefusedError) as caught:
        scorer.request.one(json.dumps(body).encode())
    return caught.value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rooms": -1}, '"rooms" is -1; expected a whole number from 0 to 50.'),
        ({"living area": "120"}, '"living area" is "120"; expected a number from 10 to 5000 sq m.'),
        ({"lot": -0.5}, '"lot" is -0.5; expected a number of at least 0.'),
        ({"grade": 4}, '"grade" is 4; expected one of 1, 2, 3, 5.'),
        ({"state": "fine"}, '"state" is "fine"; expected one of "poor", "good".'),
        ({"pool": "yes"}, '"pool" is "yes"; expected true, false, 1 or 0.'),
        ({"zip": None}, '"zip" is null; expected a text, or a whole number of up to 15 digits.'),
        ({"sold": 0}, '"sold" is 0; expected a day such as "2015-05-27" from 1900-01-01 to 2100-01-01.'),
        ({"gradee": 3}, '"gradee" is no column of a house (did you mean "grade"?); correct its name or leave it out.'),
        ({"price": 1}, '"price" is what the model answers; expected only what is known before the sale; leave it out.'),
        ({"rooms": [1]}, '"rooms" is a JSON array; expected a whole number from 0 to 50.'),
        ({"rooms": float("nan")}, '"rooms" is NaN; expected a whole number from 0 to 50.'),
    ],
)
def test_a_fault_says_what_was_found_and_what_is_expected(
    scorer: Scorer, changes: dict[str, Any], message: str
) -> None:
    """One sentence, with the value as it was sent."""
    assert [fault.message for fault in refusal(scorer, {**FULL, **changes}).faults] == [message]


def test_a_column_that_is_known_but_not_asked_for_is_refused_by_name(scorer: Scorer) -> None:
    """The parcel's number has no part in a price."""
    (fault,) = refusal(scorer, {**FULL, "parcel": "7"}).faults
    assert fault.message.startswith('"parcel" has no part in a price')


def test_a_fault_has_the_shape_of_fastapi(scorer: Scorer) -> None:
    """Programs that read FastAPI's 422 read ours."""
    (fault,) = refusal(scorer, {**FULL, "rooms": 99}).faults
    assert fault.detail() == {
        "type": "less_than_equal",
        "loc": ["body", "rooms"],
        "msg": '"rooms" is 99; expected a whole number from 0 to 50.',
        "input": 99,
    }


def test_what_was_sent_is_given_back_in_few_words(scorer: Scorer) -> None:
    """A megabyte that was sent is not sent back, neither as a value nor as a name."""
    fault, other = refusal(scorer, {**FULL, "rooms": "x" * 10**6, "y" * 10**6: 1}).faults
    assert len(json.dumps(fault.detail())) < 400
    assert len(json.dumps(other.detail())) < 600


def test_a_thousand_faults_are_counted_and_the_first_are_told(scorer: Scorer) -> None:
    """An answer stays readable."""
    with pytest.raises(RefusedError) as caught:
        scorer.request.rows([{**FULL, "rooms": -1}] * 1000)
    assert (caught.value.count, len(caught.value.faults)) == (1000, LONGEST_LIST)


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
def test_what_is_expected_follows_from_the_declaration(column: dict[str, Any], said: str) -> None:
    """Bounds, units and levels are said, and a long list is cut."""
    assert expected(Column.model_validate(column)) == said
