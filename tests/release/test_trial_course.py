"""The course of the test of an image, without an engine: whatever happens on the way, the container is removed."""

from typing import Any

import pytest
from fake_engine import FakeEngine, failed, serving, tried

from houseprice.bundle.load import Bundle
from houseprice.errors import ImageError
from houseprice.release.image_checks import CHECKS
from houseprice.release.image_test import Trial, examine


def test_a_good_image_passes_every_check(bundle: Bundle) -> None:
    """An image that answers like its sealed model passes, its logs are shown and its container is removed."""
    engine = FakeEngine(bundle)
    trial = tried(engine)
    assert failed(trial) == {}
    assert trial.passed
    trial.demand()
    assert [finding.name for finding in trial.findings] == [check.name for check in CHECKS]
    assert engine.events == ["start", "terminate", "logs", "what the container printed", "remove"]


def test_an_image_that_never_gets_healthy_fails(bundle: Bundle) -> None:
    """A /health that never answers 200 fails at the deadline, and nothing that needs it is taken for passed."""
    trial = tried(FakeEngine(bundle, health=(503, {"status": "failing"})), deadline=0.3)
    assert failed(trial)["health"].startswith("503")
    assert failed(trial)["golden rows"] == "not asked, the container is not healthy"


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ({"Running": False, "ExitCode": 5}, "ended with 5 after"),
        ({"Running": False, "ExitCode": 137, "OOMKilled": True}, "ended with 137, out of memory after"),
    ],
)
def test_a_crash_is_told_at_once(bundle: Bundle, state: dict[str, Any], found: str) -> None:
    """A container that has ended is not waited for until the deadline."""
    trial = tried(FakeEngine(bundle, dead=state), deadline=60)
    assert found in failed(trial)["health"]
    assert failed(trial)["stop"] == "not asked, the container is not healthy"
    assert trial.seconds < 10


def test_ctrl_c_leaves_nothing_behind(bundle: Bundle) -> None:
    """An interruption in the middle of the test shows the logs, removes the container and is passed on."""
    engine = FakeEngine(bundle)

    def interrupted(line: str) -> None:
        if "golden" in line:
            raise KeyboardInterrupt

    with serving(engine), pytest.raises(KeyboardInterrupt):
        examine("i", bundle, engine, deadline=1, say=interrupted, show_logs=engine.events.append)  # type: ignore[arg-type]
    assert engine.events == ["start", "logs", "what the container printed\n", "remove"]


def test_a_container_that_does_not_start_is_removed_too(bundle: Bundle) -> None:
    """When the engine cannot start the container, what it has made of it is removed."""
    engine = FakeEngine(bundle, start_fault=ImageError("no such program"))
    with pytest.raises(ImageError, match="no such program"):
        tried(engine)
    assert engine.events[-1] == "remove"


def test_logs_that_cannot_be_shown_do_not_keep_the_container(bundle: Bundle) -> None:
    """The container is removed even when showing its logs fails."""
    engine = FakeEngine(bundle)

    def broken(_logs: str) -> None:
        raise BrokenPipeError

    with serving(engine), pytest.raises(BrokenPipeError):
        examine("i", bundle, engine, deadline=1, say=lambda _line: None, show_logs=broken)  # type: ignore[arg-type]
    assert engine.events[-1] == "remove"


def test_an_unfinished_trial_has_not_passed(bundle: Bundle) -> None:
    """A trial that lacks a check has not passed, even if all that it has are green."""
    trial = tried(FakeEngine(bundle))
    assert not Trial(trial.image, trial.image_id, trial.findings[:-1], 1.0).passed
