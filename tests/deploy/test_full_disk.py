"""A place of production whose disk fills up on the way: somebody serves, it is said, and the next one ends it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from houseprice.errors import AuditLogError, DeploymentError
from houseprice.release.deployment.attempt import Attempt

pytestmark = [pytest.mark.image, pytest.mark.long]


@pytest.fixture
def filled(production: Any) -> Iterator[Callable[[], Path]]:
    """Keep what a place of production remembers on a small disk, and give what fills that to the last byte."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    state = production.site.state
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
    ("point", "serving", "told", "lines"),
    [
        ("verify", "first", "ledger.jsonl", [("deploy", "a", "b", "refused"), ("deploy", "a", "b", "done")]),
        ("start", "first", "compose.env", [("deploy", "a", "b", "failed"), ("deploy", "a", "b", "done")]),
        ("switch", "first", "live.map", [("deploy", "a", "b", "interrupted"), ("deploy", "a", "b", "done")]),
        ("drain", "second", "ledger.jsonl", [("deploy", "a", "b", "done")]),
    ],
)
def test_a_disk_that_fills_up_stops_a_deployment_and_nothing_else(
    production: Any, images: Any, filled: Callable[[], Path], point: str, serving: str, told: str, lines: list[Any]
) -> None:
    """Whoever asks is answered all the while; with room again, the same command clears up and comes through."""
    production.deploy(images["first"])
    usual = production.say

    def say(line: str) -> None:
        if line.startswith(point):
            filled()
        usual(line)

    production.say = say
    with pytest.raises((DeploymentError, AuditLogError), match="No space left on device") as refused:
        production.deploy(images["second"])
    assert told in str(refused.value)
    assert production.serves(images[serving])
    filled().unlink()
    production.say = usual
    production.deploy(images["second"])
    assert production.serves(images["second"])
    assert production.outcomes()[1:] == lines
    assert production.running() == ["green"]
    assert Attempt.read(production.site.state) is None
