"""A host that deploys needs requirements/deployment.txt and this checkout, and nothing that trains or serves."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_image
from tiny_image import Tiny

from houseprice.release.deployment.audit_log import NAME, AuditLog, Event

pytestmark = pytest.mark.long  # installs from the package index
ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the deployment lock alone."""
    folder = tmp_path_factory.mktemp("host") / "venv"
    command = [ROOT / "scripts" / "install", folder, "requirements/deployment.txt", "alone"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture
def run(venv: Path, tmp_path: Path) -> Run:
    """Run a command of the project on that host, in a folder of its own."""

    def one(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [venv / "bin" / "python", "-m", "houseprice", *map(str, words)],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")},
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return one


def test_it_is_small(venv: Path) -> None:
    """Tens of megabytes, with pip, instead of more than a thousand."""
    assert sum(file.stat().st_size for file in venv.rglob("*") if file.is_file()) < 50e6


@pytest.mark.parametrize("command", ["deploy", "rollback", "audit-log", "verify", "image", "doctor"])
def test_every_command_of_operations_is_there(run: Run, command: str) -> None:
    """Its help is shown, so that all of its modules were imported."""
    ended = run(command, "--help")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_images_are_verified(run: Run, tiny_bundle: Path, tmp_path: Path) -> None:
    """The whole comparison of a layout runs there."""
    layout = tiny_image.lay(tmp_path / "layout", tiny_image.both(Tiny.of(tiny_bundle)))
    ended = run("verify", "--layout", layout.folder, "--json")
    assert json.loads(ended.stdout)["digest"] == layout.digest


def test_the_audit_log_is_read(run: Run, tmp_path: Path) -> None:
    """Its chain is checked."""
    event = Event(actor="me", action="deploy", from_revision="", to_revision="a", outcome="failed", duration_seconds=1)
    AuditLog(tmp_path / NAME).append(event, print)
    ended = run("audit-log", "--state", tmp_path, "--json")
    assert [entry["actor"] for entry in json.loads(ended.stdout)] == ["me"]


def test_what_else_is_needed_is_named(run: Run) -> None:
    """A command that trains or serves names the lock that it needs."""
    assert run("serve").returncode == 10
    assert run("train").returncode == 10
