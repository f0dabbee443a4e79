"""The real workflow, run on this machine: what it passes on, what it publishes, and what stops it."""

import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from acting import KEY_PASSWORD, Run, Stage, docker, replaced
from loopback import TOKEN, USER

from road import hurried

pytestmark = pytest.mark.workflow

CONFIG = "configs/model_config.yaml"
JOBS = ("data-processing", "feature-engineering", "model-training", "build-and-publish")


@pytest.fixture(scope="module")
def green(stage: Stage) -> Run:
    """One run of everything, on the files as they are: for both platforms, signed."""
    run = stage.run("green", platforms="")
    assert run.code == 0, run.log[-8000:]
    return run


@pytest.fixture(scope="module")
def newer(green: Run, stage: Stage) -> Run:
    """The last job once more, of a newer commit."""
    run = stage.run("newer", only="build-and-publish", after=green)
    assert run.ended("build-and-publish") == "succeeded", run.log[-4000:]
    return run


@pytest.fixture(autouse=True)
def _nothing_left(stage: Stage) -> Iterator[None]:
    """No container may be left by any run, green or red."""
    yield
    left = docker("ps", "--all", "--quiet", "--filter", "name=^houseprice-mlflow$")
    left += docker("ps", "--all", "--quiet", "--filter", "label=houseprice.role=image-test")
    left += docker("ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project=houseprice")
    assert left == ""


