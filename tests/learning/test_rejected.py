"""A model that fails a gate never takes the place of one that passed."""

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import mlflow  # noqa: TID251 - to look at what tracking.py has written
import pytest

from houseprice.bundle.load import read_manifest
from houseprice.bundle.verdict import failed_gates
from houseprice.candidate import build_candidate
from houseprice.errors import GateError
from houseprice.learning.bundling import read_sales
from houseprice.learning.leakage import TrainingSource
from houseprice.learning.model_store import MODEL, PREPROCESSOR, ModelStore
from houseprice.learning.verdict import verdict_of
from houseprice.release.build_context import check_bundle
from houseprice.serving.startup import refusal
from learning.commands import RunCli, files, told_once, train
from learning.conftest import sold
from learning.houses import written
from pipeline import Pipeline

Configured = Callable[..., Path]
STRICT, SMALL = {"gates__max_log_rmse": 0.09}, {"gates__max_model_bytes": 1000}


def is_served(bundle: Path) -> bool:
    """Tell whether `serve` starts with a bundle."""
    refused = refusal(bundle)
    assert refused is None or refused.code == "gate_failed"
    return refused is None


@pytest.mark.long
@pytest.mark.parametrize("gate", ["log_rmse", "model_bytes"])
def test_pair_and_bundle_that_passed_stay(
    after_training: Pipeline, run_cli: RunCli, configured: Configured, gate: str
) -> None:
    """Whether the model fails on its metrics or on its export; it lies apart with all that is known of it."""
    pipe = replace(after_training, config_file=configured(**(STRICT if gate == "log_rmse" else SMALL)))
    before = files(pipe.models)
    code, out, err = train(pipe, run_cli)
    assert code == 6
    assert "[gate_failed]" in told_once(err)
    assert "rejected" in out
    after = files(pipe.models)
    rejected = {name: digest for name, digest in after.items() if name.startswith("rejected/")}
    assert {name: digest for name, digest in after.items() if name not in rejected} == before
    names = {"metrics.json", "verdict.json", "model_report.html", f"trained/{MODEL}", f"trained/{PREPROCESSOR}"}
    assert {f"rejected/{name}" for name in names} | {"rejected/bundle/manifest.json"} <= set(rejected)
    store = ModelStore(pipe.models)
    assert failed_gates(read_manifest(store.rejected.bundle).verdict) == (gate,)
    assert json.loads((store.rejected.root / "verdict.json").read_bytes())["passed"] is False
    check_bundle(store.rejected.bundle, store.rejected.trained, allow_failed=True)


def test_every_command_takes_the_model_that_passed_and_refuses_the_one_that_failed(
    after_training: Pipeline, run_cli: RunCli, configured: Configured
) -> None:
    """The server and the build of an image decide by one verdict; on purpose the failed one is built."""
    pipe = replace(after_training, config_file=configured(**STRICT))
    assert train(pipe, run_cli)[0] == 6
    store = ModelStore(pipe.models)
    assert is_served(store.bundle)
    assert not is_served(store.rejected.bundle)
    check_bundle(store.bundle, store.trained, allow_failed=False)
    with pytest.raises(GateError):
        check_bundle(store.rejected.bundle, store.rejected.trained, allow_failed=False)
    check_bundle(store.rejected.bundle, store.rejected.trained, allow_failed=True)


@pytest.mark.long
def test_the_preprocessor_of_the_bundle_comes_back_and_the_other_is_found_again(
    after_training: Pipeline, run_cli: RunCli, configured: Configured
) -> None:
    """`features` has replaced it before the model failed; the next training needs no new features."""
    pipe, fewer = after_training, {"features__derived": ["age_at_sale"]}
    store, before = ModelStore(pipe.models), files(pipe.models)
    strict = configured(**fewer, **STRICT)
    words = ("features", "--config", strict, "--input", pipe.cleaned, "--output", pipe.featured)
    assert run_cli(*words, "--preprocessor", store.trained / PREPROCESSOR)[0] == 0
    assert files(pipe.models) != before
    assert train(replace(pipe, config_file=strict), run_cli)[0] == 6
    assert {name: digest for name, digest in files(pipe.models).items() if not name.startswith("rejected/")} == before
    assert train(replace(pipe, config_file=configured(**fewer)), run_cli)[0] == 0
    assert read_manifest(store.bundle).sources != read_manifest(store.rejected.bundle).sources
    check_bundle(store.bundle, store.trained, allow_failed=False)


@pytest.mark.long
def test_the_first_model_of_all_is_rejected_too(
    before_training: Pipeline, run_cli: RunCli, configured: Configured
) -> None:
    """Then there is no bundle, and the preprocessor stays where the features were made."""
    pipe = replace(before_training, config_file=configured(**STRICT))
    assert train(pipe, run_cli)[0] == 6
    store = ModelStore(pipe.models)
    assert not store.bundle.exists()
    assert sorted(path.name for path in store.trained.iterdir()) == [PREPROCESSOR]
    assert (store.rejected.trained / MODEL).is_file()


