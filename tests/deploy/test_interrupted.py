"""Deployments that are killed or hindered half way: the next one finds order, and whoever asks notices nothing."""

import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest

from houseprice.errors import DeploymentError
from houseprice.release.deployment import smoke_test
from houseprice.release.deployment.api_client import Door
from houseprice.release.deployment.attempt import Attempt
from houseprice.release.deployment.sealed import Sealed

pytestmark = [pytest.mark.image, pytest.mark.long]
LIVE = "live"
HALF = "half started"


def die() -> None:
    """End this process without a last word."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(point: str, production: Any, image: Any) -> None:
    """Deploy in a process of its own, which is killed when it says something, or when the new slot went live."""
    prove = smoke_test.prove

    def say(line: str) -> None:
        if line.startswith(point):
            die()
        if point == HALF and line.startswith("start "):
            threading.Timer(0.5, die).start()

    def prove_or_die(door: Door, expected: Sealed) -> None:
        if point == LIVE and door.name == "the proxy":
            die()
        prove(door, expected)

    child = os.fork()
    if child == 0:
        try:
            production.say = say
            smoke_test.prove = prove_or_die
            production.deploy(image)
        except BaseException:  # noqa: BLE001 - told, and then this process is over either way
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"it was not killed at {point}, and ended with {status}"


@pytest.mark.parametrize(
    ("point", "lines"),
    [
        ("verify", [("deploy", "a", "b", "done")]),
        ("start", [("deploy", "a", "b", "interrupted"), ("deploy", "a", "b", "done")]),
        (HALF, [("deploy", "a", "b", "interrupted"), ("deploy", "a", "b", "done")]),
        ("switch", [("deploy", "a", "b", "interrupted"), ("deploy", "a", "b", "done")]),
        (LIVE, [("deploy", "a", "b", "interrupted"), ("return", "b", "a", "done"), ("deploy", "a", "b", "done")]),
        ("drain", [("deploy", "a", "b", "done")]),
    ],
)
def test_a_deployment_that_was_killed_can_be_repeated(
    production: Any, images: Any, loaded: Any, tmp_path: Path, point: str, lines: list[Any]
) -> None:
    """Wherever it was killed, somebody serves; the same command again clears up, comes through, and loses nothing."""
    first, second = images["first"], images["second"]
    production.deploy(first)
    with loaded(production, tmp_path, first, second, rate=100) as counted:
        kill_at(point, production, second)
        serving = second if point in (LIVE, "drain") else first
        assert production.serves(serving)
        moved = production.deploy(second)
    assert moved.changed == (point != "drain")
    assert production.serves(second)
    assert counted["lost"] == [], counted["lost"][:3]
    assert production.running() == ["green"]
    assert production.outcomes()[1:] == lines
    assert Attempt.read(production.site.state) is None


def test_a_first_deployment_that_was_killed_can_be_repeated(production: Any, images: Any) -> None:
    """Where nothing served before, a slot that went live unproved is taken away, and the next one comes through."""
    kill_at(LIVE, production, images["first"])
    moved = production.deploy(images["second"])
    assert (moved.before, moved.changed) == ("", True)
    assert production.serves(images["second"])
    assert len(production.running()) == 1


def test_what_went_live_unproved_may_stay_when_nothing_else_is_left(production: Any, images: Any) -> None:
    """When the old slot is gone too, the new one is proved where it stands, rather than taken away."""
    first, second = images["first"], images["second"]
    production.deploy(first)
    kill_at(LIVE, production, second)
    production.site.remove("blue")
    smoke_test.wait(lambda: "still found" if production.site.proxy.address("blue") else "", 20, lambda: "")
    assert not production.deploy(second).changed
    assert production.serves(second)
    assert production.outcomes()[-1] == ("deploy", "a", "b", "done")


def test_two_at_once_are_refused(production: Any, images: Any) -> None:
    """While somebody deploys, everybody else is told so, and touches nothing."""
    with production.site.locked(), pytest.raises(DeploymentError, match="is being worked on") as refused:
        production.deploy(images["first"])
    assert f"process {os.getpid()}" in str(refused.value)
    assert production.outcomes() == []
    assert production.deploy(images["first"]).changed


def test_ctrl_c_after_the_switch_goes_back(production: Any, images: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped by hand before the new one is proved, what served before serves again, and that is put down."""
    first, second = images["first"], images["second"]
    production.deploy(first)
    prove = smoke_test.prove

    def stopped(door: Door, expected: Sealed) -> None:
        if door.name == "the proxy":
            raise KeyboardInterrupt
        prove(door, expected)

    monkeypatch.setattr(smoke_test, "prove", stopped)
    with pytest.raises(KeyboardInterrupt):
        production.deploy(second)
    monkeypatch.undo()
    assert production.serves(first)
    assert production.running() == ["blue"]
    assert production.outcomes()[1:] == [("deploy", "a", "b", "failed"), ("return", "b", "a", "done")]


def test_the_proxy_starts_again_with_the_live_slot(production: Any, images: Any, engine: Any) -> None:
    """A proxy that is restarted, as after a reboot, goes on with the slot that was live."""
    production.deploy(images["first"])
    production.deploy(images["second"])
    label = f"label=com.docker.compose.project={production.site.project}"
    (proxy,) = engine.ask(
        "ps", "--quiet", "--filter", label, "--filter", "label=com.docker.compose.service=proxy"
    ).split()
    engine.ask("restart", proxy, seconds=90)
    proxy = production.site.proxy
    smoke_test.wait(lambda: "" if proxy.answers() and proxy.address("green") else "not found yet", 20, lambda: "")
    assert proxy.live() == "green"
    assert production.serves(images["second"])


def test_a_live_container_that_is_gone_is_replaced(production: Any, images: Any, engine: Any) -> None:
    """When somebody has removed the live container by hand, the next deployment brings the same image back."""
    production.deploy(images["first"])
    production.site.remove("blue")
    moved = production.deploy(images["first"])
    assert (moved.changed, moved.slot) == (True, "green")
    assert production.serves(images["first"])
