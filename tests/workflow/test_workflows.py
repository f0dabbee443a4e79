"""The workflow files as text: jobs, artifacts, paths and pins."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from workflow_files import FILES, FOLDER, ROOT, named, ran, read, steps, using

JOBS = {
    "data-processing": (None, {}, {"processed-data"}),
    "feature-engineering": (
        "data-processing",
        {"processed-data": "data/processed/"},
        {"featured-data", "preprocessor"},
    ),
    "model-training": (
        "feature-engineering",
        {"processed-data": "data/processed/", "featured-data": "data/processed/", "preprocessor": "models/trained/"},
        {"trained-model", "model-report", "mlflow-history", "evidence-pack"},
    ),
    "build-and-publish": (
        "model-training",
        {"trained-model": "models/", "preprocessor": "models/trained/", "evidence-pack": "evidence-pack/"},
        {"signed-evidence-pack"},
    ),
}
"""The workflow that the project promises: job → what it waits for, artifacts that it takes and where to, and gives."""
UPLOADS = {
    "processed-data": "data/processed/cleaned_house_data.csv",
    "featured-data": "data/processed/featured_house_data.csv",
    "preprocessor": "models/trained/preprocessor.pkl",
    "trained-model": "models/",
    "evidence-pack": "evidence-pack/",
}
TRAIN = (
    "python src/models/train_model.py --config configs/model_config.yaml --data data/processed/featured_house_data.csv"
    " --models-dir models --mlflow-tracking-uri http://localhost:5000"
)


def linted(*command: str) -> str:
    """Run a linter of the development lock over the workflows, and return what it printed."""
    tool = Path(sys.executable).parent / command[0]
    if not tool.is_file():
        pytest.skip(f"{command[0]} is not installed; `make test` installs it")
    said = subprocess.run([tool, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if said.returncode == 0 else said.stdout + said.stderr


def test_actionlint_finds_nothing() -> None:
    """The workflows are valid, their expressions are typed and their shell is sound."""
    assert linted("actionlint", *map(str, FILES)) == ""


def test_zizmor_finds_nothing() -> None:
    """The strictest persona of the security linter has nothing to say, of Dependabot's file neither."""
    assert linted("zizmor", "--offline", "--persona=auditor", "--quiet", ".github") == ""


def test_the_jobs_follow_each_other(pipeline: dict[str, Any]) -> None:
    """The four jobs bear their names and each waits for the one before."""
    assert {name: job.get("needs") for name, job in pipeline["jobs"].items()} == {
        name: needs for name, (needs, _, _) in JOBS.items()
    }
    assert all(job["name"] == name for name, job in pipeline["jobs"].items())


@pytest.mark.parametrize("job", JOBS)
def test_each_job_takes_and_gives_its_artifacts(pipeline: dict[str, Any], job: str) -> None:
    """Artifacts are downloaded to where the commands look for them, and every promised one is uploaded."""
    _, takes, gives = JOBS[job]
    taken = {step["name"]: step["path"] for step in using(pipeline, job, "actions/download-artifact")}
    assert taken == {"additional-sales": "additional-sales/", **takes}
    assert {step["name"] for step in using(pipeline, job, "actions/upload-artifact")} == gives


def test_what_is_uploaded_is_what_the_commands_wrote(pipeline: dict[str, Any]) -> None:
    """Each artifact's first path is the promised one, and a missing file fails the job that should have written it."""
    for job, (_, _, gives) in JOBS.items():
        uploads = {step["name"]: step for step in using(pipeline, job, "actions/upload-artifact")}
        for name in gives & set(UPLOADS):
            assert uploads[name]["path"].split()[0] == UPLOADS[name]
            assert uploads[name]["if-no-files-found"] == "error"
            if name != "trained-model":
                assert f" {UPLOADS[name]}" in ran(pipeline, job)


def test_uploads_and_downloads_agree(pipeline: dict[str, Any]) -> None:
    """A file comes back at the path it was uploaded from, and only what an earlier job gave is taken."""
    given = {"additional-sales": "additional-sales/"}  # by the workflow that calls this one
    for job in JOBS:
        for step in using(pipeline, job, "actions/download-artifact"):
            assert step["name"] in given, f"{job} takes {step['name']}, which no job before it gives"
            assert step["path"] == given[step["name"]]
        for step in using(pipeline, job, "actions/upload-artifact"):
            paths = step["path"].split()
            folders = {path if path.endswith("/") else f"{Path(path).parent}/" for path in paths}
            assert len(folders) == 1, f"{step['name']} would lose or keep a part of its paths"
            given[step["name"]] = folders.pop()


