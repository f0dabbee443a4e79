"""The workflow that retrains, and what it changes in the one that it calls, as text."""

from typing import Any

import pytest
from workflow_files import FOLDER, ROOT, named, read, steps


@pytest.fixture
def retrain() -> dict[str, Any]:
    """The workflow that retrains."""
    return read(FOLDER / "retrain.yml")


def test_every_job_works_on_the_commit_of_the_sales(pipeline: dict[str, Any]) -> None:
    """It is checked out right after the checkout, and in a retraining alone."""
    for job in pipeline["jobs"]:
        checkout, download, switch = list(steps(pipeline, job))[:3]
        assert checkout["uses"].startswith("actions/checkout@")
        assert download["with"]["name"] == "additional-sales"
        assert switch["run"] == "scripts/with-summary Commit scripts/additional-sales checkout additional-sales"
        assert download["if"] == switch["if"] == "inputs.retraining"


def test_only_a_model_that_is_accepted_is_published(pipeline: dict[str, Any]) -> None:
    """In a retraining that is one that beat the champion; otherwise its gates passed, or the training failed."""
    assert pipeline["jobs"]["build-and-publish"]["if"] == "needs.model-training.outputs.accepted == 'true'"
    _, train = named(pipeline, "model-training", "Train, evaluate, bundle and track")
    assert train["env"] == {"HOUSEPRICE_MUST_BEAT_CHAMPION": "${{ inputs.retraining == true }}"}


def test_who_signs_is_the_file_that_is_trusted(pipeline: dict[str, Any]) -> None:
    """Also where another workflow calls it: the name of the called file is in no variable of GitHub."""
    signing = pipeline["jobs"]["build-and-publish"]["env"]["WORKFLOW_FILE"]
    assert signing == str((FOLDER / "mlops-pipeline.yml").relative_to(ROOT))
    trusted = read(FOLDER / "rollback.yml")["jobs"]["production"]["env"]["HOUSEPRICE_WORKFLOW"]
    assert trusted.startswith(f"{signing}@")


def test_it_never_runs_beside_a_run_that_publishes(retrain: dict[str, Any], pipeline: dict[str, Any]) -> None:
    """It waits in the group of the pipeline; that of the called workflow, which has the caller's name, is another."""
    assert retrain["concurrency"]["group"] == f"{pipeline['name']}-${{{{ github.ref }}}}"
    assert pipeline["concurrency"]["group"] == "${{ github.workflow }}-${{ github.ref }}"
    assert retrain["name"] != pipeline["name"]


def test_sales_are_proposed_after_the_image_was_published(retrain: dict[str, Any]) -> None:
    """And only when the model was accepted."""
    assert retrain["jobs"]["pipeline"]["uses"] == "./.github/workflows/mlops-pipeline.yml"
    assert retrain["jobs"]["propose"]["needs"] == "pipeline"
    assert retrain["jobs"]["propose"]["if"] == "needs.pipeline.outputs.accepted == 'true'"
