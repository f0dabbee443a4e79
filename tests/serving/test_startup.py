"""Whether `serve` starts with a bundle is known without starting it."""

from pathlib import Path
from typing import Any

import pytest
from toy import FULL, FULL_PRICE, altered_golden, answer, seal

from houseprice.bundle import manifest as manifests
from houseprice.serving.startup import refusal

FAILED = {"parity": {"passed": False, "required": "at most 1"}}
SAMPLE = {"rows": [FULL], "prices": [FULL_PRICE], "log_rmse": 0.0}
ANSWER = answer(FULL_PRICE)


def test_a_good_bundle_is_not_refused(tmp_path: Path) -> None:
    """Its golden rows and its held-out sample are predicted as stored."""
    assert refusal(seal(tmp_path, {manifests.SAMPLE: {**SAMPLE, "answers": [ANSWER]}})) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (altered_golden(), "golden_rows_failed"),
        ({manifests.SAMPLE: {**SAMPLE, "answers": [{**ANSWER, "interval_low": 1.0}]}}, "sample_failed"),
        ({manifests.SAMPLE: {**SAMPLE, "answers": [{**ANSWER, "fsd": 0.1251}]}}, "sample_failed"),
        ({manifests.GOLDEN: {"tolerance": 1e-4, "rows": [{"rooms": 1}], "answers": [ANSWER]}}, "artifact_invalid"),
        ({manifests.MODEL: b"no graph"}, "graph_not_runnable"),
        ({manifests.REFERENCE: []}, "start_failed"),
    ],
)
def test_what_keeps_the_server_from_starting_is_returned(tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    """As an exception with its code, also where nobody foresaw the failure."""
    found = refusal(seal(tmp_path, changes))
    assert found is not None
    assert found.code == code


def test_a_house_of_the_sample_that_a_request_may_not_hold_is_a_reason(tmp_path: Path) -> None:
    """A sale was learned from that the API would refuse."""
    rows = [{**FULL, "zip": "9" * 201}]
    assert refusal(seal(tmp_path, {manifests.SAMPLE: {**SAMPLE, "rows": rows, "answers": [ANSWER]}})) is not None


def test_a_failed_verdict_is_a_reason_unless_it_is_allowed(tmp_path: Path) -> None:
    """The names of the gates are in the details."""
    bundle = seal(tmp_path, verdict=FAILED)
    found = refusal(bundle)
    assert found is not None
    assert (found.code, found.details["gates"]) == ("gate_failed", ["parity"])
    assert refusal(bundle, allow_red=True) is None
