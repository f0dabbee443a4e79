"""The checks of an image, without an engine: each fault of a stand-in container fails the check that is for it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_engine import FakeEngine, failed, good_config, tried

from houseprice.bundle.load import Bundle, open_bundle
from houseprice.errors import ImageError
from houseprice.release import image_checks


def dearer(body: dict[str, Any]) -> dict[str, Any]:
    """Answer a tenth of a percent too high."""
    return body | {"predicted_price": body["predicted_price"] * 1.001}


REDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no labels": ({"config": good_config() | {"Labels": None}}, "labels", "without title, description"),
    "label of another model": (
        {"config": good_config() | {"Labels": good_config()["Labels"] | {"houseprice.model-version": "other"}}},
        "labels",
        "houseprice.model-version is other",
    ),
    "label of another sealed folder": (
        {"config": good_config() | {"Labels": good_config()["Labels"] | {"houseprice.manifest": "f" * 64}}},
        "labels",
        "houseprice.manifest is ffffffffffff",
    ),
    "evidence without a label": ({"evidence": "e" * 64}, "labels", "is None, the file inside is eeeeeeeeeeee"),
    "evidence that is missing": (
        {"config": good_config() | {"Labels": good_config()["Labels"] | {"houseprice.evidence": "e" * 64}}},
        "labels",
        "is eeeeeeeeeeee, the file inside is None",
    ),
    "too large": ({"size": 451_000_000}, "size", "451 MB unpacked, with its base; only a layout tells more; allowed"),
    "too slow": ({"slow": 0.06}, "latency", "allowed are 50 ms"),
    "no user": ({"config": good_config() | {"User": ""}}, "user", "declared root"),
    "user by name": ({"config": good_config() | {"User": "app"}}, "user", "declared app"),
    "user 0": ({"config": good_config() | {"User": "0:0"}}, "user", "declared 0:0"),
    "root in effect": ({"uids": "Uid:\t10001\t0\t0\t0"}, "user", "running as 10001"),
    "no ids": ({"uids": ""}, "user", "cannot be checked"),
    "a folder can be written": ({"folders": {"/": "EROFS", "/app": "written"}}, "read-only root", "/app (written)"),
    "refused for another reason": ({"folders": {"/": "EACCES"}}, "read-only root", "/ (EACCES)"),
    "nothing tried": ({"folders": {}}, "read-only root", "nothing was tried"),
    "a pickle inside": ({"workshop": ["sklearn"]}, "serving only", "holds sklearn"),
    "another folder": ({"manifest": "f" * 64}, "sealed model", "manifest ffffffffffff"),
    "no health command": ({"config": good_config() | {"Healthcheck": None}}, "health command", "no HEALTHCHECK"),
    "health command in a shell": (
        {"config": good_config() | {"Healthcheck": {"Test": ["CMD-SHELL", "true"]}}},
        "health command",
        "CMD-SHELL",
    ),
    "health command fails": ({"probe": 1}, "health command", "ends with 1 no answer"),
    "health names another model": ({"health": (200, {"model_version": "other"})}, "identity", "model_version other"),
    "health is no object": ({"health": (200, [])}, "identity", "model_version None"),
    "another price": ({"change": dearer}, "golden rows", "instead of"),
    "no price": ({"change": lambda _body: {}}, "golden rows", "model_version None"),
    "no number": ({"change": lambda body: body | {"predicted_price": float("nan")}}, "newest sales", "nan"),
    "a negative price": ({"change": lambda body: body | {"predicted_price": -1}}, "metric", "cannot be checked"),
    "another interval": (
        {"change": lambda body: body | {"prediction_interval": [1, 2]}},
        "golden rows, batch",
        "interval_",
    ),
    "an interval of one": ({"change": lambda body: body | {"prediction_interval": [1]}}, "newest sales", "ValueError"),
    "another model's name": ({"change": lambda body: body | {"model_version": "x"}}, "golden rows", "model_version x"),
    "killed at the end": ({"exit_code": 137}, "stop", "ended with 137"),
    "never stops": ({"exit_code": -1}, "stop", "did not end within 10 s"),
    "another stop signal": ({"config": good_config() | {"StopSignal": "SIGKILL"}}, "stop", "SIGKILL"),
}


@pytest.mark.parametrize(("fault", "check", "found"), REDS.values(), ids=REDS)
def test_one_fault_is_enough(bundle: Bundle, fault: dict[str, Any], check: str, found: str) -> None:
    """An image that is bad in one way fails the check for it, and its container is removed."""
    engine = FakeEngine(bundle, **fault)
    trial = tried(engine)
    assert found in failed(trial)[check]
    assert engine.events[-1] == "remove"
    with pytest.raises(ImageError, match=r"failed \d+ of 18 checks .* do not publish it"):
        trial.demand()


def test_a_slow_image_is_not_asked_for_long(bundle: Bundle) -> None:
    """As soon as it is known that more than one in a hundred answers are slow, no more are waited for."""
    trial = tried(FakeEngine(bundle, slow=0.06))
    assert re.search(r"p99 \d+\.\d ms of 1 requests in round 3; allowed are 50 ms", failed(trial)["latency"])


def test_another_model_is_found_out(bundle: Bundle, seal: Callable[..., Path]) -> None:
    """An image that is whole in itself, but holds another model than the local one, fails."""
    other = open_bundle(seal("other", 210.0))
    found = failed(tried(FakeEngine(other), local=bundle))
    assert {"sealed model", "identity", "golden rows", "golden rows, batch", "newest sales", "metric"} <= set(found)


@pytest.mark.parametrize("part", ["golden", "sample"])
def test_sealed_answers_are_recomputed(seal: Callable[..., Path], part: str) -> None:
    """A sealed folder whose stored answers are not its own model's makes the test fail, whatever the image says."""
    wrong = [{"predicted_price": 1.0, "interval_low": 1.0, "interval_high": 1.0}] * 3
    sealed = open_bundle(seal(**{part: {"answers": wrong}}))
    assert "instead of 1.00" in failed(tried(FakeEngine(sealed)))["offline answers"]


def test_a_metric_that_is_not_reached_fails(seal: Callable[..., Path]) -> None:
    """The sealed metric is demanded of the image's own answers."""
    assert "log-RMSE 0.09" in failed(tried(FakeEngine(open_bundle(seal(sample={"log_rmse": 0.05})))))["metric"]


def test_no_rows_prove_nothing(seal: Callable[..., Path]) -> None:
    """A sealed folder without golden rows or sample does not let an image pass."""
    empty = {"rows": [], "answers": [], "prices": []}
    found = failed(tried(FakeEngine(open_bundle(seal(golden=empty, sample=empty)))))
    assert {"golden rows", "golden rows, batch", "newest sales", "metric"} <= set(found)


def test_whatever_an_image_does_is_a_finding(bundle: Bundle) -> None:
    """An error that nobody thought of, while a check looks, is a failed check."""

    def surprised(_subject: object) -> tuple[bool, str]:
        raise RuntimeError("never seen before")

    finding = image_checks.look(image_checks.Check("new", "anything", surprised), None, healthy=True)  # type: ignore[arg-type]
    assert (finding.passed, finding.found) == (False, "cannot be checked (RuntimeError: never seen before)")
