"""Image in, findings out: it is started as in production, put to the test, and removed, whatever happens.

Fails closed: what cannot be checked has not passed, and a container is never left behind.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from houseprice.bundle.load import Bundle
from houseprice.errors import ImageError
from houseprice.release.container import PORT, Subject
from houseprice.release.docker_cli import Engine, Say
from houseprice.release.image_checks import CHECKS, Check, Finding, look
from houseprice.release.layout.weight import Part
from houseprice.release.limits import Limits

LABEL = "houseprice.role=image-test"
OPTIONS = (
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--memory=512m",
    "--pids-limit=256",
    "--log-driver=json-file",
    f"--publish=127.0.0.1::{PORT}",
    f"--label={LABEL}",
)  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """What the test of one image found.

    Attributes:
        image: the name that was asked for.
        image_id: the very image that was tested; a name may point elsewhere tomorrow.
        findings: one for each check.
        seconds: how long the test took.
        checks: how many were to be made.
    """

    image: str
    image_id: str
    findings: tuple[Finding, ...]
    seconds: float
    checks: int = len(CHECKS)

    @property
    def passed(self) -> bool:
        """Whether every check was made, and passed."""
        return len(self.findings) == self.checks > 0 and all(finding.passed for finding in self.findings)

    def demand(self) -> None:
        """Refuse an image that did not pass.

        Raises:
            ImageError: with every check that failed, what it found and what it expected.
        """
        if self.passed:
            return
        failed = [finding for finding in self.findings if not finding.passed]
        list_ = "; ".join(f"{f.name}: found {f.found}, expected {f.expected}" for f in failed)
        raise ImageError(
            f'The image "{self.image}" failed {len(failed)} of {self.checks} checks ({list_}); do not publish it; '
            "read the container's logs above, correct what is named, and build it again."
        )


def examine(
    image: str,
    bundle: Bundle,
    engine: Engine,
    *,
    deadline: float,
    say: Say,
    show_logs: Callable[[str], None],
    limits: Limits | None = None,
    part: Part | None = None,
    checks: tuple[Check, ...] = CHECKS,
    options: tuple[str, ...] = (),
) -> Trial:
    """Start an image, put it to the test and remove it.

    Args:
        image: name or id of an image that is on this engine.
        bundle: the sealed model that it should answer like.
        engine: where it runs.
        deadline: seconds until /health must have answered.
        say: told what is being checked.
        show_logs: given the container's logs, always, before it is removed.
        limits: what it may take; by default what every image may.
        part: what is known of an image that came out of a layout.
        checks: what is looked at.
        options: of `docker run`, beside those of every test.

    Raises:
        ImageError: the image is not there, no engine answers, or the container could not be started or removed.
    """
    begin = time.monotonic()
    found = engine.image(image)
    moments = {"started": time.monotonic()}
    with _started(engine, found["Id"], show_logs, options) as container:
        subject = Subject(engine, container, found, bundle, deadline, limits or Limits(), part, moments)
        findings = tuple(_looked(checks, subject, say))
    return Trial(image, found["Id"], findings, time.monotonic() - begin, len(checks))


def _looked(checks: tuple[Check, ...], subject: Subject, say: Say) -> Iterator[Finding]:
    healthy = False
    for check in checks:
        say(f"{check.name} …")
        finding = look(check, subject, healthy=healthy)
        healthy = finding.passed if check.name == "health" else healthy
        yield finding


@contextmanager
def _started(
    engine: Engine, image_id: str, show_logs: Callable[[str], None], options: tuple[str, ...]
) -> Iterator[str]:
    """Give a container that runs, and take it away again on every way out."""
    container = f"houseprice-test-{secrets.token_hex(6)}"
    try:
        engine.start(image_id, container, *OPTIONS, *options)
        yield container
    finally:
        try:
            show_logs(engine.logs(container))
        finally:
            engine.remove(container)
