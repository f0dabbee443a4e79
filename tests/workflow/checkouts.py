"""Git repositories with the content of this checkout in two commits, for workflows that are run here."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKFLOW = ".github/workflows/mlops-pipeline.yml"
REMOTE = "https://github.com/tester/house-price-model.git"


def checkout(target: Path, change: Mapping[str, Callable[[str], str]], only: str, history: Path | None = None) -> str:
    """Commit what this checkout holds, changed where a test asks for it, after the commits of another repository."""
    git = ["git", "-C", str(target)]
    if history:
        subprocess.run(["git", "clone", "--quiet", "--no-local", str(history), str(target)], check=True)
        subprocess.run([*git, "rm", "-r", "--quiet", "."], check=True)
        subprocess.run([*git, "remote", "remove", "origin"], check=True)
    else:
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(target)], check=True)
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    for name, changed in change.items():
        (target / name).write_text(changed((target / name).read_text()))
    if only:
        (target / WORKFLOW).write_text(alone((target / WORKFLOW).read_text(), only))
    (target / "CHANGELOG.md").rename(target.parent / "CHANGELOG.md")  # what the commit before lacks
    _commit(git, "as it was")
    (target.parent / "CHANGELOG.md").rename(target / "CHANGELOG.md")
    _commit(git, "as it is")
    subprocess.run([*git, "remote", "add", "origin", REMOTE], check=True)
    return _head(git)


def rewound(repository: Path, target: Path, to: str) -> str:
    """Copy a repository that `checkout` made and go to a commit, as a job does that was started for it."""
    subprocess.run(["git", "clone", "--quiet", "--no-local", str(repository), str(target)], check=True)
    git = ["git", "-C", str(target)]
    subprocess.run([*git, "checkout", "--quiet", "-B", "main", to], check=True)
    subprocess.run([*git, "remote", "set-url", "origin", REMOTE], check=True)
    return _head(git)


def _commit(git: list[str], message: str) -> None:
    author = ["-c", "user.name=tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, *author, "commit", "--quiet", "--no-verify", "--message", message], check=True)


def _head(git: list[str]) -> str:
    return subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()


def alone(text: str, job: str) -> str:
    """Return the workflow with one job, which waits for no other."""
    head, _, jobs = text.partition("\njobs:\n")
    blocks = re.split(r"(?m)^(?=  [a-z-]+:$)", jobs)
    (block,) = [block for block in blocks if block.startswith(f"  {job}:")]
    return f"{head}\njobs:\n{re.sub(r'(?m)^    (needs: |if: needs).*$', '', block)}"


def with_small_image(text: str) -> str:
    """Return the workflow with a small image instead of the one that is built and tested."""
    head, begin, rest = text.partition("      - name: Set up Buildx\n")
    _, end, tail = rest.partition("      - name: Install cosign\n")
    assert begin
    assert end
    path = "src:tests:tests/release:tests/workflow"
    run = f'PYTHONPATH={path} "$HOUSEPRICE_WORKFLOW_PYTHON" tests/workflow/small_image.py'
    return f"{head}      - name: Small image\n        run: {run}\n{end}{tail}"
