"""Retraining: sales that came in are added, and the model in production stays unless the new one is better."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from houseprice.bundle.load import read_manifest
from houseprice.learning.csv_reader import parse
from houseprice.learning.model_comparison import Comparison, NotComparable, promotes
from houseprice.learning.processing import clean
from learning.commands import RunCli, files
from learning.conftest import sold
from learning.houses import AS_WRITTEN, written
from pipeline import Pipeline


def additional(little: Pipeline, path: Path, factor: float = 1.0, count: int = 240) -> Path:
    """Write sales of the following months in canonical form, dearer by a factor."""
    rows = sold(count, first=date(2015, 2, 26), prefix="later", seed=11)
    schema = little.config.schema_
    table = clean(
        parse(written(rows, ";"), "later.csv", schema, AS_WRITTEN.model_copy(update={"separator": ";"})),
        schema,
        little.config.data,
    ).sales
    table.with_columns(pl.col("paid") * factor).write_csv(path)
    return path


def retrain(run_cli: RunCli, home: Pipeline, more: Path) -> tuple[int, dict[str, Any]]:
    """Retrain the model of a small pipeline; return exit code and result."""
    words = ("retrain", "--config", home.config_file, "--raw", home.raw, "--additional", more, "--json")
    code, out, err = run_cli(*words)
    return code, json.loads(out) if out.startswith("{") else {"error": err}


@pytest.fixture
def production(after_training: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Return a small pipeline whose bundle is in production, with its folder as the present one."""
    monkeypatch.chdir(after_training.config_file.parent)
    return after_training


@pytest.mark.long
def test_a_model_that_the_market_left_behind_is_replaced(production: Pipeline, run_cli: RunCli, tmp_path: Path) -> None:
    """Prices rose by half since: the new model is better on sales that neither has seen, and takes the place."""
    before = read_manifest(production.bundle)
    code, result = retrain(run_cli, production, additional(production, tmp_path / "more.csv", 1.5))
    assert code == 0, result
    assert (result["replaced"], result["live"]) == (True, before.model_version)
    assert result["processing"]["additional_sales"]["rows_kept"] == 240
    after = read_manifest(production.bundle)
    assert after.model_version != before.model_version
    assert after.passed


@pytest.mark.long
def test_a_model_that_is_not_beaten_stays(production: Pipeline, run_cli: RunCli, tmp_path: Path) -> None:
    """Nothing changed but the months: that is a success, and the bundle is the same to the byte."""
    before = files(production.bundle)
    code, result = retrain(run_cli, production, additional(production, tmp_path / "more.csv", count=30))
    assert (code, result.get("replaced")) == (0, False), result
    assert files(production.bundle) == before
    assert (production.models / "rejected" / "bundle" / "manifest.json").is_file()


def test_without_a_model_in_production_there_is_nothing_to_beat(
    production: Pipeline, run_cli: RunCli, tmp_path: Path
) -> None:
    """The first model is made by `run`."""
    more = additional(production, tmp_path / "more.csv")
    words = ("retrain", "--config", production.config_file, "--additional", more, "--live", tmp_path / "none")
    code, _, err = run_cli(*words)
    assert (code, "[bundle_not_found]" in err) == (5, True), err


@pytest.mark.parametrize(
    ("grounds", "must_beat", "expected"),
    [
        ([], False, True),
        ([], True, False),
        ([NotComparable("")], True, False),
        ([Comparison(-1.0, -2.0, -0.5, 5, "")], True, True),
        ([Comparison(-1.0, -2.0, 0.5, 5, "")], True, False),
        ([Comparison(-1.0, -2.0, 0.5, 5, ""), Comparison(-1.0, -2.0, -0.5, 5, "")], True, True),
        ([Comparison(1.0, 0.5, 2.0, 5, ""), Comparison(-1.0, -2.0, -0.5, 5, "")], True, False),
    ],
)
def test_better_on_some_ground_and_worse_on_none(
    grounds: list[Comparison | NotComparable], must_beat: bool, expected: bool
) -> None:
    """What cannot be compared beats nobody."""
    assert promotes(grounds, must_beat=must_beat) is expected