def test_training_is_the_promised_command(pipeline: dict[str, Any]) -> None:
    """The model is trained by the command line that the project promises, against the server in the container."""
    assert TRAIN in ran(pipeline, "model-training")


def test_python_and_libraries_are_pinned(pipeline: dict[str, Any]) -> None:
    """Python is 3.11.9, and pip takes locked hashes only; the last job installs nothing."""
    for job in list(JOBS)[:-1]:
        assert using(pipeline, job, "actions/setup-python") == [{"python-version": "3.11.9"}]
        assert re.findall(r"pip install (.*?\.txt)", ran(pipeline, job)) == ["--require-hashes -r requirements.txt"]


def test_mlflow_is_waited_for_and_always_removed(pipeline: dict[str, Any]) -> None:
    """MLflow answers before training begins, and is gone before its history is uploaded, whatever happened."""
    start, _ = named(pipeline, "model-training", "Start MLflow")
    wait, waiting = named(pipeline, "model-training", "Wait for MLflow's /health")
    train, _ = named(pipeline, "model-training", "Train, evaluate, bundle and track")
    stop, stopping = named(pipeline, "model-training", "Stop and remove MLflow")
    history, keeping = named(pipeline, "model-training", "Upload mlflow-history")
    assert start < wait < train < stop < history
    assert waiting["run"].endswith(" scripts/mlflow-container wait")
    assert stopping == {**stopping, "if": "always()", "run": "scripts/mlflow-container stop"}
    assert keeping["if"] == "always()"
    assert keeping["with"]["path"] == f"{pipeline['jobs']['model-training']['env']['HOUSEPRICE_MLFLOW_FOLDER']}/"


def test_the_last_history_is_brought_back_before_mlflow_starts(pipeline: dict[str, Any]) -> None:
    """Into the very folder that MLflow gets; a failure ends the job, and only who starts it by hand may go without."""
    fetch, step = named(pipeline, "model-training", "Bring back MLflow's history")
    start, _ = named(pipeline, "model-training", "Start MLflow")
    assert fetch < start
    assert not {"if", "continue-on-error"} & set(step)
    assert step["run"].endswith(' scripts/mlflow-history "$HOUSEPRICE_MLFLOW_FOLDER"')
    assert step["env"] == {"GITHUB_TOKEN": "${{ github.token }}", "START_OVER": "${{ inputs.start_over }}"}
    assert pipeline[True]["workflow_dispatch"]["inputs"]["start_over"]["default"] is False


def test_it_is_rebuilt_every_week(pipeline: dict[str, Any]) -> None:
    """The week's run publishes as a push does: on the default branch it may move latest."""
    (weekly,) = pipeline[True]["schedule"]  # YAML takes the key `on` for true
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", weekly["cron"])
    _, publish = named(pipeline, "build-and-publish", "Log in, push both tags and sign")
    assert "schedule" in publish["env"]["MOVE_LATEST"]


def test_the_base_image_is_kept_current() -> None:
    """Dependabot watches the folder in which the base image is locked."""
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    assert [one["directory"] for one in updates if one["package-ecosystem"] == "docker"] == ["/requirements"]


def test_settings_are_checked_before_the_work(pipeline: dict[str, Any]) -> None:
    """The first job looks before it installs anything; of the token it learns only whether it is set."""
    check, step = named(pipeline, "data-processing", "Check the settings")
    install, _ = named(pipeline, "data-processing", "Install the training requirements")
    assert check < install
    assert step["env"]["TOKEN_IS_SET"] == "${{ secrets.DOCKERHUB_TOKEN != '' }}"  # noqa: S105 - no value
    _, last = named(pipeline, "build-and-publish", "Check the settings")
    shared = pipeline["jobs"]["build-and-publish"]["env"] | last["env"]
    assert {name: shared[name] for name in step["env"]} == step["env"]
    assert pipeline["jobs"]["data-processing"]["environment"] == pipeline["jobs"]["build-and-publish"]["environment"]


