"""The verdict of a bundle: one decision for every command that takes one."""

from pathlib import Path
from typing import Any

import pytest

from houseprice.bundle.verdict import NEVER_JUDGED, check_verdict, failed_gates
from houseprice.errors import GateError

PASSED, FAILED = {"passed": True, "required": "at most 1"}, {"passed": False, "required": "at most 1"}


@pytest.mark.parametrize(
    ("verdict", "failed"),
    [
        ({"a": PASSED}, ()),
        ({"a": PASSED, "b": FAILED, "c": FAILED}, ("b", "c")),
        ({}, (NEVER_JUDGED,)),
        (None, (NEVER_JUDGED,)),
        ([PASSED], (NEVER_JUDGED,)),
        ({"a": {}}, ("a",)),
        ({"a": {"passed": "true"}}, ("a",)),
        ({"a": {"passed": 1}}, ("a",)),
        ({"a": None}, ("a",)),
    ],
)
def test_only_a_gate_that_says_so_has_passed(verdict: Any, failed: tuple[str, ...]) -> None:
    """Anything but `passed: true` is a failure, and no gate at all is no approval."""
    assert failed_gates(verdict) == failed


def test_a_failed_model_is_refused_unless_it_is_allowed() -> None:
    """The exception names the gates; where it is allowed, the caller learns them to say so."""
    with pytest.raises(GateError) as refused:
        check_verdict({"a": PASSED, "b": FAILED}, Path("bundle"), allow_failed=False)
    assert (refused.value.code, refused.value.details["gates"]) == ("gate_failed", ["b"])
    assert check_verdict({"a": PASSED, "b": FAILED}, Path("bundle"), allow_failed=True) == ("b",)
    assert check_verdict({"a": PASSED}, Path("bundle"), allow_failed=False) == ()
