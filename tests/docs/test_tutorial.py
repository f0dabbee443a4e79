"""The tutorial does what it says: every shell block is run, in the order of the page, and both languages agree."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from tutorial import ROOT, SPANISH, TOKEN, TUTORIAL, USER, Block, Reader, error_codes

PAGES = pytest.mark.parametrize("page", [TUTORIAL.page, SPANISH.page], ids=["en", "es"])
BLOCKS = TUTORIAL.blocks

QUICK = (
    "export ORIGIN",
    "git clone",
    "gh variable set",
    "gh workflow run",
    "run=$(gh run list",
    "gh run download",
    'gh run view "$run" --log-failed',
    "gh run rerun",
)
LONG = ("make install", "make run")
IMAGE = (  # test_tutorial_image.py
    "export COSIGN_PASSWORD",
    "make image",
    "export COMMIT",
    "read -rs DOCKERHUB_TOKEN",
    "export HOUSEPRICE_COSIGN_KEY",
    ".venv/bin/houseprice audit-log",
    ".venv/bin/houseprice rollback",
    "export DIGEST",
    "kubectl apply",
    "kubectl --namespace",
    "curl -s localhost:8000/metrics",
)
ELSEWHERE = {"make check": "it would run this very test; .ci/run runs all that these two targets do"}
"""Blocks by how they begin: run by the tests below, or the reason why not."""


def test_no_block_is_left_out() -> None:
    """Each block is run by one of the tests below, or named with the reason; no entry is of a block that is gone."""
    for block in BLOCKS:
        claims = [start for start in (*QUICK, *LONG, *IMAGE, *ELSEWHERE) if block.text.startswith(start)]
        assert len(claims) == 1, str(block)
    for start in (*QUICK, *LONG, *IMAGE, *ELSEWHERE):
        assert len(TUTORIAL.blocks_starting_with(start)) == 1, start


def test_a_repository_of_ones_own_with_its_settings(reader: Reader) -> None:
    """What is typed up to the first run leaves a pushed repository, the variable, the environment and the secret."""
    said = {block.text.split("\n")[0]: words for block, words in reader.run_blocks(TUTORIAL, *QUICK)}
    github, mine = reader.home / "github", reader.home / "house-price-model"
    assert (github / "variable" / "repository" / "DOCKERHUB_USERNAME").read_text() == USER
    assert (github / "secret" / "docker-hub" / "DOCKERHUB_TOKEN").read_text() == TOKEN
    heads = [
        subprocess.run(["git", "-C", where, "rev-parse", "main"], capture_output=True, text=True, check=True).stdout
        for where in (github / "repo.git", mine)
    ]
    assert heads[0] == heads[1]
    remotes = subprocess.run(["git", "-C", mine, "remote"], capture_output=True, text=True, check=True).stdout
    assert remotes.split() == ["origin", "template"]
    assert (mine / "report").is_dir()
    assert TOKEN not in "".join(said.values())
    calls = (github / "calls").read_text().splitlines()
    assert set(calls) == set(re.findall(r"gh ((?:repo|run|workflow|variable|secret) \w+|api)\b", _shell()))


def test_the_token_is_asked_for_where_nobody_sees_it() -> None:
    """No line of the page has a token as an argument, where the history of the shell would keep it."""
    assert not re.search(r"DOCKERHUB_TOKEN.*--body|dckr_pat_\w", _shell())


@pytest.mark.long
def test_a_typing_error_would_be_found(reader: Reader) -> None:
    """The stand-ins refuse what the real programs refuse."""
    list(reader.run_blocks(TUTORIAL, "export ORIGIN", "git clone", "gh workflow run"))
    mistakes = (
        "gh repo create house-price-model --source . --remote origin --push",
        "gh secret set DOCKERHUB_TOKEN --environment docker-hub",
        "gh secret set DOCKERHUB_TOKEN --env no-such-environment",
        "gh workflow start mlops-pipeline.yml",
        "gh workflow run no-such-workflow.yml --ref main",
        "gh run watch",
        "gh run download 4711 --name no-such-artifact --dir somewhere",
        "kubectl apply",
    )
    assert [words for words in mistakes if reader.run_block(Block(0, words), "secret")[0] == 0] == []


def test_what_runs_elsewhere_really_does() -> None:
    """`make check` and `make workflow-test` are what .ci/run demands of every change."""
    (block,) = TUTORIAL.blocks_starting_with(*ELSEWHERE)
    assert block.text.split() == ["make", "check", "make", "workflow-test"]
    makefile, demanded = (ROOT / "Makefile").read_text(), (ROOT / ".ci" / "run").read_text()
    assert "\ncheck: lint test ##" in makefile
    for target in ("lint", "test", "workflow-test"):
        assert re.search(rf"^ *(step make|beside) {target}\b", demanded, re.MULTILINE), target


@pytest.mark.long
def test_install_doctor_run_and_audit(reader: Reader) -> None:
    """From an empty folder to a bundle and a report on its libraries; the doctor finds the settings on GitHub."""
    list(reader.run_blocks(TUTORIAL, "export ORIGIN", "git clone", "gh variable set"))
    (install,) = TUTORIAL.blocks_starting_with("make install")
    code, said = reader.run_block(install)
    missing = [line for line in said.splitlines() if line.startswith("missing") and "not required" not in line]
    assert all(line.split()[1] == "port" for line in missing), said  # others may listen there while tests run
    assert code == 0 or missing
    for setting in ("variable DOCKERHUB_USERNAME", "secret DOCKERHUB_TOKEN"):
        assert re.search(rf"^found +Docker Hub {setting}", said, re.MULTILINE), said
    ((_, said),) = reader.run_blocks(TUTORIAL, "make run")
    models = reader.home / "house-price-model" / "models"
    assert (models / "bundle" / "manifest.json").is_file()
    assert (models / "audit.json").is_file()
    assert "reports" in said


def test_both_languages_have_the_same_commands() -> None:
    """The Spanish page has the English one's blocks, to the letter and in the same order."""
    assert [block.text for block in SPANISH.blocks] == [block.text for block in BLOCKS]