def test_mlflow_is_of_the_locked_release() -> None:
    """The server's image is the release of the client in the lock, so that one never moves without the other."""
    locked = re.search(r"^mlflow==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert locked
    said = subprocess.run(
        [ROOT / "scripts" / "mlflow-container", "image"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert said.stdout.strip() == f"ghcr.io/mlflow/mlflow:v{locked[1]}"


def test_what_is_pushed_is_what_was_tested(pipeline: dict[str, Any]) -> None:
    """Build, test and push name one layout, in this order; nothing is built again, and the test is never left out."""
    build, _ = named(pipeline, "build-and-publish", "Build the image")
    test, testing = named(pipeline, "build-and-publish", "Test the image")
    clear, clearing = named(pipeline, "build-and-publish", "Remove the test container")
    push, pushing = named(pipeline, "build-and-publish", "Log in, push both tags and sign")
    assert build < test < clear < push
    assert "if" not in testing
    assert 'release test --layout "$IMAGE"' in testing["run"]
    assert pushing["run"].endswith('release publish "$IMAGE"')
    assert clearing["if"] == "always()"
    assert ran(pipeline, "build-and-publish").count("release build") == 1
    assert pipeline["jobs"]["build-and-publish"]["env"]["PLATFORMS"].endswith("'linux/amd64,linux/arm64' }}")


def test_attested_is_what_was_published(pipeline: dict[str, Any]) -> None:
    """GitHub attests the SBOM of the digest that the push reported, and provenance only of what this run built."""
    _, step = named(pipeline, "build-and-publish", "Attest the provenance on GitHub")
    assert step["if"].endswith(" && steps.publish.outputs.built == 'true'")
    given = using(pipeline, "build-and-publish", "actions/attest")
    assert [set(one) - {"subject-name", "subject-digest"} for one in given] == [set(), {"sbom-path"}]
    assert {one["subject-digest"] for one in given} == {"${{ steps.publish.outputs.digest }}"}


def test_the_audit_runs_before_the_upload(pipeline: dict[str, Any]) -> None:
    """Its report reaches the image test as part of trained-model."""
    audit, _ = named(pipeline, "model-training", "Audit the libraries of the image")
    upload, _ = named(pipeline, "model-training", "Upload trained-model")
    assert audit < upload


def test_the_evidence_pack_is_replayed_before_it_is_given_away(pipeline: dict[str, Any]) -> None:
    """With the bundle that it is about and the data of its sample; signed where the image is."""
    names = ("Write the evidence pack", "Replay the evidence pack", "Upload evidence-pack")
    places = [named(pipeline, "model-training", name) for name in names]
    assert [place for place, _ in places] == sorted(place for place, _ in places)
    assert {step["if"] for _, step in places} == {"steps.train.outputs.accepted == 'true'"}
    words = " ".join(places[1][1]["run"].replace("\\\n", " ").split())
    assert words.endswith("--bundle models/bundle --replay evidence-pack/ --data data/processed/cleaned_house_data.csv")
    publish, pushing = named(pipeline, "build-and-publish", "Log in, push both tags and sign")
    upload, uploading = named(pipeline, "build-and-publish", "Upload signed-evidence-pack")
    assert publish < upload
    assert pushing["env"]["EVIDENCE_PACK"] == "evidence-pack"
    assert pushing["if"] == uploading["if"]


def test_every_command_that_may_fail_is_in_the_summary(pipeline: dict[str, Any]) -> None:
    """Which step failed and why is on the page of the run; pip and what only cleans up write to the log."""
    clears = ("scripts/mlflow-container logs", "scripts/mlflow-container stop")
    shells = [step["run"].replace("\\\n", " ") for step in steps(pipeline) if "run" in step]
    lines = [line.strip() for shell in shells for line in shell.splitlines() if re.search(r"scripts/|python ", line)]
    assert lines
    excepted = ("scripts/with-summary ", "python -m pip ", *clears)
    assert [line for line in lines if not line.startswith(excepted)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_named_files_are_there(path: Path) -> None:
    """Scripts, locks, configuration and data that the workflow names exist, and its make targets too."""
    shell = " ".join(step.get("run", "") for step in steps(read(path)))
    names = re.findall(r"(?:src|scripts|configs|data/raw)/[\w./-]+|requirements[\w./-]*\.txt", shell)
    assert [name for name in names if not (ROOT / name).is_file()] == []
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"\bmake ([a-z-]+)", shell)) <= set(targets)


def test_ci_runs_lint_and_tests_on_both_ends_of_python() -> None:
    """The oldest Python that is supported and a newer one are tested, and one gate waits for every job."""
    workflow = read(FOLDER / "ci.yml")
    oldest = re.search(r'requires-python = ">=(.*)"', (ROOT / "pyproject.toml").read_text())
    pythons = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert oldest
    assert pythons[0] == oldest[1]
    assert len(pythons) > 1
    gate = workflow["jobs"]["gate"]
    assert set(gate["needs"]) == set(workflow["jobs"]) - {"gate"}
    assert gate["if"] == "always()"
    assert gate["steps"][0]["run"].count("success") == len(gate["needs"])


def test_dependabot_waits_a_week() -> None:
    """Actions, libraries and the base image are kept up to date, and no release is taken in its first week."""
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"github-actions", "pip", "docker", "npm"}
    assert {update["cooldown"]["default-days"] for update in updates} == {7}
