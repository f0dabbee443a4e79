"""The real workflow files, run on this machine: what they pass on, what they publish, and what stops them."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator

import pytest
from acting import KEY_PASSWORD, Run, Stage, docker, replaced, replayed, verified
from checkouts import WORKFLOW, with_small_image
from github_api import github, make_run, zipped
from loopback import TOKEN

from pipeline import quick_config

pytestmark = pytest.mark.workflow

CONFIG = "configs/model_config.yaml"
ROLLBACK = ".github/workflows/rollback.yml"
JOBS = ("data-processing", "feature-engineering", "model-training", "build-and-publish")
PUBLISH = "Log in, push both tags and sign"
SMALL_IMAGE = {WORKFLOW: with_small_image}


@pytest.fixture(scope="module")
def green(stage: Stage) -> Run:
    """A run of everything, on the files as they are: for both platforms, signed; it alone trains as configured."""
    run = stage.run("green", platforms="", env={"HOUSEPRICE_MLFLOW_DEADLINE": "180"})
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
    """No run leaves a container, whether it succeeds or fails."""
    yield
    filters = (
        "name=^houseprice-mlflow$",
        "label=houseprice.role=image-test",
        "label=com.docker.compose.project=houseprice",
    )
    assert [docker("ps", "--all", "--quiet", "--filter", one) for one in filters] == ["", "", ""]


def test_every_job_succeeds_and_gives_its_artifacts(green: Run) -> None:
    """Four jobs are green, and each artifact holds what the next job looks for."""
    assert [green.ended(job) for job in JOBS] == ["succeeded"] * 4
    kept = {
        folder.name: {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
        for folder in green.artifacts.iterdir()
    }
    expected = {
        "processed-data": {"cleaned_house_data.csv"},
        "featured-data": {"featured_house_data.csv"},
        "preprocessor": {"preprocessor.pkl"},
        "trained-model": {"trained/house_price_model.pkl", "trained/preprocessor.pkl", "bundle/model.onnx"},
        "model-report": set(),
        "mlflow-history": {"mlflow.db"},
        "evidence-pack": {"evidence.json", "index.html", "bundle/manifest.json", "bundle/sample.json"},
        "signed-evidence-pack": {"evidence.json", "evidence.sigstore.json", "index.html"},
    }
    assert set(kept) == set(expected)
    assert {name: files & kept[name] for name, files in expected.items()} == expected


def test_the_history_of_mlflow_outlives_the_job(green: Run) -> None:
    """The database of the server that was removed holds a finished run, its champion and its artifacts."""
    history = green.artifacts / "mlflow-history"
    with sqlite3.connect(f"file:{history / 'mlflow.db'}?mode=ro", uri=True) as database:
        assert database.execute("select status from runs").fetchall() == [("FINISHED",)]
        aliases = {alias for (alias,) in database.execute("select alias from registered_model_aliases")}
    assert aliases == {"challenger", "champion"}
    assert list(history.rglob("*.onnx"))
    assert list(history.rglob("metrics.json"))


def test_the_champion_of_the_last_green_run_is_known(green: Run, stage: Stage) -> None:
    """The next training begins with the history of that run, and goes on with it."""
    with github(zipped(green.artifacts / "mlflow-history")) as api:
        api.runs = [make_run(1)]
        change = {CONFIG: quick_config}
        env = {"HOUSEPRICE_GITHUB_API": api.address, "HOUSEPRICE_MLFLOW_DEADLINE": "180"}
        run = stage.run("challenger", only="model-training", after=green, change=change, env=env)
    assert "github.example/runs/1" in run.log
    with sqlite3.connect(f"file:{run.artifacts / 'mlflow-history' / 'mlflow.db'}?mode=ro", uri=True) as database:
        assert len(database.execute("select status from runs").fetchall()) == 2
        assert database.execute("select count(*) from model_versions").fetchone() == (2,)


def test_both_tags_are_the_image_that_was_tested(green: Run, stage: Stage) -> None:
    """The commit's tag and latest name one digest: that which was built, tested and attested."""
    tags = stage.registry.tags()
    assert set(tags) == {green.commit[:7], "latest"}
    (digest,) = set(tags.values())
    assert re.findall(r"\bdigest {4}(sha256:[0-9a-f]{64})", green.log)[:1] == [digest]
    assert f"attested the provenance of {stage.registry.repository}@{digest}" in green.log
    assert f"attested models/image-sbom.cdx.json of {stage.registry.repository}@{digest}" in green.log


