"""Deployments that are killed, interrupted or run out of disk space: the next command recovers, no request is lost."""

import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from deploy.production import under_load
from houseprice.errors import AuditLogError, DeploymentError
from houseprice.release.deployment import deployer, smoke_test
from houseprice.release.deployment.recovery import PendingDeployment

pytestmark = [pytest.mark.image, pytest.mark.long]
LIVE = "live"
HALF_STARTED = "half started"
INTERRUPTED = ("deploy", "a", "b", "interrupted")
SUCCEEDED = ("deploy", "a", "b", "succeeded")


def die() -> None:
    """Kill this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def deploy_and_kill(point: str, production: Any, image: Any) -> None:
    """Deploy in another process that is killed at a progress message, or once the new slot is live."""
    check = smoke_test.check_golden_rows

    def say(line: str) -> None:
        if line.startswith(point):
            die()
        if point == HALF_STARTED and line.startswith("start "):
            threading.Timer(0.5, die).start()

    def check_or_die(client: Any, expected: Any) -> None:
        if point == LIVE and client.name == "the proxy":
            die()
        check(client, expected)

    child = os.fork()
    if child == 0:
        try:
            production.say = say
            smoke_test.check_golden_rows = check_or_die
            production.deploy(image)
        except BaseException:  # noqa: BLE001 - printed, and this process ends either way
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"it was not killed at {point}, but ended with {status}"


@pytest.mark.parametrize(
    ("point", "entries"),
    [
        ("verify", [SUCCEEDED]),
        ("start", [INTERRUPTED, SUCCEEDED]),
        (HALF_STARTED, [INTERRUPTED, SUCCEEDED]),
        ("switch", [INTERRUPTED, SUCCEEDED]),
        (LIVE, [INTERRUPTED, ("automatic_rollback", "b", "a", "succeeded"), SUCCEEDED]),
        ("drain", [SUCCEEDED]),
    ],
)
def test_a_killed_deployment_can_be_repeated(
    production: Any, images: Any, tmp_path: Path, point: str, entries: list[Any]
) -> None:
    """Wherever it was killed, a version serves; the same command again recovers and succeeds, and loses nothing."""
    first, second = images["first"], images["second"]
    production.deploy(first)
    with under_load(production, tmp_path, first, second) as counts:
        deploy_and_kill(point, production, second)
        assert production.serves(second if point in (LIVE, "drain") else first)
        result = production.deploy(second)
    assert result.changed == (point != "drain")
    assert production.serves(second)
    assert counts["lost"] == [], counts["lost"][:3]
    assert production.running() == ["green"]
    assert production.outcomes()[1:] == entries
    assert PendingDeployment.load(production.host.state) is None


def test_a_killed_first_deployment_can_be_repeated(production: Any, images: Any) -> None:
    """Where nothing served before, a slot that went live untested is removed."""
    deploy_and_kill(LIVE, production, images["first"])
    result = production.deploy(images["second"])
    assert (result.previous_revision, result.changed) == ("", True)
    assert production.serves(images["second"])
    assert len(production.running()) == 1


def test_an_untested_version_stays_live_if_it_passes_and_no_other_is_left(production: Any, images: Any) -> None:
    """When the old slot is gone too, the new one is tested where it is, rather than removed."""
    first, second = images["first"], images["second"]
    production.deploy(first)
    deploy_and_kill(LIVE, production, second)
    production.host.remove("blue")

    def check_gone() -> None:
        if production.host.proxy.address("blue"):
            raise DeploymentError("still found")

    smoke_test.wait_until(check_gone, 20)
    assert not production.deploy(second).changed
    assert production.serves(second)
    assert production.outcomes()[-1] == SUCCEEDED


def test_a_second_deployment_at_the_same_time_is_refused(production: Any, images: Any) -> None:
    """It changes nothing, and names the process that holds the lock."""
    with production.host.locked(), pytest.raises(DeploymentError) as refused:
        production.deploy(images["first"])
    assert refused.value.code == "host_locked"
    assert f"process {os.getpid()}" in refused.value.details["holder"]
    assert production.outcomes() == []
    assert production.deploy(images["first"]).changed


def test_ctrl_c_after_the_switch_returns_to_the_previous_version(
    production: Any, images: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted before the smoke test has passed, the previous version serves again, and that is recorded."""
    production.deploy(images["first"])
    check = smoke_test.check_golden_rows

    def interrupt(client: Any, expected: Any) -> None:
        if client.name == "the proxy":
            raise KeyboardInterrupt
        check(client, expected)

    monkeypatch.setattr(deployer.smoke_test, "check_golden_rows", interrupt)
    with pytest.raises(KeyboardInterrupt):
        production.deploy(images["second"])
    monkeypatch.undo()
    assert production.serves(images["first"])
    assert production.running() == ["blue"]
    assert production.outcomes()[1:] == [
        ("deploy", "a", "b", "failed"), ("automatic_rollback", "b", "a", "succeeded")
    ]  # fmt: skip


