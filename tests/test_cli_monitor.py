"""The commands of `monitor`, as a person or a script types them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from houseprice.bundle.load import Bundle, open_bundle, read_manifest
from houseprice.serving.scorer import Scorer
from houseprice.store import Actual, open_store
from programs import error_code
from stored import Clock, prediction

RunCli = Callable[..., tuple[int, str, str]]
COUNT = 240


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    """Return a small model."""
    return open_bundle(bundle_dir)


def bundle_version(directory: Path) -> str:
    """Return the version of a model."""
    return read_manifest(directory).model_version


def production(path: Path, bundle: Bundle, factor: float) -> str:
    """Fill a store with a few months of requests, and prices that are so many times the predicted ones."""
    clock, draw = Clock(), np.random.default_rng(5)
    store = open_store(f"sqlite:///{path}", clock)
    scorer, version = Scorer(bundle), bundle.manifest.model_version
    rows = scorer.request.validate(bundle.sample["rows"])
    for number, found in enumerate(scorer.score([rows[n % len(rows)] for n in range(COUNT)])):
        asked = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=12 * number)
        low, high = found.prediction_interval
        house = {name: value for name, value in rows[number % len(rows)].items() if isinstance(value, str | float)}
        request = f"r{number}"
        made = prediction(
            request_id=request, reference=None, predicted_at=asked, model_version=version, inputs=house,
            price=found.predicted_price, low=low, high=high, fsd=np.log(high / low) / 3.29,
        )  # fmt: skip
        clock.now = asked
        store.add([made])
        clock.now = asked + timedelta(days=2)
        paid = float(found.predicted_price * factor * np.exp(draw.normal(0.0, 0.05)))
        store.add_actuals([Actual(round(paid, 2), (asked + timedelta(days=1)).date(), request_id=request)])
    store.close()
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, bundle: Bundle) -> str:
    """Return the store of a market that has risen by a third since the model was made."""
    return production(tmp_path_factory.mktemp("moved") / "store.db", bundle, 1.33)


def test_errors_and_alarms_are_shown(run_cli: RunCli, moved: str, bundle_dir: Path) -> None:
    """For people and for scripts; an alarm fails a command that asks for it."""
    words = ("monitor", "--store", moved, "--bundle", bundle_dir)
    code, out, _ = run_cli(*words, "--json")
    found = json.loads(out)
    assert (code, found["predictions"], found["labelled"]) == (0, COUNT, COUNT)
    assert {alarm["name"] for alarm in found["alarms"] if alarm["raised"]} >= {"market_above"}
    assert found["errors"]["bias"]["value"] == pytest.approx(-np.log(1.33), abs=0.02)
    code, out, _ = run_cli(*words)
    assert (code, "market_above" in out, "2026-02" in out) == (0, True, True)
    code, _, err = run_cli(*words, "--strict")
    assert (code, error_code(err)) == (6, "alarm_raised")


def test_the_report_is_one_page(run_cli: RunCli, moved: str, bundle_dir: Path, tmp_path: Path) -> None:
    """It needs no other file."""
    output = tmp_path / "deep" / "monitor.html"
    code, out, err = run_cli(
        "monitor", "--store", moved, "--bundle", bundle_dir, "report", "--output", output, "--json"
    )
    assert (code, json.loads(out)["labelled"]) == (0, COUNT), err
    page = output.read_text()
    assert bundle_version(bundle_dir) in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_without_any_prediction_nothing_is_raised(run_cli: RunCli, bundle_dir: Path, tmp_path: Path) -> None:
    """Nor does it fail."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    open_store(url).close()
    assert run_cli("monitor", "--store", url, "--bundle", bundle_dir, "--strict")[0] == 0


def test_a_bundle_that_is_not_there(run_cli: RunCli, tmp_path: Path) -> None:
    """The code says so."""
    code, _, err = run_cli("monitor", "--store", f"sqlite:///{tmp_path / 'store.db'}", "--bundle", tmp_path)
    assert (code, error_code(err)) == (5, "bundle_not_found")