def test_every_job_succeeds_and_gives_its_artifacts(green: Run) -> None:
    """Four jobs are green, and each artifact holds what the next job looks for."""
    assert [green.ended(job) for job in JOBS] == ["succeeded"] * 4
    kept = {
        folder.name: {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
        for folder in green.artifacts.iterdir()
    }
    assert set(kept) == {
        "processed-data",
        "featured-data",
        "preprocessor",
        "trained-model",
        "model-report",
        "mlflow-history",
    }
    assert "cleaned_house_data.csv" in kept["processed-data"]
    assert kept["featured-data"] == {"featured_house_data.csv"}
    assert kept["preprocessor"] == {"preprocessor.pkl"}
    expected = {
        "trained/house_price_model.pkl",
        "trained/preprocessor.pkl",
        "bundle/manifest.json",
        "bundle/model.onnx",
    }
    assert expected <= kept["trained-model"]


def test_the_history_of_mlflow_outlives_the_job(green: Run) -> None:
    """The database of the server that was removed names a finished run, its champion and its artifacts."""
    history = green.artifacts / "mlflow-history"
    with sqlite3.connect(f"file:{history / 'mlflow.db'}?mode=ro", uri=True) as database:
        assert database.execute("select status from runs").fetchall() == [("FINISHED",)]
        aliases = {alias for (alias,) in database.execute("select alias from registered_model_aliases")}
    assert aliases == {"challenger", "champion"}
    assert list(history.rglob("*.onnx"))
    assert list(history.rglob("metrics.json"))


def test_both_tags_are_the_image_that_was_tested(green: Run, stage: Stage) -> None:
    """The registry holds the commit's tag and latest, on one digest, which is the one that was built and tested."""
    tags = stage.registry.tags()
    assert set(tags) == {green.commit[:7], "latest"}
    assert len(set(tags.values())) == 1
    assert f"house-price-model@{tags['latest']} ({green.commit[:7]} and latest)" in green.log
    assert set(re.findall(r"\| digest +(sha256:[0-9a-f]{64})", green.log)) == {tags["latest"]}
    assert f"| {tags['latest']} passed in " in green.log
    assert stage.registry.platforms("latest") == {"linux/amd64", "linux/arm64"}


def verified(stage: Stage, tag: str) -> dict[str, Any]:
    """Let a stranger with the public key ask what an image is."""
    name = f"{stage.registry.host}/{USER}/house-price-model:{tag}"
    said = subprocess.run(
        [sys.executable, "-m", "houseprice", "verify", name, "--key", str(stage.key.with_name("cosign.pub")), "--json"],
        env={**os.environ, "DOCKERHUB_USERNAME": USER, "DOCKERHUB_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def test_what_is_published_is_signed(green: Run, stage: Stage) -> None:
    """With the public key alone, the image is verified: of this commit, for both platforms, with every gate green."""
    found = verified(stage, "latest")
    assert found["digest"] == stage.registry.tags()[green.commit[:7]]
    assert found["revision"] == green.commit
    assert set(found["platforms"]) == {"linux/amd64", "linux/arm64"}
    assert all(gate["passed"] for gate in found["evidence"]["verdict"].values())
    sealed = (green.artifacts / "trained-model" / "bundle" / "manifest.json").read_bytes()
    assert found["evidence"]["manifest"] == hashlib.sha256(sealed).hexdigest()


def test_the_summaries_tell_what_was_found(green: Run) -> None:
    """The run's summary counts the sales, shows the honest numbers and names what was published."""
    for heading in ("## Sales", "## Features", "## Model", "## Image", "## Test", "## Published"):
        assert heading in green.log


def test_the_token_is_in_no_log(green: Run) -> None:
    """No secret is ever printed."""
    assert TOKEN not in green.log
    assert KEY_PASSWORD not in green.log
    assert "PRIVATE KEY" not in green.log


def test_a_pull_request_does_everything_but_publish(green: Run, stage: Stage) -> None:
    """All four jobs run on a pull request, without settings, and the registry stays as it was."""
    before = stage.registry.tags()
    run = stage.run("request", event="pull_request", token="", change={CONFIG: hurried})
    assert [run.ended(job) for job in JOBS] == ["succeeded"] * 4, run.log[-4000:]
    assert "Log in and push" not in run.log.replace("Skipping", "")
    assert stage.registry.tags() == before


def test_an_mlflow_that_never_answers_fails_the_training(green: Run, stage: Stage) -> None:
    """The wait ends in failure, with the container's logs; nothing is trained, and the container is removed."""
    env = {"HOUSEPRICE_MLFLOW_IMAGE": "houseprice-test/silent-mlflow:v1", "HOUSEPRICE_MLFLOW_DEADLINE": "4"}
    run = stage.run("silent", only="model-training", after=green, env=env)
    assert run.ended("model-training") == "failed"
    assert "did not answer http://127.0.0.1:5000/health within 4 s" in run.said("mlflow-container")
    assert "starting up" in run.log
    assert not (run.artifacts / "trained-model").exists()


def test_a_red_gate_stops_before_anything_is_built(green: Run, stage: Stage) -> None:
    """A model that is not good enough leaves no trained-model, and no image is built; MLflow's history is kept."""
    run = stage.run(
        "gate",
        change={CONFIG: lambda text: replaced(hurried(text), "min_gain_over_ridge: 0.0", "min_gain_over_ridge: 0.99")},
    )
    assert [run.ended(job) for job in JOBS] == ["succeeded", "succeeded", "failed", ""]
    assert "may not be published" in run.said("houseprice")
    assert (run.artifacts / "mlflow-history").exists()


@pytest.mark.parametrize(
    ("name", "entry", "told"),
    [
        ("sleeping", '["python", "-c", "import time; time.sleep(600)"]', "for 60 s"),
        ("crashing", '["python", "-c", "raise SystemExit(\'the engine is missing\')"]', "the engine is missing"),
    ],
)
def test_an_image_that_never_gets_healthy_is_not_pushed(
    green: Run, stage: Stage, name: str, entry: str, told: str
) -> None:
    """Neither a container that hangs nor one that ends is published; its logs are shown, and it is removed."""
    before = stage.registry.tags()
    broken = {
        "Dockerfile": lambda text: replaced(text, 'ENTRYPOINT ["python", "-m", "houseprice"]', f"ENTRYPOINT {entry}")
    }
    run = stage.run(name, only="build-and-publish", after=green, change=broken)
    assert run.ended("build-and-publish") == "failed"
    assert told in run.log
    assert "checks" in run.said("houseprice")
    assert stage.registry.tags() == before


@pytest.mark.parametrize(
    ("name", "token", "told"), [("refused", "wrong", 'refused the login of "tester"'), ("unset", "", "is not set")]
)
def test_without_the_right_token_nothing_is_pushed(green: Run, stage: Stage, name: str, token: str, told: str) -> None:
    """A wrong or missing token ends the job with one sentence; the registry stays as it was."""
    before = stage.registry.tags()
    run = stage.run(name, only="build-and-publish", after=green, token=token)
    assert run.ended("build-and-publish") == "failed"
    assert told in run.said("publish")
    assert stage.registry.tags() == before


def test_a_missing_artifact_stops_the_job(green: Run, stage: Stage) -> None:
    """Without the artifact trained-model nothing is built, and the name that is missing is said."""
    run = stage.run("missing", only="build-and-publish", after=green, without="trained-model")
    assert run.ended("build-and-publish") == "failed"
    assert "Artifact not found for name: trained-model" in run.log


def test_a_late_job_of_an_older_commit_leaves_latest_where_it_is(newer: Run, stage: Stage) -> None:
    """The newer commit comes first; the job of the one before is published under its own tag, and latest stays."""
    assert stage.registry.tags()["latest"] == stage.registry.tags()[newer.commit[:7]]
    late = stage.run("late", only="build-and-publish", after=newer, late=True)
    assert late.ended("build-and-publish") == "succeeded", late.log[-4000:]
    tags = stage.registry.tags()
    assert tags["latest"] == tags[newer.commit[:7]] != tags[late.commit[:7]]
    assert "latest" in late.said("publish")
    assert verified(stage, late.commit[:7])["revision"] == late.commit


ROLLBACK = ".github/workflows/rollback.yml"


def test_a_rollback_by_hand_takes_latest_back(green: Run, newer: Run, stage: Stage) -> None:
    """What serves today is stood up, moved to the older commit, and latest follows; the time that it took is told."""
    before = stage.registry.tags()
    assert before["latest"] == before[newer.commit[:7]] != before[green.commit[:7]]
    run = stage.run("back", event="workflow_dispatch", workflow=ROLLBACK, inputs={"commit": green.commit[:7]})
    docker("logout", stage.registry.host)
    assert run.ended("rollback") == "succeeded", run.log[-6000:]
    assert stage.registry.tags() == {**before, "latest": before[green.commit[:7]]}
    assert re.search(r"time to recover +\d+\.\d s", run.log)
    assert verified(stage, "latest")["revision"] == green.commit


def test_a_rollback_to_what_was_never_published_changes_nothing(green: Run, stage: Stage) -> None:
    """The job fails with one sentence, and latest stays where it is."""
    before = stage.registry.tags()
    run = stage.run("nowhere", event="workflow_dispatch", workflow=ROLLBACK, inputs={"commit": "0" * 40})
    docker("logout", stage.registry.host)
    assert run.ended("rollback") == "failed"
    assert "was not rolled back to" in run.said("houseprice")
    assert stage.registry.tags() == before
