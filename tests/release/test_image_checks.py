"""Each fault of an image fails the check that is for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_docker import FakeDocker, failed, good_config, run_test

from houseprice.bundle.load import Bundle, open_bundle
from houseprice.errors import ImageError
from houseprice.release import image_checks
from houseprice.release.image_test import require_passed
from houseprice.release.performance_checks import Limits


def _change(**values: Any) -> dict[str, Any]:
    return {"change": lambda body: body | values}


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no labels": ({"config": {"Labels": None}}, "labels", "org.opencontainers.image.title"),
    "a shell as entrypoint": ({"config": {"Entrypoint": ["/bin/sh", "-c", "x"]}}, "declarations", "/bin/sh"),
    "no entrypoint": ({"config": {"Entrypoint": None}}, "declarations", "None"),
    "another port": ({"config": {"ExposedPorts": {"80/tcp": {}}}}, "declarations", "8000"),
    "a volume": ({"config": {"Volumes": {"/data": {}}}}, "declarations", "/data"),
    "another stop signal": ({"config": {"StopSignal": "SIGKILL"}}, "declarations", "SIGKILL"),
    "too large": ({"layers": (b"\x1f\x8b" + bytes(2_000_000),)}, "size", "2 MB"),
    "too slow": ({"slow": 0.3}, "latency", ""),
    "no user": ({"config": {"User": ""}}, "user", "root"),
    "user by name": ({"config": {"User": "app"}}, "user", "app"),
    "user 0": ({"config": {"User": "0:0"}}, "user", "0:0"),
    "root in effect": ({"inside": {"/proc/1/status": "Uid:\t10001\t0\t0\t0"}}, "user", "10001"),
    "no ids": ({"inside": {"/proc/1/status": ""}}, "user", "IndexError"),
    "a writable folder": ({"inside": {"errno": '{"/": "EROFS", "/app": "written"}'}}, "read-only root", "/app"),
    "not writable for another reason": ({"inside": {"errno": '{"/": "EACCES"}'}}, "read-only root", "EACCES"),
    "nothing tried": ({"inside": {"errno": "{}"}}, "read-only root", "0"),
    "a training package": ({"inside": {"find_spec": '["sklearn"]'}}, "serving only", "sklearn"),
    "another bundle": ({"inside": {"manifest.json": "f" * 64}}, "bundle", "ffffffffffff"),
    "no health command": ({"config": {"Healthcheck": None}}, "health command", "HEALTHCHECK"),
    "health command in a shell": ({"config": {"Healthcheck": {"Test": ["CMD-SHELL", "x"]}}}, "health command", "SHELL"),
    "health names another model": ({"health": (200, {"model_version": "other"})}, "model version", "other"),
    "health is no object": ({"health": (200, [])}, "model version", "None"),
    "another price": (_change(predicted_price=1.0), "golden rows", "predicted_price 1 "),
    "no prediction": ({"change": lambda _body: {}}, "golden rows", "None"),
    "not a number": (_change(predicted_price=float("nan")), "held-out sample", "nan"),
    "a negative price": (_change(predicted_price=-1), "log-RMSE", "ValueError"),
    "another interval": (_change(prediction_interval=[1, 2]), "golden rows, batch", "interval_"),
    "half an interval": (_change(prediction_interval=[1]), "held-out sample", "ValueError"),
    "another model's name": (_change(model_version="x"), "golden rows", "x"),
    "a traceback in the logs": ({"printed": "Traceback (most recent call last):\n"}, "logs", "Traceback"),
    "an error in the logs": ({"printed": '{"level": "error"}\n'}, "logs", "error"),
}


@pytest.mark.parametrize(("fault", "check", "found"), FAULTS.values(), ids=FAULTS)
def test_one_fault_is_enough(bundle: Bundle, fault: dict[str, Any], check: str, found: str) -> None:
    """An image that is bad in one way fails the check for it, and its container is removed."""
    docker = FakeDocker(bundle=bundle, **fault)
    test = run_test(docker)
    assert found in failed(test)[check]
    assert docker.events[-1] == "rm"
    with pytest.raises(ImageError) as refused:
        require_passed(test)
    assert refused.value.code == "image_test_failed"
    assert check in refused.value.details["failed"]


def test_a_label_of_another_bundle_fails(bundle: Bundle) -> None:
    """The label must be that of the local bundle, also when the image agrees with itself."""
    labels = good_config(bundle)["Labels"] | {image_checks.MANIFEST_LABEL: "f" * 64}
    assert "f" * 12 in failed(run_test(FakeDocker(bundle=bundle, config={"Labels": labels})))["labels"]


def test_another_model_fails(bundle: Bundle, seal: Callable[..., Path]) -> None:
    """An image that is whole in itself, but holds another model than the local bundle, fails."""
    other = open_bundle(seal("other", 210.0))
    found = failed(run_test(FakeDocker(bundle=other), bundle.directory))
    assert {
        "labels", "bundle", "model version", "golden rows", "golden rows, batch", "held-out sample", "log-RMSE",
    } <= found.keys()  # fmt: skip


def test_an_error_that_is_not_reached_fails(seal: Callable[..., Path]) -> None:
    """The sealed error is required of the image's own predictions."""
    sealed = open_bundle(seal(sample={"log_rmse": 0.05}))
    assert failed(run_test(FakeDocker(bundle=sealed))).keys() == {"log-RMSE"}


def test_without_prices_paid_there_is_no_error_to_reach(seal: Callable[..., Path]) -> None:
    """A bundle may be sealed without them; its predictions are compared all the same."""
    sealed = open_bundle(seal(sample={"prices": [], "log_rmse": 0.05}))
    assert failed(run_test(FakeDocker(bundle=sealed))) == {}


def test_without_rows_nothing_is_proven(seal: Callable[..., Path]) -> None:
    """A bundle without golden rows or sample does not let an image pass."""
    empty = {"rows": [], "answers": [], "prices": []}
    found = failed(run_test(FakeDocker(bundle=open_bundle(seal(golden=empty, sample=empty)))))
    assert {"golden rows", "golden rows, batch", "held-out sample", "log-RMSE", "latency"} <= found.keys()


def test_an_unforeseen_error_is_a_failed_check(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that cannot look has failed."""

    def broken(*_: object) -> tuple[bool, str]:
        raise RuntimeError("never seen before")

    monkeypatch.setattr(image_checks, "CHECKS", (image_checks.Check("new", "anything", broken),))
    (result,) = image_checks.run_checks(None, Limits())  # type: ignore[arg-type]
    assert (result.passed, result.found) == (False, "RuntimeError: never seen before")
