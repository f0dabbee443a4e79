"""`houseprice image` and `houseprice doctor`: what they print, where, and how they end."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from houseprice.cli import release as commands
from houseprice.errors import ImageError
from houseprice.release.doctor import Finding
from houseprice.release.image_checks import CHECKS, CheckResult
from houseprice.release.image_test import ImageTest, ImageTester, LayoutTest
from programs import error_code

RunCli = Callable[..., tuple[int, str, str]]
Tested = Callable[..., list[str]]
RESULTS = tuple(CheckResult(check.name, True, "good", check.expected) for check in CHECKS)
PASSED = ImageTest("some:image", "sha256:1", "", RESULTS, 3.21)
FAILED = replace(
    PASSED, results=(*PASSED.results[:-1], CheckResult(CHECKS[-1].name, False, "exit code 137", "exit code 0"))
)


@pytest.fixture
def tested(monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path) -> Tested:
    """Let the test of an image end as wished; return the words of a command line."""

    def ends(end: ImageTest | ImageError) -> list[str]:
        def test_image(self: ImageTester, name: str) -> ImageTest:
            self.show_logs(f"what the container of {name} printed")
            if isinstance(end, ImageError):
                raise end
            return end

        monkeypatch.setattr(ImageTester, "test_image", test_image)
        return ["image", "test", "some:image", "--bundle", str(tiny_bundle)]

    return ends


@pytest.mark.parametrize(("test", "code"), [(PASSED, 0), (FAILED, 9)])
def test_results_go_to_stdout_and_logs_to_stderr(run_cli: RunCli, tested: Tested, test: ImageTest, code: int) -> None:
    """A failed check is in the table with what was expected, and in the error."""
    ended, out, err = run_cli(*tested(test))
    assert ended == code
    assert all(check.name in out for check in CHECKS)
    assert "of some:image printed" in err
    assert "of some:image printed" not in out
    assert ("exit code 137" in out, "exit code 137" in err) == (code == 9, code == 9)


@pytest.mark.parametrize(("test", "code"), [(PASSED, 0), (FAILED, 9)])
def test_results_are_there_as_json(run_cli: RunCli, tested: Tested, test: ImageTest, code: int) -> None:
    """With --json, stdout is one JSON value, also when the image fails."""
    ended, out, _ = run_cli(*tested(test), "--json")
    found = json.loads(out)
    assert (ended, found["passed"], len(found["results"])) == (code, code == 0, len(CHECKS))
    assert set(found["results"][0]) == {"name", "passed", "found", "expected"}


def test_a_test_that_cannot_be_made_ends_with_9(run_cli: RunCli, tested: Tested) -> None:
    """An engine that does not answer is no success."""
    code, out, err = run_cli(*tested(ImageError("no engine", code="docker_missing")))
    assert (code, out, error_code(err)) == (9, "", "docker_missing")


def test_without_a_sealed_bundle_nothing_is_tested(run_cli: RunCli, tmp_path: Path) -> None:
    """The local bundle is the measure: without one, nothing is started."""
    code, out, _ = run_cli("image", "test", "some:image", "--bundle", str(tmp_path / "none"))
    assert (code, out) == (5, "")


def test_a_model_that_failed_its_gates_is_tested_only_with_allow_red(
    run_cli: RunCli, tested: Tested, seal: Callable[..., Path]
) -> None:
    """Exit code 6 before anything is started."""
    words = [*tested(PASSED)[:-1], str(seal(green=False))]
    code, out, err = run_cli(*words)
    assert (code, out) == (6, "")
    assert "[gate_failed]" in err
    assert run_cli(*words, "--allow-red")[0] == 0


@pytest.mark.parametrize("passed", [True, False])
def test_a_tested_layout_is_described_by_platform(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path, passed: bool
) -> None:
    """Each platform with its results, and whether it ran."""
    ran = replace(PASSED if passed else FAILED, platform="linux/amd64")
    result = LayoutTest("sha256:1", (ran, ImageTest("some:image", "sha256:1", "linux/arm64", (), 0.0)))
    monkeypatch.setattr(ImageTester, "test_layout", lambda *_: result)
    words = ["image", "test", "--layout", "out", "--bundle", str(tiny_bundle)]
    code, out, _ = run_cli(*words)
    assert code == (0 if passed else 9)
    assert "linux/amd64" in out
    assert "linux/arm64" in out
    found = json.loads(run_cli(*words, "--json")[1])
    assert (found["passed"], found["digest"], len(found["platforms"])) == (passed, "sha256:1", 2)


@pytest.mark.parametrize(
    "words",
    [
        ("build", "--platform", "linux/amd64"),
        ("build", "--base", "linux/arm64=x"),
        ("build", "--no-cache"),
        ("build", "--layout", "out", "--tag", "x"),
        ("build", "--layout", "out", "--platform", "arm64"),
        ("build", "--layout", "out", "--base", "arm64=x"),
        ("test",),
        ("test", "some:image", "--layout", "out"),
        ("test", "some:image", "--platform", "linux/amd64"),
        ("test", "some:image", "--size-mb", "-1"),
    ],
)
def test_a_contradiction_ends_with_2(run_cli: RunCli, words: tuple[str, ...]) -> None:
    """Before anything is built or started."""
    code, out, err = run_cli("image", *words)
    assert (code, out) == (2, "")
    assert err


@pytest.mark.parametrize(
    ("finding", "code"),
    [
        (Finding("a", "found", "seen"), 0),
        (Finding("a", "unknown", "nothing seen", "look"), 0),
        (Finding("a", "missing", "nothing seen", "make it", required=False), 0),
        (Finding("a", "missing", "nothing seen", "make it"), 1),
    ],
)
def test_the_doctor_ends_with_1_only_for_what_is_required(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, finding: Finding, code: int
) -> None:
    """Each line has its state, what was seen and what to do."""
    monkeypatch.setattr(commands, "diagnose", lambda *_: (finding,))
    ended, out, _ = run_cli("doctor")
    assert ended == code
    assert out.startswith(finding.state)
    assert finding.found in out
    assert finding.hint in out
    ended, out, _ = run_cli("doctor", "--json")
    assert (ended, json.loads(out)["healthy"]) == (code, code == 0)


@pytest.mark.parametrize("words", [("image",), ("image", "build"), ("image", "test"), ("doctor",)])
def test_help_shows_an_example(run_cli: RunCli, words: tuple[str, ...]) -> None:
    """And defaults."""
    code, out, _ = run_cli(*words, "--help")
    assert code == 0
    assert "Example: houseprice " in " ".join(out.split())
    assert words != ("image", "test") or "[default: models/bundle]" in " ".join(out.split())


def test_sigterm_ends_a_test_like_ctrl_c(tmp_path: Path, tiny_bundle: Path) -> None:
    """A cancelled job removes the container before the command ends."""
    client = tmp_path / "docker"
    client.write_text(
        "#!/bin/sh\n"
        f'echo "$1" >> "{tmp_path}/asked"\n'
        'case $1 in\nimage) echo \'[{"Id": "sha256:1", "Config": {"User": "1"}, "Size": 1}]\' ;;\n'
        "run) sleep 0.2; kill -TERM $PPID; sleep 0.2 ;;\nesac\n"
    )
    client.chmod(0o755)
    command = [sys.executable, "-m", "houseprice", "image", "test", "some:image", "--bundle", str(tiny_bundle)]
    environ = os.environ | {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "PYTHONPATH": str(Path(commands.__file__).parents[2]),
    }
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 130, ended.stderr
    assert (tmp_path / "asked").read_text().split() == ["image", "run", "logs", "rm"]
