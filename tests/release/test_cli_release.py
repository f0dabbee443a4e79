"""The dock's commands as they are typed: what they print, where, and how they end."""

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
from houseprice.release.doctor import Finding as Line
from houseprice.release.image import Built
from houseprice.release.image_checks import CHECKS, Finding
from houseprice.release.image_test import Trial
from houseprice.release.layout import proving
from houseprice.release.layout.assemble import Assembled
from houseprice.release.layout.proving import Proof, Proven
from houseprice.release.layout.weight import Part

Typed = Callable[..., tuple[int, str, str]]
GREEN = Trial("some:image", "sha256:1", tuple(Finding(c.name, True, "good", c.expected) for c in CHECKS), 3.21)
RED = replace(GREEN, findings=(*GREEN.findings[:-1], Finding("stop", False, "ended with 137", "exit code 0")))
BUILT = Built("sha256:1", ("some:image",), 275_000_000, "0123456", "abc", 9.8)


@pytest.fixture
def tested(monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path) -> Callable[[Trial | ImageError], list[str]]:
    """Let the test of an image end as wished; give back the words for a command line."""

    def ends(end: Trial | ImageError) -> list[str]:
        def examine(*_: object, say: Callable[[str], None], show_logs: Callable[[str], None], **__: object) -> Trial:
            say("looking")
            show_logs("what the container printed")
            if isinstance(end, ImageError):
                raise end
            return end

        monkeypatch.setattr(commands.trials, "examine", examine)
        return ["image", "test", "some:image", "--bundle", str(tiny_bundle)]

    return ends


def test_a_good_image_ends_with_0(typed: Typed, tested: Callable[..., list[str]]) -> None:
    """The table of checks goes to stdout, progress and the container's logs to stderr."""
    code, out, err = typed(*tested(GREEN))
    assert code == 0
    assert "18 of 18 checks passed in 3.2 s" in out
    assert all(check.name in out for check in CHECKS)
    assert "what the container printed" in err
    assert "what the container printed" not in out


def test_a_bad_image_ends_with_9(typed: Typed, tested: Callable[..., list[str]]) -> None:
    """A failed check is in the table with what was expected, and in one sentence at the end."""
    code, out, err = typed(*tested(RED))
    assert code == 9
    assert "FAILED  stop" in out
    assert "ended with 137; expected exit code 0" in out
    assert 'houseprice: The image "some:image" failed 1 of 18 checks (stop: found ended with 137' in err
    assert "what the container printed" in err


@pytest.mark.parametrize(("trial", "code"), [(GREEN, 0), (RED, 9)])
def test_findings_can_be_had_as_json(typed: Typed, tested: Callable[..., list[str]], trial: Trial, code: int) -> None:
    """With --json, stdout is one JSON value, also when the image fails."""
    ended, out, _ = typed(*tested(trial), "--json")
    told = json.loads(out)
    assert (ended, told["passed"], len(told["findings"])) == (code, code == 0, len(CHECKS))
    assert set(told["findings"][0]) == {"name", "passed", "found", "expected"}


def test_a_test_that_cannot_be_made_ends_with_9(typed: Typed, tested: Callable[..., list[str]]) -> None:
    """An engine that does not answer is no success."""
    code, out, err = typed(*tested(ImageError("No Docker engine answers")))
    assert (code, out) == (9, "")
    assert "houseprice: No Docker engine answers" in err


def test_without_a_sealed_model_nothing_is_tested(typed: Typed, tmp_path: Path) -> None:
    """The local sealed model is the measure: without one, the command refuses before it starts anything."""
    code, out, err = typed("image", "test", "some:image", "--bundle", str(tmp_path / "none"))
    assert (code, out) == (5, "")
    assert "No bundle was found" in err