def test_what_is_published_is_signed(green: Run, stage: Stage) -> None:
    """With the public key alone, the image is verified: of this commit, for both platforms, with this very bundle."""
    found = verified(stage, "latest")
    assert found["digest"] == stage.registry.tags()[green.commit[:7]]
    assert found["revision"] == green.commit
    assert set(found["platforms"]) == {"linux/amd64", "linux/arm64"}
    bundle = (green.artifacts / "trained-model" / "bundle" / "manifest.json").read_bytes()
    assert hashlib.sha256(bundle).hexdigest() in json.dumps(found)


def test_the_signed_evidence_pack_replays_with_the_published_image(green: Run, stage: Stage) -> None:
    """With the public key alone: its signature, its claims, and the answers of the model in the image."""
    found = replayed(stage, green.artifacts / "signed-evidence-pack", "latest")
    assert found["replayed"] is True
    passed = {check["name"] for check in found["checks"] if check["passed"]}
    assert {"files", "signature", "model", "claims", "answers to the sample"} <= passed


def test_the_summary_has_the_result_of_every_step(green: Run) -> None:
    """From the sales that were counted to the tags that were set."""
    headings = ("Sales", "Features", "Model", "Evidence", "Replay", "Image", "Test", "Published")
    assert [heading for heading in headings if f"## {heading}" not in green.log] == []


def test_no_secret_is_in_a_log(green: Run) -> None:
    """Neither token, nor key, nor password."""
    assert [secret for secret in (TOKEN, KEY_PASSWORD, "PRIVATE KEY") if secret in green.log] == []


def test_a_pull_request_does_not_publish(green: Run, stage: Stage) -> None:
    """Without any setting the job succeeds, and the registry stays as it was."""
    before = stage.registry.tags()
    run = stage.run(
        "request", event="pull_request", token="", only="build-and-publish", after=green, change=SMALL_IMAGE
    )
    assert run.ended("build-and-publish") == "succeeded", run.log[-4000:]
    assert (run.ran("Small image"), run.ran("Install cosign"), run.ran(PUBLISH)) == ("Success", "", "")
    assert stage.registry.tags() == before


def test_an_mlflow_that_never_answers_fails_the_training(green: Run, stage: Stage) -> None:
    """The wait ends in failure, with the container's logs; nothing is trained, and the container is removed."""
    env = {"HOUSEPRICE_MLFLOW_IMAGE": "houseprice-test/silent-mlflow:v1", "HOUSEPRICE_MLFLOW_DEADLINE": "4"}
    run = stage.run("silent", only="model-training", after=green, env=env)
    assert run.ended("model-training") == "failed"
    assert run.ran("Wait for MLflow's /health") == "Failure"
    assert "starting up" in run.log
    assert not (run.artifacts / "trained-model").exists()


def test_a_failed_gate_stops_before_anything_is_built(green: Run, stage: Stage) -> None:
    """A model that is not good enough leaves no trained-model, which the next job needs; MLflow's history is kept."""
    gate = "min_gain_over_ridge: 0.0"
    change = {CONFIG: lambda text: replaced(quick_config(text), gate, gate.replace("0.0", "0.99"))}
    run = stage.run("gate", only="model-training", after=green, change=change)
    assert run.ended("model-training") == "failed"
    assert run.ran("Train, evaluate, bundle and track") == "Failure"
    assert not (run.artifacts / "trained-model").exists()
    assert (run.artifacts / "mlflow-history").exists()


def test_an_image_that_never_gets_healthy_is_not_pushed(green: Run, stage: Stage) -> None:
    """The test ends in failure and shows the logs; the container is removed and the registry stays as it was."""
    before = stage.registry.tags()
    hanging = 'ENTRYPOINT ["python", "-c", "import time; print(\'hanging\', flush=True); time.sleep(600)"]'
    change = {"Dockerfile": lambda text: re.sub(r"(?m)^ENTRYPOINT .*$", lambda _: hanging, text)}
    run = stage.run("sleeping", only="build-and-publish", after=green, change=change)
    assert run.ended("build-and-publish") == "failed"
    assert (run.ran("Test the image"), run.ran("Remove the test container"), run.ran(PUBLISH)) == (
        "Failure",
        "Success",
        "",
    )
    assert re.search(r"(?m)\| hanging$", run.log)
    assert stage.registry.tags() == before