@pytest.mark.long
def test_bundle_refuses_a_model_that_failed(after_training: Pipeline, run_cli: RunCli, configured: Configured) -> None:
    """With exit code 6 and nothing written; on purpose it is exported, and the warning names the gate."""
    pipe = replace(after_training, config_file=configured(**STRICT))
    assert train(pipe, run_cli)[0] == 6
    store = ModelStore(pipe.models)
    shutil.copy(pipe.cleaned, store.rejected.root.parent)
    before = files(pipe.models)
    words = ("bundle", "--config", pipe.config_file, "--models-dir", store.rejected.root, "--data", pipe.cleaned)
    code, out, err = run_cli(*words)
    assert (code, out) == (6, "")
    assert "[gate_failed]" in err
    assert files(pipe.models) == before
    code, _, err = run_cli(*words, "--allow-red")
    assert code == 0
    assert "log_rmse" in err
    assert files(pipe.models)["rejected/bundle/manifest.json"] == before["rejected/bundle/manifest.json"]


def test_a_bundle_that_the_server_would_refuse_fails_its_own_gate(little: Pipeline) -> None:
    """Here by golden rows outside of what a request may hold; its manifest says so, and it is no bundle to serve."""
    store = ModelStore(little.models)
    (preprocessor, pickled), (model, _) = store.preprocessor(), store.model()
    sales = read_sales(little.cleaned, preprocessor.schema)
    columns = dict(preprocessor.schema.columns)
    columns["area"] = columns["area"].model_copy(update={"minimum": 200, "learn_minimum": None})
    preprocessor.schema = type(preprocessor.schema)(columns=columns)
    verdict = verdict_of(model)
    assert verdict.passed
    candidate = build_candidate(verdict, TrainingSource(sales, preprocessor), model, pickled, little.config)
    assert [gate.name for gate in candidate.verdict.failed] == ["serving"]
    assert failed_gates(json.loads(candidate.content["manifest.json"])["verdict"]) == ("serving",)
    assert pickle.loads(candidate.model).verdict_["serving"]["passed"] is False


@pytest.fixture
def other_city(after_training: Pipeline, run_cli: RunCli, request: pytest.FixtureRequest) -> Pipeline:
    """Return a pipeline of other houses, gone up to the features, in a folder with a champion."""
    pipe, first = after_training, request.param
    raw = pipe.models.parent / "other.csv"
    raw.write_text(written(sold(300, first, "9"), ";"), encoding="utf-8")
    words = ("process", "--config", pipe.config_file, "--input", raw, "--output", pipe.cleaned)
    assert run_cli(*words)[0] == 0
    words = ("features", "--config", pipe.config_file, "--input", pipe.cleaned, "--output", pipe.featured)
    assert run_cli(*words, "--preprocessor", pipe.models / "trained" / PREPROCESSOR)[0] == 0
    return pipe


@pytest.mark.long
@pytest.mark.parametrize("other_city", [date(2015, 6, 1)], indirect=True)
def test_a_challenger_of_other_sales_is_compared_on_its_holdout(other_city: Pipeline, run_cli: RunCli) -> None:
    """The champion's bundle comes from the registry and scores the challenger's newest sales."""
    code, out, err = train(other_city, run_cli, "--json")
    assert code in (0, 6), err
    told = json.loads(out)
    gate = told["verdict"]["champion_comparison"]
    assert gate["found"] is not None
    assert "held-out sales" in gate["detail"]
    assert {"found", "detail"}.isdisjoint(json.loads((other_city.reports / "metrics.json").read_text())["verdict"][
        "champion_comparison"])  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("other_city", [date(2014, 5, 2)], indirect=True)
def test_a_champion_that_cannot_be_compared_is_never_replaced_unseen(
    other_city: Pipeline, run_cli: RunCli, configured: Configured
) -> None:
    """The same days and prices under other numbers: no sale is new to it. A person may decide, and MLflow has it."""
    pipe = other_city
    before = files(pipe.bundle)
    code, out, err = train(pipe, run_cli, "--json")
    assert code == 6
    assert "champion_comparison" in told_once(err)
    client = mlflow.MlflowClient(f"sqlite:///{pipe.models.parent / 'mlflow.db'}")
    name = pipe.config.tracking.registered_model
    assert str(client.get_model_version_by_alias(name, "champion").version) == "1"
    assert files(pipe.bundle) == before
    assert failed_gates(read_manifest(ModelStore(pipe.models).rejected.bundle).verdict) == ("champion_comparison",)

    code, out, _ = train(pipe, run_cli, "--json", "--accept-uncomparable-champion")
    assert code == 0
    assert json.loads(out)["verdict"]["champion_comparison"]["accepted"] is True
    run = client.get_run(json.loads(out)["run_id"])
    assert run.data.tags["gate.champion_comparison"] == "accepted"
    assert client.get_model_version_by_alias(name, "champion").run_id == json.loads(out)["run_id"]
    assert read_manifest(pipe.bundle).verdict["champion_comparison"]["accepted"] is True
    assert is_served(pipe.bundle)
