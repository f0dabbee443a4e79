"""What an image must answer is read from the sealed bundle, and nothing but what was sealed."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from houseprice.bundle.load import Bundle
from houseprice.errors import ArtifactError, GateError
from houseprice.release.expected_predictions import ExpectedPredictions, log_rmse


def test_the_sealed_predictions_are_read(bundle: Bundle) -> None:
    """They are those that serving loads."""
    expected = ExpectedPredictions.read(bundle.directory)
    assert expected.model_version == bundle.manifest.model_version
    assert (expected.golden_rows, expected.golden) == (bundle.golden["rows"], bundle.golden["answers"])
    assert (expected.sample_rows, expected.sample) == (bundle.sample["rows"], bundle.sample["answers"])
    assert math.isclose(log_rmse(expected.sample, expected.sample_prices), expected.sample_log_rmse)


@pytest.mark.parametrize("name", ["golden.json", "sample.json"])
@pytest.mark.parametrize("content", [b"", b"{}", None])
def test_a_changed_file_is_refused(name: str, content: bytes | None, tiny_bundle: Path, tmp_path: Path) -> None:
    """Emptied, replaced or removed."""
    changed = shutil.copytree(tiny_bundle, tmp_path / "bundle")
    (changed / name).unlink()
    if content is not None:
        (changed / name).write_bytes(content)
    with pytest.raises(ArtifactError) as refused:
        ExpectedPredictions.read(changed)
    assert (refused.value.code, refused.value.details["file"]) == ("bundle_changed", name)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": 1}', "[" * 100_000])
def test_a_manifest_that_cannot_be_read_is_refused(content: str, tmp_path: Path) -> None:
    """Whatever it holds."""
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ArtifactError) as refused:
        ExpectedPredictions.read(tmp_path)
    assert refused.value.code == "bundle_invalid"


def test_a_model_that_failed_its_gates_is_only_tested_on_purpose(seal: Callable[..., Path]) -> None:
    """What is tested is published next, so a failed model needs an explicit permission."""
    failed = seal(green=False)
    with pytest.raises(GateError) as refused:
        ExpectedPredictions.read(failed)
    assert refused.value.details["gates"] == ["log_rmse"]
    assert ExpectedPredictions.read(failed, allow_failed=True).failed_gates == ("log_rmse",)


def test_a_missing_bundle_is_refused(tmp_path: Path) -> None:
    """Before anything is started."""
    with pytest.raises(ArtifactError) as refused:
        ExpectedPredictions.read(tmp_path / "none")
    assert refused.value.code == "bundle_not_found"


def test_perfect_predictions_have_no_error(tiny_bundle: Path) -> None:
    """The log-RMSE of predictions that equal the prices is zero."""
    golden = json.loads((tiny_bundle / "golden.json").read_bytes())["answers"]
    assert log_rmse(golden, [one["predicted_price"] for one in golden]) == 0