def test_a_restarted_proxy_keeps_the_live_slot(production: Any, images: Any, docker: Any) -> None:
    """As after a reboot."""
    production.deploy(images["first"])
    production.deploy(images["second"])
    docker.output("restart", production.host.container("proxy").id, seconds=90)
    smoke_test.wait_until(lambda: production.host.check_reachable("green"), 20)
    assert production.host.proxy.live() == "green"
    assert production.serves(images["second"])


def test_a_live_container_that_was_removed_is_replaced(production: Any, images: Any) -> None:
    """The next deployment brings the same image back."""
    production.deploy(images["first"])
    production.host.remove("blue")
    result = production.deploy(images["first"])
    assert (result.changed, result.slot) == (True, "green")
    assert production.serves(images["first"])


@pytest.fixture
def fill_disk(production: Any) -> Iterator[Callable[[], Path]]:
    """Put the state folder on a small disk, and yield a function that fills it."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    state = production.host.state
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=755", "tmpfs", str(state)], check=True)

    def fill() -> Path:
        with (state / "ballast").open("wb", buffering=0) as stream, suppress(OSError):
            while True:
                stream.write(b"\0" * 4096)
        return state / "ballast"

    yield fill
    subprocess.run(["umount", "--lazy", str(state)], check=True)


@pytest.mark.parametrize(
    ("point", "serving", "entries"),
    [
        ("verify", "first", [("deploy", "a", "b", "refused"), SUCCEEDED]),
        ("start", "first", [("deploy", "a", "b", "failed"), SUCCEEDED]),
        ("switch", "first", [INTERRUPTED, SUCCEEDED]),
        ("drain", "second", [SUCCEEDED]),
    ],
)
def test_a_full_disk_stops_only_the_deployment(
    production: Any, images: Any, fill_disk: Callable[[], Path], point: str, serving: str, entries: list[Any]
) -> None:
    """A version serves all the while; with space again, the same command recovers and succeeds."""
    production.deploy(images["first"])
    usual = production.say

    def say(line: str) -> None:
        if line.startswith(point):
            fill_disk()
        usual(line)

    production.say = say
    with pytest.raises((DeploymentError, AuditLogError)) as failed:
        production.deploy(images["second"])
    assert "No space left on device" in str(failed.value)
    assert production.serves(images[serving])
    fill_disk().unlink()
    production.say = usual
    production.deploy(images["second"])
    assert production.serves(images["second"])
    assert production.outcomes()[1:] == entries
    assert production.running() == ["green"]
    assert PendingDeployment.load(production.host.state) is None


def test_a_full_disk_does_not_stop_a_rollback(production: Any, images: Any, fill_disk: Callable[[], Path]) -> None:
    """It returns with warnings about everything that could not be written."""
    production.deploy(images["first"])
    production.deploy(images["second"])
    warnings: list[str] = []
    production.say = warnings.append
    ballast = fill_disk()
    result = production.rollback()
    assert (result.revision, result.changed) == (images["first"].revision, True)
    assert production.serves(images["first"])
    assert production.running() == [result.slot]
    assert any("audit-log.jsonl" in line for line in warnings if line.startswith("Warning: "))
    ballast.unlink()
    assert production.deploy(images["third"]).previous_revision == images["first"].revision


def test_a_read_only_disk_does_not_stop_a_rollback(production: Any, images: Any, fill_disk: Callable[[], Path]) -> None:
    """As a disk becomes that fails."""
    production.deploy(images["first"])
    production.deploy(images["second"])
    state = str(production.host.state)
    subprocess.run(["mount", "-o", "remount,ro", state], check=True)
    warnings: list[str] = []
    production.say = warnings.append
    assert production.rollback().revision == images["first"].revision
    assert production.serves(images["first"])
    assert any("audit-log.jsonl" in line for line in warnings)
    subprocess.run(["mount", "-o", "remount,rw", state], check=True)
