"""scripts/additional-sales: sales become a commit, which travels between jobs and ends in a pull request."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from file_server import https
from github_api import NAME, TOKEN, GitHub, github

SCRIPT = Path(__file__).parents[2] / "scripts" / "additional-sales"
SALES = "data/raw/additional_sales.csv"
AUTHOR = ("-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return what it prints."""
    command = ["git", "-C", str(folder), *AUTHOR, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@dataclass(frozen=True)
class Workflow:
    """A repository on a server, jobs with a checkout each, and a place of exported sales."""

    home: Path
    address: str
    certificate: Path
    api: GitHub

    @property
    def remote(self) -> Path:
        """The repository on the server."""
        return self.home / "remote.git"

    @property
    def exported(self) -> Path:
        """File at the address of the sales."""
        return self.home / "exported" / "sales.csv"

    def job(self, name: str) -> Path:
        """Return a new checkout of main, as shallow as that of a job."""
        git(self.home, "clone", "--quiet", "--depth=1", f"file://{self.remote}", name)
        return self.home / name

    def run(self, job: Path, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the script in a job."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CURL_CA_BUNDLE": str(self.certificate),
            "SALES_URL": f"{self.address}/sales.csv",
            "GITHUB_OUTPUT": str(job / ".git" / "output"),
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_REF_NAME": "main",
            "GITHUB_RUN_ID": "42",
            "HOUSEPRICE_GITHUB_API": self.api.address,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{self.remote}.insteadOf",
            "GIT_CONFIG_VALUE_0": f"https://github.com/{NAME}.git",
            **more,
        }
        return subprocess.run(
            [SCRIPT, *words], cwd=job, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def commit(self, name: str = "first") -> tuple[Path, Path]:
        """Run the first job; return its checkout and the artifact."""
        job, artifact = self.job(name), self.home / f"{name}-artifact"
        result = self.run(job, "commit", artifact)
        assert result.returncode == 0, result.stderr
        return job, artifact


@pytest.fixture
def workflow(tmp_path: Path) -> Iterator[Workflow]:
    """A repository with one commit, and an export with two sales."""
    source = tmp_path / "source"
    source.mkdir()
    git(source, "init", "--quiet", "--initial-branch=main")
    (source / "README.md").write_text("sales\n")
    git(source, "add", "--all")
    git(source, "commit", "--quiet", "--message=begin")
    git(tmp_path, "clone", "--quiet", "--bare", str(source), "remote.git")
    (tmp_path / "exported").mkdir()
    (tmp_path / "exported" / "sales.csv").write_text("day,paid\n2015-06-01,1\n2015-06-02,2\n")
    with https(tmp_path / "exported", tmp_path) as (address, certificate), github(b"") as api:
        yield Workflow(tmp_path, address, certificate, api)


def test_every_job_has_the_same_commit(workflow: Workflow) -> None:
    """One job commits the sales on main, the others check that very commit out; the server knows nothing of it."""
    first, artifact = workflow.commit()
    assert (first / ".git" / "output").read_text() == "found=true\n"
    other = workflow.job("other")
    result = workflow.run(other, "checkout", artifact)
    assert result.returncode == 0, result.stderr
    assert git(other, "rev-parse", "HEAD") == git(first, "rev-parse", "HEAD")
    assert git(other, "rev-parse", "HEAD~1") == git(workflow.remote, "rev-parse", "main")
    assert (other / SALES).read_bytes() == workflow.exported.read_bytes()
    assert git(other, "status", "--porcelain") == ""
    assert git(workflow.remote, "branch", "--format=%(refname:short)") == "main"


def test_the_commit_is_proposed(workflow: Workflow, tmp_path: Path) -> None:
    """It is pushed to a branch of its own, with the verdict in the pull request; run again, nothing is opened twice."""
    first, artifact = workflow.commit()
    commit = git(first, "rev-parse", "HEAD")
    (tmp_path / "report.md").write_text("## Model\n")
    for name in ("last", "again"):
        job = workflow.job(name)
        result = workflow.run(job, "propose", artifact, tmp_path / "report.md", IMAGE="me/house@sha256:1")
        assert result.returncode == 0, result.stderr
        assert result.stdout == "https://github.example/pull/1\n"
    (opened,) = workflow.api.pulls
    assert (opened["head"], opened["base"]) == (f"retraining/{commit[:7]}", "main")
    assert git(workflow.remote, "rev-parse", opened["head"]) == commit
    assert [part for part in ("## Model", "me/house@sha256:1", "actions/runs/42") if part not in opened["body"]] == []
    assert all(shown for _, shown in workflow.api.asked)


def test_a_pull_request_that_github_refuses_fails(workflow: Workflow, tmp_path: Path) -> None:
    """The setting that forbids it is named, and the branch is there for a person."""
    _, artifact = workflow.commit()
    (tmp_path / "report.md").write_text("## Model\n")
    workflow.api.may_open = False
    result = workflow.run(workflow.job("last"), "propose", artifact, tmp_path / "report.md", IMAGE="")
    assert (result.returncode, result.stdout) == (1, "")
    assert TOKEN not in result.stderr
    assert "retraining/" in git(workflow.remote, "branch", "--format=%(refname:short)")


def test_without_an_address_nothing_is_done(workflow: Workflow) -> None:
    """A schedule in a repository that has no export is green and says so in a line."""
    job = workflow.job("first")
    result = workflow.run(job, "commit", workflow.home / "artifact", SALES_URL="")
    assert (result.returncode, len(result.stdout.splitlines())) == (0, 1)
    assert not (job / ".git" / "output").exists()


def test_an_export_that_is_known_is_no_commit(workflow: Workflow) -> None:
    """The file that the repository holds already has nothing new."""
    first, _ = workflow.commit()
    git(first, "push", "--quiet", "origin", "HEAD:main")
    again = workflow.job("again")
    result = workflow.run(again, "commit", workflow.home / "artifact")
    assert (result.returncode, len(result.stdout.splitlines())) == (0, 1)
    assert git(again, "rev-parse", "HEAD") == git(first, "rev-parse", "HEAD")
    assert not (again / ".git" / "output").exists()


@pytest.mark.parametrize(
    "address", ["/none.csv", "http://127.0.0.1:9/sales.csv", "file:///etc/hostname", "--help"], ids=str
)
def test_what_cannot_be_downloaded_safely_fails(workflow: Workflow, address: str) -> None:
    """A missing file, and any other way than HTTPS; nothing is committed."""
    job = workflow.job("first")
    before = git(job, "rev-parse", "HEAD")
    url = f"{workflow.address}{address}" if address.startswith("/") else address
    result = workflow.run(job, "commit", workflow.home / "artifact", SALES_URL=url)
    assert (result.returncode, result.stdout) == (1, "")
    assert git(job, "rev-parse", "HEAD") == before
    assert not (job / ".git" / "output").exists()


@pytest.mark.parametrize("words", [(), ("commit",), ("propose", "folder"), ("usage", "x")], ids=str)
def test_wrong_usage_ends_with_2(workflow: Workflow, words: tuple[str, ...]) -> None:
    """No function of the script is a command unless it is named in its help."""
    assert workflow.run(workflow.job("first"), *words).returncode == 2
