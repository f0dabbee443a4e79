"""Reasons to trust an answer less."""

from typing import Any

import pytest
from toy import FULL, LEAST

from houseprice.serving.scorer import Scorer


def warnings_of(scorer: Scorer, house: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the warnings of one house."""
    (answer,) = scorer.score(scorer.request.validate([house]))
    return [(warning.column, warning.kind, warning.message) for warning in answer.warnings]


def test_a_house_like_those_that_were_learned_from_has_no_warning(scorer: Scorer) -> None:
    """Nothing is said when there is nothing to say."""
    assert warnings_of(scorer, FULL) == []


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        (
            {"living area": 901},
            ("living area", "outside_range", "living area 901 is outside 30 to 900, which was learned from"),
        ),
        ({"lot": 9000.75}, ("lot", "outside_range", "lot 9000.75 is outside 100 to 9000.5, which was learned from")),
        (
            {"sold": "2015-05-28"},
            ("sold", "outside_range", "sold 2015-05-28 is outside 2014-05-02 to 2015-05-27, which was learned from"),
        ),
        ({"zip": "10115"}, ("zip", "unknown_category", 'zip "10115" is none of the 2 that were learned from')),
        ({"lot": None}, ("lot", "missing", "lot is missing, which carries 4% of what was learned")),
        ({"heating": None}, ("heating", "missing", "heating is missing, which carries 2% of what was learned")),
    ],
)
def test_what_was_not_learned_from_is_answered_with_a_warning(
    scorer: Scorer, changes: dict[str, Any], warning: tuple[str, str, str]
) -> None:
    """Each warning names the column, the kind and what was learned from."""
    assert [found[:2] for found in warnings_of(scorer, {**FULL, **changes})] == [warning[:2]]


@pytest.mark.parametrize(
    "changes",
    [
        {"living area": 30},
        {"living area": 900},
        {"sold": "2014-05-02"},
        {"sold": None},
        {"pool": None},
        {"state": None},
    ],
)
def test_the_edge_of_what_was_learned_and_columns_that_hardly_matter_pass(
    scorer: Scorer, changes: dict[str, Any]
) -> None:
    """A range includes its ends, and a missing column of no weight is not worth a word."""
    assert warnings_of(scorer, {**FULL, **changes}) == []


def test_in_a_batch_each_house_has_its_own_warnings(scorer: Scorer) -> None:
    """Warnings never stray to a neighbour."""
    rows = [FULL, {**FULL, "zip": "10115", "rooms": 40}, FULL, LEAST]
    answers = scorer.score(scorer.request.validate(rows))
    assert [[warning.column for warning in answer.warnings] for answer in answers] == [
        [],
        ["rooms", "zip"],
        [],
        ["lot", "heating"],
    ]
