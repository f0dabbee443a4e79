"""scripts/mlflow-history: which run's history comes back, and that a fetch that fails is no "there is no champion"."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from github_api import NAME, TOKEN, GitHub, github, make_run, zipped

SCRIPT = Path(__file__).parents[2] / "scripts" / "mlflow-history"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[GitHub]:
    """GitHub's API, whose artifacts hold a database and an artifact of MLflow."""
    (tmp_path / "kept" / "artifacts").mkdir(parents=True)
    (tmp_path / "kept" / "mlflow.db").write_text("runs")
    (tmp_path / "kept" / "artifacts" / "model.onnx").write_text("model")
    with github(zipped(tmp_path / "kept")) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the history should come."""
    return tmp_path / "history"


def fetch(api: GitHub, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the script as the workflow does."""
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "GITHUB_API_URL": api.address,
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": NAME,
        "HOUSEPRICE_RETRY_SECONDS": "0",
        **more,
    }
    return subprocess.run([SCRIPT, folder], env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_the_newest_green_run_gives_its_history(api: GitHub, folder: Path) -> None:
    """The whole folder comes back, the run is named, and the token goes to the API alone."""
    api.runs = [make_run(9), make_run(8)]
    ended = fetch(api, folder)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "runs/9" in ended.stdout
    assert (folder / "mlflow.db").read_text() == "runs"
    assert (folder / "artifacts" / "model.onnx").read_text() == "model"
    assert {path: shown for path, shown in api.asked if path == "/archive" or path.endswith("/zip")} == {
        f"/repos/{NAME}/actions/artifacts/9/zip": True,
        "/archive": False,
    }


FOREIGN: list[dict[str, Any]] = [
    {"event": "pull_request"},
    {"event": "pull_request_target"},
    {"head_repository": {"full_name": "mallory/house-price-model"}},
    {"head_repository": None},
    {"head_branch": "idea"},
    {"path": ".github/workflows/ci.yml"},
]


@pytest.mark.parametrize("changes", FOREIGN, ids=str)
def test_a_foreign_run_gives_no_champion(api: GitHub, folder: Path, changes: dict[str, Any]) -> None:
    """A green pull request, of a fork whose branch is called main as well, is passed over, however many there are."""
    api.runs = [*(make_run(1000 + number, **changes) for number in range(150)), make_run(7)]
    ended = fetch(api, folder)
    assert ended.returncode == 0
    assert "runs/7" in ended.stdout


def test_a_retraining_gives_its_history_unless_it_found_no_new_sale(api: GitHub, folder: Path) -> None:
    """One that trained knows the champion; one that did not has no history, and the run before it counts."""
    retraining = {"path": ".github/workflows/retrain.yml", "event": "schedule"}
    api.runs = [make_run(9, **retraining), make_run(8, **retraining), make_run(7)]
    api.artifacts = {9: []}
    ended = fetch(api, folder)
    assert ended.returncode == 0
    assert "runs/8" in ended.stdout


def test_without_a_green_run_a_line_says_so(api: GitHub, folder: Path) -> None:
    """The first run of all succeeds, says that there is no champion, and makes no folder."""
    ended = fetch(api, folder)
    assert ended.returncode == 0
    assert len(ended.stdout.splitlines()) == 1
    assert not folder.exists()


@pytest.mark.parametrize("status", [401, 403, 404, 500, 502])
def test_a_refused_fetch_fails(api: GitHub, folder: Path, status: int) -> None:
    """A token without the right, and a server that fails, end in one sentence and never pass for "no champion"."""
    api.runs, api.status = [make_run(9)], status
    ended = fetch(api, folder)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert str(status) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert TOKEN not in ended.stderr
    assert not folder.exists()


def test_a_passing_failure_is_tried_again(api: GitHub, folder: Path) -> None:
    """Two answers of a server that is overloaded are waited for."""
    api.runs, api.failures = [make_run(9)], 2
    assert fetch(api, folder).returncode == 0
    assert (folder / "mlflow.db").exists()


def test_nobody_answering_fails(api: GitHub, folder: Path) -> None:
    """A server that is not there is a failure, too."""
    ended = fetch(api, folder, GITHUB_API_URL="http://127.0.0.1:9")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert not folder.exists()


@pytest.mark.parametrize(
    "artifacts", [[], [{"id": 9, "name": "mlflow-history", "expired": True}]], ids=["none", "expired"]
)
def test_an_expired_history_is_decided_by_a_person(api: GitHub, folder: Path, artifacts: list[dict[str, Any]]) -> None:
    """A history that is gone fails, and nothing older takes its place; begun anew it is only on purpose."""
    api.runs, api.artifacts = [make_run(9), make_run(8)], {9: artifacts}
    assert fetch(api, folder).returncode == 1
    assert fetch(api, folder, START_OVER="true").returncode == 0
    assert not folder.exists()


@pytest.mark.parametrize("archive", [b"", b"no archive", zipped(Path(__file__).parent / "actions")])
def test_a_damaged_history_fails(api: GitHub, folder: Path, archive: bytes) -> None:
    """What is no archive, or holds no database, is no history."""
    api.runs, api.archive = [make_run(9)], archive
    ended = fetch(api, folder)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Traceback" not in ended.stderr


def test_another_digest_than_the_artifacts_fails(api: GitHub, folder: Path) -> None:
    """GitHub names the digest of an artifact; other bytes are not unpacked."""
    api.runs = [make_run(9)]
    api.artifacts = {9: [{"id": 9, "name": "mlflow-history", "expired": False, "digest": f"sha256:{'0' * 64}"}]}
    assert fetch(api, folder).returncode == 1
    assert not folder.exists()


@pytest.mark.parametrize("elsewhere", [{"ACT": "true"}, {"GITHUB_TOKEN": ""}])
def test_a_run_elsewhere_has_no_history(api: GitHub, folder: Path, elsewhere: dict[str, str]) -> None:
    """By act, and by runners that give no token, GitHub is not asked unless an address is given; a line says so."""
    api.runs = [make_run(9)]
    ended = fetch(api, folder, **elsewhere)
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 1)
    assert api.asked == []
    assert fetch(api, folder, **elsewhere, HOUSEPRICE_GITHUB_API=api.address).returncode == 0
    assert (folder / "mlflow.db").exists()


def test_a_history_that_is_there_is_not_overwritten(api: GitHub, folder: Path) -> None:
    """Two histories would be mixed."""
    folder.mkdir()
    (folder / "mlflow.db").write_text("mine")
    api.runs = [make_run(9)]
    assert fetch(api, folder).returncode == 1
    assert (folder / "mlflow.db").read_text() == "mine"


def test_more_foreign_runs_than_github_lists_fail(api: GitHub, folder: Path) -> None:
    """Where a run of the branch itself may be among those that are not listed, it is not said that there is none."""
    api.runs = [make_run(number, event="pull_request") for number in range(1000)]
    assert fetch(api, folder).returncode == 1
