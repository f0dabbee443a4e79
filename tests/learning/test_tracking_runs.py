"""What MLflow keeps of a training, embedded and on a server."""

import hashlib
import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import mlflow  # noqa: TID251 - to look at what tracking.py has written
import numpy as np
import polars as pl
import pytest

from houseprice.bundle.golden import OUTPUTS
from houseprice.bundle.load import open_bundle
from houseprice.bundle.manifest import sha256_of
from houseprice.learning import tracking
from houseprice.learning.bundling import read_sales
from houseprice.learning.features import columns_of
from houseprice.learning.model_store import PREPROCESSOR
from learning.commands import RunCli, files, told_once, train
from learning.mlflow_server import RULES, Server
from pipeline import Pipeline


@pytest.fixture(scope="module", autouse=True)
def server(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server beside the first tests of this module."""
    one = Server(empty_store, tmp_path_factory.mktemp("server"))
    yield one
    one.stop()


def client_of(uri: str) -> mlflow.MlflowClient:
    """Return a client that is bound to one store, whatever the rest of the process does."""
    return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)


def bearer(client: mlflow.MlflowClient, name: str, alias: str) -> str:
    """Return the version that bears an alias."""
    return str(client.get_model_version_by_alias(name, alias).version)


def check_kept(pipe: Pipeline, uri: str, run_id: str, version: str, folder: Path) -> None:
    """Check that a run holds everything that is promised of it."""
    client, name = client_of(uri), pipe.config.tracking.registered_model
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == pipe.config.tracking.experiment
    assert run.data.params["seed"] == "0"
    assert run.data.params["holdout_share"] == str(pipe.config.split.holdout_share)
    metrics = json.loads((pipe.reports / "metrics.json").read_text())
    for side in ("holdout", "rolling_origin", "grouped_folds", "baselines.ridge", "baselines.constant"):
        found = metrics
        for part in side.split("."):
            found = found[part]
        assert run.data.metrics[f"{side}.log_rmse"] == pytest.approx(found["log_rmse"], rel=1e-12)
    tags = run.data.tags
    assert {"commit", "config", "lock", "verdict", "model_sha256", "bundle_manifest_sha256"} <= set(tags)
    assert tags["featured_sha256"] == sha256_of(pipe.featured)
    assert tags["processed_sha256"] == sha256_of(pipe.cleaned)
    assert tags["bundle_manifest_sha256"] == sha256_of(pipe.bundle / "manifest.json")
    tables = {entry.dataset.name: entry for entry in run.inputs.dataset_inputs}
    assert set(tables) == {"featured", "processed"}
    for table, path in (("featured", pipe.featured), ("processed", pipe.cleaned)):
        assert tables[table].dataset.digest == sha256_of(path)[:16]
        assert sha256_of(path) in {tag.value for tag in tables[table].tags}
    kept = {item.path for item in client.list_artifacts(run_id)}
    assert {"bundle", "metrics.json", "verdict.json"} <= kept
    assert kept & {"plots", "model_report.html"}
    assert {Path(item.path).name for item in client.list_artifacts(run_id, "bundle")} == {
        path.name for path in pipe.bundle.iterdir()
    }
    registered = client.get_model_version(name, version)
    assert registered.run_id == run_id
    assert registered.tags["model_sha256"] == sha256_of(pipe.bundle / "model.onnx") == tags["model_sha256"]
    assert bearer(client, name, "challenger") == version
    check_model(pipe, uri, version, folder)


def check_model(pipe: Pipeline, uri: str, version: str, folder: Path) -> None:
    """Check that the registry holds the sealed graph itself, and that MLflow answers with it like the bundle."""
    mlflow.set_tracking_uri(uri)
    try:
        place = mlflow.artifacts.download_artifacts(
            artifact_uri=f"models:/{pipe.config.tracking.registered_model}/{version}", dst_path=str(folder)
        )
        model = mlflow.pyfunc.load_model(place)
        example = model.input_example
        answers = model.predict(example)
    finally:
        mlflow.set_tracking_uri(None)
    (graph,) = Path(place).rglob("*.onnx")
    assert sha256_of(graph) == sha256_of(pipe.bundle / "model.onnx")
    request = pipe.config.schema_.request
    assert model.metadata.signature.inputs.input_names() == list(request)
    assert [kind.kind for kind in model.metadata.signature.inputs.input_types()] == [
        "U" if column.is_text else "f" for column in request.values()
    ]
    rows = len(example[next(iter(request))])
    columns = columns_of(read_sales(pipe.cleaned, pipe.config.schema_).head(rows), pipe.config.schema_)
    for name, given in example.items():
        assert np.asarray(given).tolist() == columns[name].tolist() or np.isnan(given).any()
    own = open_bundle(pipe.bundle).model.predict(columns)
    for name, values in zip(OUTPUTS, (own.price, own.low, own.high, own.fsd), strict=True):
        assert np.asarray(answers[name]).ravel() == pytest.approx(values, rel=1e-12)


def test_the_embedded_store_keeps_everything_of_a_run(little: Pipeline, tmp_path: Path) -> None:
    """Parameters, numbers, both tables with digests, plots, tags, the registered model with both aliases."""
    tracked = little.trained.tracked
    assert tracked.uri == f"sqlite:///{little.models.parent / 'mlflow.db'}"
    check_kept(little, tracked.uri, tracked.run_id, tracked.version, tmp_path)
    assert tracked.aliases == ("challenger", "champion")
    name = little.config.tracking.registered_model
    assert bearer(client_of(tracked.uri), name, "champion") == tracked.version


@pytest.mark.long
def test_a_model_without_a_preprocessor_is_kept_with_features_as_its_inputs(
    before_training: Pipeline, run_cli: RunCli, tmp_path: Path
) -> None:
    """It still has a signature and an example, and MLflow can ask it."""
    pipe = before_training
    (pipe.models / "trained" / PREPROCESSOR).unlink()
    uri = f"sqlite:///{pipe.models.parent / 'mlflow.db'}"
    code, out, _ = train(pipe, run_cli, "--mlflow-tracking-uri", uri, "--json")
    run = client_of(uri).get_run(json.loads(out)["run_id"])
    assert code == 0
    assert "bundle_manifest_sha256" not in run.data.tags
    mlflow.set_tracking_uri(uri)
    try:
        model = mlflow.pyfunc.load_model(f"models:/{pipe.config.tracking.registered_model}@challenger")
        answers = model.predict(model.input_example)
    finally:
        mlflow.set_tracking_uri(None)
    inputs = model.metadata.signature.inputs.input_names()
    assert {"area", "rooms", "age_at_sale"} <= set(inputs)
    assert not {"plot", "paid", "split", "processed_sha256", "terms"} & set(inputs)
    assert (np.asarray(answers["predicted_price"]) > 0).all()


@pytest.mark.long
def test_a_red_model_is_a_challenger_and_never_champion(before_training: Pipeline, run_cli: RunCli) -> None:
    """It is registered with its verdict, and the champion stays who it was."""
    pipe = before_training
    uri, name = f"sqlite:///{pipe.models.parent / 'mlflow.db'}", pipe.config.tracking.registered_model
    assert train(pipe, run_cli, "--mlflow-tracking-uri", uri)[0] == 0
    pipe.config_file.write_text(pipe.config_file.read_text().replace("max_log_rmse: 0.3", "max_log_rmse: 0.09"))
    code, _, err = train(pipe, run_cli, "--mlflow-tracking-uri", uri)
    assert code == 6
    assert "required" in told_once(err)
    client = client_of(uri)
    assert bearer(client, name, "challenger") == "2"
    assert bearer(client, name, "champion") == "1"
    run = client.get_run(client.get_model_version(name, "2").run_id or "")
    assert (run.data.tags["verdict"], run.data.tags["gate.log_rmse"]) == ("failed", "failed")
    assert run.data.tags["gate.gain_over_constant"] == "passed"


@pytest.mark.long
def test_tables_are_kept_whatever_their_columns_hold(
    little: Pipeline, before_training: Pipeline, run_cli: RunCli
) -> None:
    """A parcel that is a number in the first thousand rows and none in the last one is no trouble."""
    pipe = before_training
    sales = pl.read_csv(pipe.cleaned, infer_schema=False)
    plots = [*(str(number) for number in range(sales.height - 1)), "A5"]
    sales.with_columns(pl.Series("plot", plots)).write_csv(pipe.cleaned)
    words = ("features", "--config", pipe.config_file, "--input", pipe.cleaned, "--output", pipe.featured)
    assert run_cli(*words, "--preprocessor", pipe.models / "trained" / PREPROCESSOR)[0] == 0
    assert train(pipe, run_cli)[0] == 0


@pytest.mark.long
def test_the_environment_is_left_as_it_was(
    before_training: Pipeline, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow writes its URI there, where the next training would take it for somebody's wish."""
    assert train(before_training, run_cli)[0] == 0
    assert "MLFLOW_TRACKING_URI" not in os.environ
    uri = f"sqlite:///{before_training.models.parent / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert tracking.champion(uri, before_training.config.tracking) is not None
    assert os.environ["MLFLOW_TRACKING_URI"] == uri


@pytest.mark.long
def test_a_server_is_used_twice_in_a_row(
    server: Server, little: Pipeline, before_training: Pipeline, run_cli: RunCli, tmp_path: Path
) -> None:
    """Both runs are whole, over HTTP; the second model is version 2, and files are the embedded pipe's."""
    pipe, uri = before_training, server.uri
    for version in ("1", "2"):
        code, out, err = train(pipe, run_cli, "--mlflow-tracking-uri", uri, "--json")
        assert code == 0, err
        check_kept(pipe, uri, json.loads(out)["run_id"], version, tmp_path / version)
    assert not (pipe.models.parent / "mlartifacts").exists()
    name = pipe.config.tracking.registered_model
    assert bearer(client_of(uri), name, "champion") == "2"
    assert files(pipe.models) == files(little.models)


def test_the_server_answers_its_health(server: Server) -> None:
    """The check before training asks what the workflow's waiting loop asks."""
    with urllib.request.urlopen(f"{server.uri}/health") as answer:
        assert answer.status == 200
    tracking.connect(server.uri + "/", RULES)


def test_the_digest_of_a_run_is_that_of_the_graph(little: Pipeline) -> None:
    """Registry, run and bundle name one and the same model."""
    client = client_of(little.trained.tracked.uri)
    run = client.get_run(little.trained.tracked.run_id)
    graph = (little.bundle / "model.onnx").read_bytes()
    assert run.data.tags["model_sha256"] == hashlib.sha256(graph).hexdigest()
    assert open_bundle(little.bundle).manifest.model_version == run.data.tags["model_sha256"][:12]


def test_parameters_of_any_column_have_names_that_mlflow_takes() -> None:
    """A column may be called like a path, or with what MLflow refuses; none is lost."""
    from mlflow.utils import validation  # noqa: TID251 - its own rules are the oracle

    names = ["area (m²).transform", "area [m²].transform", "../€", "//x", "price/m²", "año", "a" * 300, "a" * 301, "%"]
    found = tracking.parameter_names({name: place for place, name in enumerate(names)})
    assert list(found.values()) == list(range(len(names)))
    for name in found:
        validation._validate_param_name(name)
        validation._validate_length_limit("name", validation.MAX_ENTITY_KEY_LENGTH, name)
