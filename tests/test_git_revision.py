"""The commit that manifest and image label state alike."""

import os
import subprocess
from pathlib import Path

import pytest

from houseprice.config import Config
from houseprice.git_revision import revision
from houseprice.learning.bundling import hashes
from houseprice.release.git_metadata import read_git_metadata


def git(folder: Path, *arguments: str) -> str:
    """Run git as nobody, with nobody's settings."""
    known = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
    who = ("-c", "user.name=n", "-c", "user.email=e@x")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, env=known, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_manifest_and_label_state_the_same_commit(tmp_path: Path, config: Config) -> None:
    """Clean, with a changed tracked file (-dirty), and with a file that git does not track (clean)."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")

    def stated() -> set[str]:
        return {hashes(config, tmp_path)["commit"], read_git_metadata(tmp_path, {}).revision}

    assert stated() == {commit}
    (tmp_path / "other").write_text("untracked")
    assert stated() == {commit}
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.4"\n')
    assert stated() == {f"{commit}-dirty"}


def test_without_git_the_workflow_names_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a checkout, or without the program; else it is unknown."""
    assert revision(tmp_path, {"GITHUB_SHA": "a" * 40}) == "a" * 40
    assert revision(tmp_path, {}) == "unknown"
    monkeypatch.setenv("PATH", "")
    assert revision(tmp_path, {}) == "unknown"
