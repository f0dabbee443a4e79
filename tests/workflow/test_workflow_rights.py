"""The workflow files as text: who sees a secret, what is pinned, and what a job may do."""

import re
from pathlib import Path
from typing import Any

import pytest
from workflow_files import FILES, read, steps

SIGNING = {"id-token", "attestations"}


def own_jobs(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the jobs of a workflow that have steps; others call a workflow, which has its own tests."""
    return [job for job in workflow["jobs"].values() if "uses" not in job]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_where_a_secret_is_nothing_was_installed(path: Path) -> None:
    """Its job has no Python of its own, no pip and no make, and runs this checkout without any installed package.

    Secrets stand in one step alone; the checks of the settings are told only whether one is set.
    """
    for job in own_jobs(read(path)):
        known = str(job).replace("secrets.DOCKERHUB_TOKEN != ''", "")
        seeing = [one for one in job["steps"] if "secrets." in str(one).replace("secrets.DOCKERHUB_TOKEN != ''", "")]
        assert len(seeing) <= 1
        if "secrets." not in known:
            continue
        assert [one for one in job["steps"] if "setup-python" in one.get("uses", "")] == []
        shell = " ".join(one.get("run", "") for one in job["steps"])
        assert re.findall(r"\b(?:pip3?|uv|pipx|npm|make|scripts/(?:install|audit|test-tools))\b", shell) == []
        assert set(re.findall(r"python\S*(?: -\S+)*", shell)) <= {"python3 -SP -m"}


def test_pull_requests_push_nothing_and_see_no_token(pipeline: dict[str, Any]) -> None:
    """Every step that names a secret or attests is left out on pull requests, and so is the environment."""
    for step in steps(pipeline):
        if "secrets." in str(step) or "actions/attest@" in str(step):
            assert step["if"].startswith("github.event_name != 'pull_request'")
    for job in pipeline["jobs"].values():
        outside = {key: value for key, value in job.items() if key != "steps"}
        assert "secrets." not in str(outside)
        assert outside.get("environment", "${{ github.event_name != 'pull_request' && ").startswith(
            "${{ github.event_name != 'pull_request' && "
        )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    """Every action is named by 40 hexadecimal digits, with its release in a comment."""
    used = re.findall(r"uses: *(.*)", path.read_text())
    assert used
    pinned = r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\.github/workflows/[\w-]+\.yml #.*"
    assert [line for line in used if not re.fullmatch(pinned, line)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rights_and_times_are_bounded(path: Path) -> None:
    """A workflow starts without rights, every job says its own, ends in time and runs on a named release."""
    workflow = read(path)
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["group"]
    for job in own_jobs(workflow):
        rights = {key: right for key, right in job["permissions"].items() if key not in SIGNING}
        shell = " ".join(step.get("run", "") for step in job["steps"])
        fetches, proposes = "scripts/mlflow-history" in shell, "scripts/additional-sales propose" in shell
        allowed = {"contents": "read"} | ({"actions": "read"} if fetches else {})
        assert rights in ({}, {"contents": "write", "pull-requests": "write"} if proposes else allowed)
        assert 0 < job["timeout-minutes"] <= 45
        assert not job["runs-on"].endswith("latest")
    for checkout in (step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")):
        assert checkout["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_only_who_attests_may_show_an_identity(path: Path) -> None:
    """The rights to sign and to attest go to the job that does both, and to no other."""
    for job in own_jobs(read(path)):
        attests = any("actions/attest@" in step.get("uses", "") for step in job["steps"])
        assert {key for key in job["permissions"] if key in SIGNING} == (SIGNING if attests else set())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_put_into_shell(path: Path) -> None:
    """No expression is written into a script, where it would be run; values come by the environment."""
    assert [step["run"] for step in steps(read(path)) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_loop_waits_in_the_workflow(path: Path) -> None:
    """Waiting, with its deadline and its failure, lives in tested programs and not in a file that nobody tests."""
    shell = " ".join(step.get("run", "") for step in steps(read(path)))
    assert re.findall(r"\b(for|while|until|sleep)\b|\|\| *(true|:|echo)", shell) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_call_grants_what_the_called_jobs_take(path: Path) -> None:
    """All of it, since GitHub refuses to start otherwise, and nothing more."""
    for job in (one for one in read(path)["jobs"].values() if "uses" in one):
        taken: dict[str, str] = {}
        for called in read(path.parents[2] / job["uses"])["jobs"].values():
            taken |= called["permissions"]
        assert job["permissions"] == taken