@PAGES
def test_every_code_is_one_that_a_program_gives(page: Path) -> None:
    """Each code of the table about failures is raised somewhere."""
    codes = re.findall(r"^\| `(\w+)` \| ", _section(page, 8), re.MULTILINE)
    assert len(codes) >= 15
    assert set(codes) <= error_codes()


@PAGES
def test_jobs_and_artifacts_are_those_of_the_workflow(page: Path) -> None:
    """The table names each job in its order, with its artifacts."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "mlops-pipeline.yml").read_text())["jobs"]
    rows = re.findall(r"^\| `([\w-]+)` \|[^|]*\| ([^|]*) \|$", _section(page, 5), re.MULTILINE)
    assert [name for name, _ in rows] == list(jobs)
    for name, artifacts in rows:
        uploads = [step["with"]["name"] for step in jobs[name]["steps"] if "upload-artifact@" in step.get("uses", "")]
        assert re.findall(r"`([\w-]+)`", artifacts) == uploads, name


@PAGES
def test_every_setting_of_the_workflows_is_in_the_table(page: Path) -> None:
    """The page names every variable and secret that a workflow reads."""
    named = {
        name
        for row in re.findall(r"^\| (`.*?) \|", _section(page, 3), re.MULTILINE)
        for name in row.strip("`").split("`, `")
    }
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        assert set(re.findall(r"\b(?:vars|secrets)\.(\w+)", file.read_text())) - {"GITHUB_TOKEN"} <= named, file


@PAGES
def test_every_alert_is_listed(page: Path) -> None:
    """The list is that of deploy/alerts.yaml, in its order."""
    groups = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text())["groups"]
    rules = [rule["alert"] for group in groups for rule in group["rules"]]
    assert re.findall(r"^\| `(HousePrice\w+)` \|", page.read_text(), re.MULTILINE) == rules


DOCS = sorted({ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").glob("*.md")})


@pytest.mark.parametrize("page", DOCS, ids=[str(page.relative_to(ROOT)) for page in DOCS])
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files that a page links to, or names with a path, exist."""
    text = page.read_text()
    for target in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    for name in re.findall(r"`((?:src|tests|configs|docs)/[\w./-]+\w)`", text):
        assert (ROOT / name).exists(), name


def _shell() -> str:
    return "\n".join(block.text for block in BLOCKS)


def _section(page: Path, number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    assert found, number
    return found[0]
