"""Commit, repository and time of a checkout, from git, from GitHub, or from neither."""

import os
import subprocess
from pathlib import Path

import pytest

from houseprice.errors import ImageError
from houseprice.release.git_metadata import DEFAULT_EPOCH, read_git_metadata, source_date_epoch


def git(folder: Path, *arguments: str) -> str:
    """Run git as nobody, with nobody's settings."""
    known = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
    who = ("-c", "user.name=n", "-c", "user.email=e@x")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=known, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git checkout with one commit."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_the_revision_is_gits(repository: Path) -> None:
    """Of a git checkout the commit is known, whatever the environment says; changed files add -dirty."""
    commit = git(repository, "rev-parse", "HEAD")
    metadata = read_git_metadata(repository, {"GITHUB_SHA": "f" * 40})
    assert (metadata.revision, metadata.tag, metadata.version) == (commit, commit[:7], "1.2.3")
    (repository / "pyproject.toml").write_text('[project]\nversion = "1.2.4"\n')
    changed = read_git_metadata(repository, {})
    assert (changed.revision, changed.tag) == (f"{commit}-dirty", f"{commit[:7]}-dirty")


@pytest.mark.parametrize(
    ("remote", "source"),
    [
        ("https://github.com/u/r.git", "https://github.com/u/r"),
        ("https://user:s3cret@github.com/u/r.git", "https://github.com/u/r"),
        ("https://user:s3cret@host:8443/u/r", "https://host:8443/u/r"),
        ("git@github.com:u/r.git", "https://github.com/u/r"),
        ("ssh://git@github.com/u/r.git", "https://github.com/u/r"),
        ("/srv/git/r.git", "unknown"),
    ],
)
def test_the_source_is_a_page_without_secrets(repository: Path, remote: str, source: str) -> None:
    """The remote's address is stated as a web page; a user or token in it is not."""
    git(repository, "remote", "add", "origin", remote)
    assert read_git_metadata(repository, {}).source == source


def test_github_actions_names_the_source(repository: Path) -> None:
    """On GitHub's machines, the repository is the one that the workflow runs for."""
    known = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "u/r"}
    assert read_git_metadata(repository, known).source == "https://github.com/u/r"


def test_what_nobody_knows_is_called_unknown(tmp_path: Path) -> None:
    """Without git and without GitHub, revision and source are said to be unknown."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    metadata = read_git_metadata(tmp_path, {})
    assert (metadata.revision, metadata.source, metadata.tag) == ("unknown", "unknown", "unknown")


def test_the_epoch_is_the_time_of_the_commit(repository: Path) -> None:
    """A commit has one time, whoever builds it and whenever; the environment may name another."""
    assert source_date_epoch(repository, {}) == int(git(repository, "log", "-1", "--format=%ct"))
    assert source_date_epoch(repository, {"SOURCE_DATE_EPOCH": "1234567890"}) == 1_234_567_890


def test_without_a_commit_the_epoch_never_changes(tmp_path: Path) -> None:
    """Outside of git the time is fixed: never the clock's."""
    assert source_date_epoch(tmp_path, {}) == DEFAULT_EPOCH


@pytest.mark.parametrize("given", ["yesterday", "-1", "1.5", "١٢", "9" * 12])
def test_an_epoch_that_is_none_is_refused(tmp_path: Path, given: str) -> None:
    """Only whole seconds since 1970 are a time."""
    with pytest.raises(ImageError) as refused:
        source_date_epoch(tmp_path, {"SOURCE_DATE_EPOCH": given})
    assert refused.value.code == "source_date_epoch_invalid"