def test_a_built_image_is_told(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name, id, size and model of the image go to stdout, with the next command to type."""
    monkeypatch.setattr(commands.images, "build", lambda *_, **__: BUILT)
    code, out, _ = typed("image", "build")
    assert code == 0
    assert "275 MB" in out
    assert "next: houseprice image test some:image" in out
    assert json.loads(typed("image", "build", "--json")[1])["image_id"] == "sha256:1"


def test_a_build_that_fails_ends_with_9(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path
) -> None:
    """Outside of a checkout there is no Dockerfile, and that is said."""
    monkeypatch.chdir(tmp_path)
    code, out, err = typed("image", "build", "--bundle", str(tiny_bundle))
    assert (code, out) == (9, "")
    assert '"Dockerfile" was not found' in err


LAID = Assembled(
    "out", "sha256:1", (Part("linux/arm64", "sha256:2", 98_000_000, 43_000_000),), "0123456", "abc", 1, 9.8
)
SEEN = Proven("linux/arm64", proving.SEEN, (Finding("machine code", True, "of arm64", "of the platform alone"),))


@pytest.fixture
def assembled(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Let a layout be assembled at once; note what was asked for."""
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(commands.layouts, "assemble", lambda *_, **given: asked.append(given) or LAID)
    return asked


def test_a_layout_is_told(typed: Typed, assembled: list[dict[str, object]]) -> None:
    """Digest of the index, digest and sizes of each platform go to stdout, with the next command to type."""
    words = ["image", "build", "--layout", "out", "--platform", "linux/amd64", "--platform", "linux/arm64"]
    code, out, _ = typed(*words, "--base", "one:1", "--base", "linux/arm64=two:2@sha256:0", "--no-cache")
    assert code == 0
    assert "digest    sha256:1" in out
    assert "linux/arm64  sha256:2  98 MB compressed, 43 MB without its base" in out
    assert "next: houseprice image test --layout out" in out
    assert assembled[0]["platforms"] == ("linux/amd64", "linux/arm64")
    assert assembled[0]["bases"] == {"": "one:1", "linux/arm64": "two:2@sha256:0"}
    assert assembled[0]["fresh"]
    assert json.loads(typed(*words, "--json")[1])["parts"][0]["own_bytes"] == 43_000_000


def test_the_base_of_the_environment_is_for_all(
    typed: Typed, assembled: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PYTHON_IMAGE names the base as it does for a single image."""
    monkeypatch.setenv("PYTHON_IMAGE", "one:1")
    assert typed("image", "build", "--layout", "out")[0] == 0
    assert assembled[0]["bases"] == {"": "one:1"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("build", "--platform", "linux/amd64"), "need --layout FOLDER"),
        (("build", "--base", "linux/arm64=x"), "need --layout FOLDER"),
        (("build", "--no-cache"), "need --layout FOLDER"),
        (("build", "--layout", "out", "--tag", "x"), "give one of both"),
        (("build", "--layout", "out", "--platform", "arm64"), '"arm64" is no platform'),
        (("build", "--layout", "out", "--platform", "linux/amd64,linux/arm64"), "is no platform"),
        (("build", "--layout", "out", "--base", "arm64=x"), '"arm64=x" is no base'),
        (("build", "--layout", "out", "--base", "linux/arm64="), "is no base"),
        (("test",), "Give either the IMAGE or --layout FOLDER"),
        (("test", "some:image", "--layout", "out"), "Give either the IMAGE or --layout FOLDER"),
        (("test", "some:image", "--size-mb", "-1"), "--size-mb"),
    ],
)
def test_what_cannot_be_meant_ends_with_2(
    typed: Typed, assembled: list[dict[str, object]], words: tuple[str, ...], said: str
) -> None:
    """A command line that contradicts itself is refused before anything is built or started."""
    code, out, err = typed("image", *words)
    assert (code, out, assembled) == (2, "", [])
    assert said in " ".join(err.split())


@pytest.mark.parametrize("passed", [True, False])
def test_a_tested_layout_is_told(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, tiny_bundle: Path, passed: bool
) -> None:
    """What was found of each platform is told, and whether it was run; the end is that of the whole."""
    found = tuple(replace(finding, passed=passed) for finding in GREEN.findings)
    proof = Proof("sha256:1", (Proven("linux/amd64", proving.RUN, found), SEEN), 3.21)
    monkeypatch.setattr(commands.proofs, "prove", lambda *_, **__: proof)
    words = ["image", "test", "--layout", "out", "--bundle", str(tiny_bundle)]
    code, out, err = typed(*words)
    assert code == (0 if passed else 9)
    assert "linux/amd64: run on this machine" in out
    assert "linux/arm64: looked into, not run" in out
    assert ("linux/amd64, stop: found good" in err) is not passed
    told = json.loads(typed(*words, "--json")[1])
    assert (told["passed"], told["digest"], len(told["platforms"])) == (passed, "sha256:1", 2)


def test_a_layout_of_which_nothing_was_run_has_not_passed() -> None:
    """To look into an image is not to have tested it."""
    assert not Proof("sha256:1", (SEEN,), 1.0).passed
    assert not Proof("sha256:1", (), 1.0).passed


def test_what_nobody_can_tell_is_said_loudly(typed: Typed, tested: Callable[..., list[str]]) -> None:
    """A check that passed without an answer is warned of on stderr."""
    unsure = replace(GREEN.findings[0], name="vulnerabilities", found="CANNOT TELL: no report")
    code, _, err = typed(*tested(replace(GREEN, findings=(unsure, *GREEN.findings[1:]))))
    assert code == 0
    assert "Warning: vulnerabilities: CANNOT TELL: no report" in err


def test_long_logs_are_cut_in_the_middle(capsys: pytest.CaptureFixture[str]) -> None:
    """The beginning and the end of a container's logs are shown; of what is left out, how much it is."""
    commands._show_logs("\n".join(f"line {number}" for number in range(1000)))
    shown = capsys.readouterr().err.splitlines()
    assert (shown[1], shown[-2]) == ("line 0", "line 999")
    assert f"({1000 - 2 * commands.SHOWN} lines left out)" in shown
    assert len(shown) == 2 * commands.SHOWN + 3


def test_requests_that_were_answered_do_not_bury_what_went_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """They are counted; a request that failed, and whatever is no request, is shown."""
    kept = ['{"event": "request", "status": 503}', '{"event": "start"}', "[]", "{", "Traceback", "[" * 100_000]
    commands._show_logs("\n".join(['{"event": "request", "status": 200}'] * 300 + kept))
    shown = capsys.readouterr().err.splitlines()
    assert shown[1:-1] == [*kept, "(300 lines of requests that were answered are left out)"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (Line("a", "found", "seen"), 0),
        (Line("a", "cannot tell", "nothing seen", "look"), 0),
        (Line("a", "missing", "nothing seen", "make it", required=False), 0),
        (Line("a", "missing", "nothing seen", "make it"), 1),
    ],
)
def test_the_doctor_ends_with_1_only_for_what_is_required(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, line: Line, code: int
) -> None:
    """Each line says its state, what was looked at and what to do; only what is required and missing fails."""
    monkeypatch.setattr(commands.doctors, "examine", lambda *_: (line,))
    ended, out, _ = typed("doctor")
    assert ended == code
    assert out.startswith(line.state)
    assert line.looked_at in out
    assert line.what_to_do in out
    ended, out, _ = typed("doctor", "--json")
    assert (ended, json.loads(out)["healthy"]) == (code, code == 0)


@pytest.mark.parametrize("words", [("image",), ("image", "build"), ("image", "test"), ("doctor",)])
def test_help_shows_an_example(typed: Typed, words: tuple[str, ...]) -> None:
    """Every command of the dock shows how it is typed."""
    code, out, _ = typed(*words, "--help")
    assert code == 0
    assert "Example: houseprice " in " ".join(out.split())


def test_defaults_are_shown(typed: Typed) -> None:
    """Defaults stand in the help."""
    out = " ".join(typed("image", "test", "--help")[1].split())
    assert "[default: models/bundle]" in out
    assert "[default: 60.0;" in out


def test_a_terminated_test_leaves_like_on_ctrl_c(tmp_path: Path, tiny_bundle: Path) -> None:
    """SIGTERM, as a cancelled job sends it, removes the container before the command ends."""
    client = tmp_path / "docker"
    client.write_text(
        "#!/bin/sh\n"
        f'echo "$1" >> "{tmp_path}/asked"\n'
        'case $1 in\nimage) echo \'[{"Id": "sha256:1", "Config": {}}]\' ;;\n'
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
