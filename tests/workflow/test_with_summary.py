"""scripts/with-summary: the result of a command, or why it failed, in the summary of a workflow run."""

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "with-summary"


def with_summary(summary: Path | None, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command through the script, in a workflow or outside of one."""
    environment = {key: value for key, value in os.environ.items() if key != "GITHUB_STEP_SUMMARY"}
    environment |= {"GITHUB_STEP_SUMMARY": str(summary)} if summary else {}
    return subprocess.run([SCRIPT, *words], env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_a_success_puts_what_was_printed_under_the_heading(tmp_path: Path) -> None:
    """Both streams go where they always went; the summary takes standard output alone, without its colours."""
    result = with_summary(
        tmp_path / "summary", "Sales", "bash", "-c", r"printf '\033[32mgood\033[0m\n```\n'; echo progress >&2"
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "\x1b[32mgood\x1b[0m\n```\n", "progress\n")
    assert (tmp_path / "summary").read_text() == "## Sales\n\n    good\n    ```\n\n"


def test_a_failure_says_which_and_why(tmp_path: Path) -> None:
    """The heading, the exit code and the last lines of both streams; the code is given back."""
    lines = "for i in $(seq 40); do echo out $i; done; echo 'houseprice: the gate is red.' >&2; exit 6"
    result = with_summary(tmp_path / "summary", "Train", "bash", "-c", lines)
    assert result.returncode == 6
    assert result.stdout.splitlines()[-1] == "out 40"
    summary = (tmp_path / "summary").read_text()
    assert summary.startswith("## ❌ Train failed\n\nExit code 6")
    assert "    out 26\n" in summary
    assert "    out 25\n" not in summary
    assert summary.endswith("    houseprice: the gate is red.\n\n")


def test_a_silent_success_leaves_no_heading(tmp_path: Path) -> None:
    """Nothing was printed, so nothing is added; what other steps added stays."""
    (tmp_path / "summary").write_text("## Before\n")
    assert with_summary(tmp_path / "summary", "Nothing", "true").returncode == 0
    assert (tmp_path / "summary").read_text() == "## Before\n"


def test_what_cannot_be_run_has_failed(tmp_path: Path) -> None:
    """A command that is not there is a failure like any other; a missing one is wrong usage."""
    assert with_summary(tmp_path / "summary", "Lost", "no-such-command-here").returncode == 127
    assert "no-such-command-here" in (tmp_path / "summary").read_text()
    assert with_summary(tmp_path / "summary", "Alone").returncode == 2


def test_outside_of_a_workflow_it_only_runs_the_command() -> None:
    """The same line works on a laptop."""
    result = with_summary(None, "Anything", "bash", "-c", "echo it; exit 3")
    assert (result.returncode, result.stdout, result.stderr) == (3, "it\n", "")