def test_with_a_wrong_token_nothing_is_pushed(green: Run, stage: Stage) -> None:
    """The job ends when it logs in; the registry stays as it was."""
    before = stage.registry.tags()
    run = stage.run("refused", only="build-and-publish", after=green, token="wrong", change=SMALL_IMAGE)  # noqa: S106
    assert run.ended("build-and-publish") == "failed"
    assert run.ran(PUBLISH) == "Failure"
    assert "DOCKERHUB_TOKEN" in "\n".join(re.findall("release: .*", run.log))
    assert stage.registry.tags() == before


def test_without_a_token_the_first_job_fails(stage: Stage) -> None:
    """Before anything is installed or trained."""
    run = stage.run("unset", only="data-processing", token="")
    assert run.ended("data-processing") == "failed"
    assert (run.ran("Check the settings"), run.ran("Install the training requirements")) == ("Failure", "")
    assert "DOCKERHUB_TOKEN" in "\n".join(re.findall("release: .*", run.log))


def test_a_missing_artifact_stops_the_job(green: Run, stage: Stage) -> None:
    """Without the artifact trained-model nothing is built."""
    run = stage.run("missing", only="build-and-publish", after=green, without="trained-model")
    assert run.ended("build-and-publish") == "failed"
    assert (run.ran("Download trained-model"), run.ran("Build the image")) == ("Failure", "")


def test_a_late_job_of_an_older_commit_leaves_latest_where_it_is(newer: Run, stage: Stage) -> None:
    """The newer commit comes first; the job of the one before is published under its own tag alone."""
    assert stage.registry.tags()["latest"] == stage.registry.tags()[newer.commit[:7]]
    late = stage.run("late", only="build-and-publish", after=newer, late=True)
    assert late.ended("build-and-publish") == "succeeded", late.log[-4000:]
    tags = stage.registry.tags()
    assert tags["latest"] == tags[newer.commit[:7]] != tags[late.commit[:7]]
    assert verified(stage, late.commit[:7])["revision"] == late.commit


def test_a_rollback_by_hand_takes_latest_back(green: Run, newer: Run, stage: Stage) -> None:
    """The present version is deployed and rolled back to the older commit; then latest moves to that very digest."""
    before = stage.registry.tags()
    assert before["latest"] == before[newer.commit[:7]] != before[green.commit[:7]]
    run = stage.run("back", event="workflow_dispatch", workflow=ROLLBACK, inputs={"commit": green.commit[:7]})
    assert [run.ended(job) for job in ("production", "latest")] == ["succeeded"] * 2, run.log[-6000:]
    assert stage.registry.tags() == {**before, "latest": before[green.commit[:7]]}
    assert re.search(r"time to recover +\d+\.\d s", run.log)
    assert verified(stage, "latest")["revision"] == green.commit


def test_a_rollback_to_what_was_never_published_changes_nothing(green: Run, stage: Stage) -> None:
    """The first job fails, the second never starts, and latest stays where it is."""
    before = stage.registry.tags()
    run = stage.run("nowhere", event="workflow_dispatch", workflow=ROLLBACK, inputs={"commit": "0" * 40})
    assert [run.ended(job) for job in ("production", "latest")] == ["failed", ""]
    assert run.ran("Roll back") == "Failure"
    assert stage.registry.tags() == before


def test_a_published_commit_is_done(newer: Run, stage: Stage) -> None:
    """The same commit once more, with other bytes: the job is green, says so, and changes no tag."""
    first = stage.run("small", only="build-and-publish", after=newer, change=SMALL_IMAGE)
    assert first.ended("build-and-publish") == "succeeded", first.log[-4000:]
    before = stage.registry.tags()
    env = {"SMALL_IMAGE": "other bytes"}
    run = stage.run("again", only="build-and-publish", after=first, again=True, env=env)
    assert run.commit == first.commit
    assert run.ended("build-and-publish") == "succeeded", run.log[-4000:]
    assert stage.registry.tags() == before
    assert "attested the provenance" in first.log
    assert "attested the provenance" not in run.log
    assert f"attested models/image-sbom.cdx.json of {stage.registry.repository}@{before[run.commit[:7]]}" in run.log
