"""What a pointer leads to: values with their intervals, gates with their limits, and nothing that is not there."""

from typing import Any

import pytest

from houseprice.evidence.claims import look_up
from houseprice.evidence.requirements import MANIFEST, PROFILE, SAMPLE, requirements

DOCUMENT = {
    "coverage": 0.9,
    "holdout": {"median_ape": 0.07, "ci95": {"median_ape": [0.06, 0.08]}, "vei": {"value": -3.0, "ci95": [-5.0, -1.0]}},
    "verdict": {
        "leakage": {"found": 0.0, "required": "at most 0", "passed": True},
        "cod": {"found": 20.0, "required": "at most 12", "passed": False, "interval": [19.0, 21.0]},
    },
    "rows": [4, 8, 15],
    "a/b": {"~": "text"},
    "empty": "",
}


@pytest.mark.parametrize(
    ("pointer", "form", "value", "interval", "required"),
    [
        ("/coverage", "percent", 0.9, None, None),
        ("/holdout/median_ape", "percent", 0.07, [0.06, 0.08], None),
        ("/holdout/vei", "number", -3.0, [-5.0, -1.0], None),
        ("/verdict/leakage", "gate", True, None, "at most 0"),
        ("/verdict/cod", "gate", False, [19.0, 21.0], "at most 12"),
        ("/rows", "count", 3, None, None),
        ("/a~1b/~0", "text", "text", None, None),
        ("/holdout", "names", ["median_ape", "ci95", "vei"], None, None),
    ],
)
def test_a_measure_is_found_with_what_belongs_to_it(
    pointer: str, form: str, value: Any, interval: Any, required: Any
) -> None:
    """An interval or a limit stands beside it where there is one."""
    expected = {"measured": True, "value": value, "interval": interval, "required": required}
    assert look_up(DOCUMENT, pointer, form) == expected


@pytest.mark.parametrize(
    ("pointer", "form"),
    [
        ("/holdout/within_5", "percent"), ("/coverage/deeper/still", "percent"), ("/holdout", "percent"),
        ("/empty", "text"), ("/coverage", "text"), ("/rows", "names"), ("/coverage", "gate"), ("/a~1b/~0", "number"),
        ("/verdict/leakage/passed", "number"),
    ],
)  # fmt: skip
def test_what_is_absent_or_of_another_kind_is_not_measured(pointer: str, form: str) -> None:
    """It is stated as that, and never guessed."""
    assert look_up(DOCUMENT, pointer, form)["measured"] is False


def test_every_requirement_names_known_files_and_says_something() -> None:
    """Five factors by their letters, and items with ids of their own."""
    factors, label = requirements("factors"), requirements("label")
    assert [factor.id for factor in factors] == list("abcde")
    assert all(factor.open for factor in factors)
    assert len({item.id for item in label}) == len(label)
    for requirement in (*factors, *label):
        assert requirement.measures
        for measure in requirement.measures:
            assert measure.file in (MANIFEST, SAMPLE, PROFILE)
            assert measure.form in ("percent", "number", "count", "text", "names", "gate")
            assert measure.at == "" or measure.at.startswith("/")
