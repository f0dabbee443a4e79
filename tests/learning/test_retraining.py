"""Retraining: sales that came in are added, and the model in production stays unless the new one is better."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from houseprice.bundle.load import read_manifest
from houseprice.learning.csv_reader import parse
from houseprice.learning.model_comparison import Comparison, NotComparable, promotes
from houseprice.learning.processing import clean
from houseprice.store import Actual, open_store
from learning.commands import RunCli, files, train
from learning.conftest import sold
from learning.houses import AS_WRITTEN, written
from pipeline import Pipeline
from stored import prediction


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


@pytest.mark.long
@pytest.mark.parametrize(("factor", "count", "replaced"), [(1.5, 240, True), (1.0, 30, False)])
def test_the_steps_retrain_as_the_command_does(
    production: Pipeline, run_cli: RunCli, tmp_path: Path, factor: float, count: int, replaced: bool
) -> None:
    """The registered champion is the one to beat, and the sales are those that the configuration names."""
    home, trained = production.config_file.parent, production.models / "trained"
    told = yaml.safe_load(production.config_file.read_text())
    told["paths"]["additional"] = str(additional(production, tmp_path / "more.csv", factor, count))
    production.config_file.write_text(yaml.safe_dump(told))
    config = ("--config", production.config_file)
    code, out, err = run_cli("process", *config, "--input", production.raw, "--output", home / "new.csv", "--json")
    assert (code, json.loads(out)["additional_sales"]["rows_kept"]) == (0, count), err
    shutil.rmtree(production.models)
    words = ("--output", production.featured, "--preprocessor", trained / "preprocessor.pkl")
    assert run_cli("features", *config, "--input", home / "new.csv", *words)[0] == 0
    code, out, err = train(production, run_cli, "--must-beat-champion", "--json")
    assert code == 0, err
    assert json.loads(out)["replaced"] is replaced
    assert len(json.loads(out)["comparisons"]) == 2
    assert (production.bundle / "manifest.json").is_file() is replaced
    assert (production.models / "rejected" / "bundle" / "manifest.json").is_file() is not replaced
    assert (production.reports / "retraining.md").is_file()


def test_a_file_of_additional_sales_need_not_be_there(
    production: Pipeline, run_cli: RunCli, configured: Callable[..., Path], tmp_path: Path
) -> None:
    """The configuration may name it before anything was sold."""
    config_file = configured(paths__additional=str(tmp_path / "later.csv"))
    words = ("--input", production.raw, "--output", tmp_path / "out" / "clean.csv")
    code, out, _ = run_cli("process", "--config", config_file, *words, "--json")
    assert (code, "additional_sales" in json.loads(out)) == (0, False)


def test_without_a_model_in_production_there_is_nothing_to_beat(
    production: Pipeline, run_cli: RunCli, tmp_path: Path
) -> None:
    """The first model is made by `run`."""
    more = additional(production, tmp_path / "more.csv")
    words = ("retrain", "--config", production.config_file, "--additional", more, "--live", tmp_path / "none")
    code, _, err = run_cli(*words)
    assert (code, "[bundle_not_found]" in err) == (5, True), err


def test_without_a_new_sale_nothing_is_trained(production: Pipeline, run_cli: RunCli) -> None:
    """A schedule may come when nothing was sold: that is a success, and at once."""
    before = files(production.models)
    code, result = retrain(run_cli, production, production.cleaned)
    assert (code, result["replaced"]) == (0, False)
    assert result["processing"]["additional_sales"]["rows_kept"] == 0
    assert files(production.models) == before


def test_the_sales_have_to_be_named(production: Pipeline, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a file or as a store."""
    monkeypatch.delenv("HOUSEPRICE_STORE", raising=False)
    assert run_cli("retrain", "--config", production.config_file)[0] == 2


@pytest.mark.long
def test_sales_come_from_the_store(production: Pipeline, run_cli: RunCli, tmp_path: Path) -> None:
    """What was asked and sold since: the table that they were written to is what was learned from."""
    schema, url = production.config.schema_, f"sqlite:///{tmp_path / 'store.db'}"
    sales = pl.read_csv(additional(production, tmp_path / "more.csv", 1.5), infer_schema=False)
    store = open_store(url)
    asked = datetime(2015, 2, 20, tzinfo=UTC)
    houses = [
        {name: sale[name] for name in schema.request if sale[name] is not None and name != schema.sale_date}
        for sale in sales.to_dicts()
    ]
    store.add(
        [
            prediction(request_id=f"r{n}", reference=f"later{n}", predicted_at=asked, inputs=house, currency="USD")
            for n, house in enumerate(houses)
        ]
    )
    paid = zip(sales["day"], sales["paid"], strict=True)
    store.add_actuals(
        [Actual(float(price), date.fromisoformat(day), request_id=f"r{n}") for n, (day, price) in enumerate(paid)]
    )
    store.close()
    words = ("retrain", "--config", production.config_file, "--raw", production.raw, "--store", url, "--json")
    code, out, err = run_cli(*words)
    assert code == 0, err
    result = json.loads(out)
    assert (result["replaced"], result["processing"]["additional_sales"]["rows_kept"]) == (True, 240)


@pytest.mark.parametrize(
    ("grounds", "must_beat", "expected"),
    [
        ([], False, True),
        ([], True, False),
        ([NotComparable("")], True, False),
        ([Comparison(0.0, 0.0, 0.0, 5, "")], False, True),
        ([Comparison(0.0, 0.0, 0.0, 5, "")], True, False),
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
