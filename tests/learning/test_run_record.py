"""The record of a run: what MLflow is to store of one training, before anything is sent."""

import hashlib
import pickle
from dataclasses import replace

import pytest

from houseprice.bundle.manifest import sha256_of
from houseprice.learning import feature_table
from houseprice.learning.bundling import read_sales
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.leakage import TrainingSource
from houseprice.learning.tracking import Record
from houseprice.learning.tracking.run_record import RunArtifacts, make_record
from houseprice.learning.verdict import Gate, Verdict
from pipeline import Pipeline

METRICS = {
    "holdout": {
        "log_rmse": 0.15, "ci95": {"log_rmse": [0.14, 0.16]}, "sales": 60, "vei": {"value": -4.0, "ci95": [-7.0, -1.0]},
        "hit_rate": {"curve": [{"hit_rate": 0.5, "within_10": 0.7}], "within_10_at_half": {"value": 0.7}},
        "spatial_autocorrelation": {"morans_i": 0.1, "p_value": 0.001},
    },
    "relative": {"worst_slice": {"value": 1.5, "ci95": [1.2, 1.9], "slice": "price, fifth 1"}},
    "slices": {"price, fifth 1": {"log_rmse": 0.2}},
    "worst_slice": "price, fifth 1",
}  # fmt: skip
PASSED, FAILED = Gate("cod", 11.0, "at most 15", passed=True), Gate("prb", -0.2, "-0.05 to 0.05", passed=False)


@pytest.fixture(scope="module")
def table(little: Pipeline) -> FeatureTable:
    """Return the small pipeline's features."""
    return feature_table.read(little.featured, little.config.schema_)


@pytest.fixture(scope="module")
def artifacts(little: Pipeline) -> RunArtifacts:
    """Return the artifacts of the small pipeline."""
    trained = little.models / "trained"
    preprocessor, model = (
        pickle.loads((trained / name).read_bytes()) for name in ("preprocessor.pkl", "house_price_model.pkl")
    )
    source = TrainingSource(read_sales(little.cleaned, little.config.schema_), preprocessor)
    files = {little.reports / "metrics.json": ""}
    return RunArtifacts(little.featured, little.cleaned, little.bundle, source, model, b"errors", files)


def record(little: Pipeline, table: FeatureTable, artifacts: RunArtifacts, *gates: Gate) -> Record:
    """Return the record with some gates."""
    return make_record(little.config, table, METRICS, Verdict(gates), artifacts)


def test_metrics_are_flat_numbers(little: Pipeline, table: FeatureTable, artifacts: RunArtifacts) -> None:
    """By dotted name; texts, intervals and slices are in the files of the run."""
    found = record(little, table, artifacts, PASSED).metrics
    assert found == {
        "holdout.log_rmse": 0.15, "holdout.sales": 60.0, "relative.worst_slice.value": 1.5, "holdout.vei.value": -4.0,
        "holdout.hit_rate.within_10_at_half.value": 0.7, "holdout.spatial_autocorrelation.morans_i": 0.1,
        "holdout.spatial_autocorrelation.p_value": 0.001,
    }  # fmt: skip


def test_every_gate_is_a_tag_beside_the_verdict(little: Pipeline, table: FeatureTable, artifacts: RunArtifacts) -> None:
    """One that failed makes the verdict `failed`, and so does a verdict without gates."""
    tags = record(little, table, artifacts, PASSED, FAILED).tags
    assert (tags["verdict"], tags["gate.cod"], tags["gate.prb"]) == ("failed", "passed", "failed")
    assert record(little, table, artifacts, PASSED).tags["verdict"] == "passed"
    assert record(little, table, artifacts).tags["verdict"] == "failed"


def test_a_run_with_a_bundle_stores_its_graph_and_the_columns_of_a_request(
    little: Pipeline, table: FeatureTable, artifacts: RunArtifacts
) -> None:
    """The tags name what the registered model, its bundle and its tables are."""
    found = record(little, table, artifacts, PASSED)
    graph = (little.bundle / "model.onnx").read_bytes()
    assert found.graph == graph
    assert found.tags["model_sha256"] == hashlib.sha256(graph).hexdigest()
    assert found.tags["bundle_manifest_sha256"] == sha256_of(little.bundle / "manifest.json")
    assert found.inputs.keys() == found.example.keys() == little.config.schema_.request.keys()
    assert (found.inputs["area"], found.inputs["quarter"]) == ("double", "string")
    assert {(one.name, one.sha256) for one in found.tables} == {
        ("featured", sha256_of(little.featured)), ("processed", sha256_of(little.cleaned)),
    }  # fmt: skip
    assert {*little.bundle.iterdir(), little.reports / "metrics.json"} == set(found.files)


def test_a_run_without_a_bundle_stores_the_model_on_features(
    little: Pipeline, table: FeatureTable, artifacts: RunArtifacts
) -> None:
    """And does not name a bundle that is not there."""
    found = record(little, table, replace(artifacts, bundle=None, processed=None, source=None), PASSED)
    assert "bundle_manifest_sha256" not in found.tags
    assert found.tags["model_sha256"] == hashlib.sha256(found.graph).hexdigest()
    assert found.inputs.keys() == found.example.keys() == artifacts.model.inputs_.keys()
    assert [one.name for one in found.tables] == ["featured"]


def test_parameters_are_the_options_of_the_training(
    little: Pipeline, table: FeatureTable, artifacts: RunArtifacts
) -> None:
    """With the share of the holdout; and the errors of the folds are kept for the next comparison."""
    found = record(little, table, artifacts, PASSED)
    assert found.parameters["seed"] == little.config.training.seed
    assert found.parameters["boosting"]["depth"] == little.config.training.boosting.depth
    assert found.parameters["holdout_share"] == little.config.split.holdout_share
    assert found.out_of_fold == b"errors"
