"""The course of an image test: whatever happens, the container is removed; without every check nothing has passed."""

import gzip
import json
import random
from dataclasses import replace
from typing import Any

import pytest
from fake_docker import FakeDocker, failed, make_tester, run_test, serving

from houseprice.bundle.load import Bundle
from houseprice.errors import ImageError
from houseprice.release.container import SavedImage
from houseprice.release.docker_cli import CommandResult
from houseprice.release.image_checks import CHECKS, CheckResult
from houseprice.release.image_test import SHOWN_LINES, ImageTest, LayoutTest, describe, require_passed, show_logs
from houseprice.release.performance_checks import UNKNOWN

NOISE = random.Random(1).randbytes(1_000_000)  # noqa: S311 - bytes that cannot be compressed


def test_a_good_image_passes_every_check(bundle: Bundle) -> None:
    """An image that predicts like its bundle passes, its logs are shown and its container is removed."""
    docker = FakeDocker(bundle=bundle)
    test = run_test(docker)
    assert failed(test) == {}
    assert test.passed
    require_passed(test)
    assert [result.name for result in test.results] == [check.name for check in CHECKS]
    assert docker.events[:2] == ["image", "run"]
    assert docker.events[-3:] == ["logs", "what the container printed", "rm"]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((gzip.compress(NOISE, 1), gzip.compress(NOISE, 1)), 2e6),  # containerd's store
        ((b"\x28\xb5\x2f\xfd" + NOISE,), 1e6),
        ((NOISE, b"\0" * 1_000_000), 1e6),  # Docker's own store: plain archives
        ((gzip.compress(NOISE, 1), b"\0" * 1_000_000), 1e6),  # a base image that was loaded
    ],
    ids=["gzip", "Zstandard", "plain", "mixed"],
)
def test_the_size_is_that_of_the_download(bundle: Bundle, layers: tuple[bytes, ...], expected: float) -> None:
    """However an engine stores layers, their compressed size counts."""
    docker = FakeDocker(bundle=bundle, layers=layers)
    assert SavedImage.read(docker, "some:image").download_bytes == pytest.approx(expected, rel=0.02)


def test_an_image_that_never_gets_healthy_fails(bundle: Bundle) -> None:
    """At the deadline; checks that need a healthy container have not passed."""
    found = failed(run_test(FakeDocker(bundle=bundle, health=(503, {"status": "failing"})), deadline=0.3))
    assert found["health"].startswith("503")
    assert {check.name for check in CHECKS if check.needs_health} <= found.keys()


@pytest.mark.parametrize("oom", [False, True])
def test_a_crash_is_reported_at_once(bundle: Bundle, oom: bool) -> None:
    """A container that has exited is not waited for until the deadline."""
    state = {"Running": False, "ExitCode": 137, "OOMKilled": oom}
    docker = FakeDocker(bundle=bundle, container_state=state, health=(503, {}))
    test = run_test(docker, deadline=60)
    assert "137" in failed(test)["health"]
    assert ("out of memory" in failed(test)["health"]) == oom
    assert test.seconds < 10


def test_an_interruption_leaves_nothing_behind(bundle: Bundle) -> None:
    """Ctrl-C in the middle of the test shows the logs, removes the container and is passed on."""
    docker = FakeDocker(bundle=bundle)

    def interrupted(line: str) -> None:
        if line.startswith("golden"):
            raise KeyboardInterrupt

    with serving(docker), pytest.raises(KeyboardInterrupt):
        make_tester(docker, say=interrupted).test_image("some:image")
    assert docker.events[-3:] == ["logs", "what the container printed", "rm"]


def test_a_container_that_does_not_start_is_removed_too(bundle: Bundle) -> None:
    """What the engine has made of it is removed."""
    docker = FakeDocker(bundle=bundle, failing={"run": 127})
    with pytest.raises(ImageError) as refused:
        run_test(docker)
    assert refused.value.details["returncode"] == 127
    assert docker.events[-1] == "rm"


def test_logs_that_cannot_be_shown_do_not_keep_the_container(bundle: Bundle) -> None:
    """The container is removed even when showing its logs fails."""
    docker = FakeDocker(bundle=bundle)

    def broken(_logs: str) -> None:
        raise BrokenPipeError

    with serving(docker), pytest.raises(BrokenPipeError):
        replace(make_tester(docker), show_logs=broken).test_image("some:image")
    assert docker.events[-1] == "rm"


def test_what_an_engine_does_not_declare_is_read_from_the_image(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's containerd image store may leave Config empty; the image's own configuration has it."""
    docker = FakeDocker(bundle=bundle)
    answer = FakeDocker.run

    def run(self: FakeDocker, *arguments: str, **more: Any) -> CommandResult:
        if arguments[0] == "image":
            return CommandResult(0, json.dumps([{"Id": "sha256:abc", "Config": None}]), "")
        return answer(self, *arguments, **more)

    monkeypatch.setattr(FakeDocker, "run", run)
    assert failed(run_test(docker)) == {}


def test_a_layout_of_which_nothing_ran_has_not_passed() -> None:
    """Verifying an image is not testing it."""
    unrun = ImageTest("x", "x", "linux/arm64", (), 0.0)
    assert not LayoutTest("sha256:1", (unrun,)).passed
    assert not LayoutTest("sha256:1", ()).passed
    with pytest.raises(ImageError):
        require_passed(unrun)
    assert "linux/arm64" in "\n".join(describe(unrun))


def test_long_logs_are_cut_in_the_middle(capsys: pytest.CaptureFixture[str]) -> None:
    """The beginning and the end of a container's logs are shown."""
    show_logs("\n".join(f"line {number}" for number in range(1000)))
    shown = capsys.readouterr().err.splitlines()
    assert (shown[1], shown[-2]) == ("line 0", "line 999")
    assert str(1000 - 2 * SHOWN_LINES) in shown[SHOWN_LINES + 1]
    assert len(shown) == 2 * SHOWN_LINES + 3


def test_successful_requests_do_not_bury_what_went_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """They are left out; a request that failed, and whatever is no request, is shown."""
    kept = ['{"event": "request", "status": 503}', '{"event": "start"}', "[]", "{", "Traceback", "[" * 100_000]
    show_logs("\n".join(['{"event": "request", "status": 200}'] * 300 + kept))
    assert capsys.readouterr().err.splitlines()[1:-1] == kept


def test_what_nobody_could_tell_is_not_shown_as_passed() -> None:
    """An audit that asked in vain lets an image through, and its line in the summary says that nothing is known."""
    checks = (
        CheckResult("vulnerabilities", True, f"{UNKNOWN}: nobody answered", ""),
        CheckResult("size", True, "1", ""),
    )
    lines = list(describe(ImageTest("x", "x", "", checks, 1.0)))
    assert [line.split()[0] for line in lines[:2]] == ["unknown", "passed"]
