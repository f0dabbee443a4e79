"""An attempt in, its end out: the old slot drained and stopped, or all as it was; also for one that was killed."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from houseprice.errors import AuditLogError, DeploymentError, HousePriceError
from houseprice.release.deployment import smoke_test
from houseprice.release.deployment.attempt import NAME, Attempt
from houseprice.release.deployment.candidate import short
from houseprice.release.deployment.host import Site
from houseprice.release.deployment.proxy import Slot
from houseprice.release.deployment.sealed import Sealed, sealed
from houseprice.release.docker_cli import Say


@dataclass(frozen=True)
class Patience:
    """How long is waited for what.

    Attributes:
        deadline: seconds until a slot must be healthy.
        drain: seconds that the old slot is given to end its requests.
        watch: seconds that the new one is asked again and again through the proxy before the old one is let go.
    """

    deadline: float = 60.0
    drain: float = 30.0
    watch: float = 2.0


def undo(site: Site, attempt: Attempt, reason: str, patience: Patience, say: Say, *, interrupted: bool = False) -> None:
    """Go back to what served before an attempt, take the new container away, and put that down."""
    proxy = site.proxy
    answering = proxy.answers()
    switched = answering and proxy.live() == attempt.slot
    if switched:
        say(f'return to slot "{attempt.old or "none"}" …')
        proxy.switch(attempt.old)
        _drain(site, attempt.slot, patience.drain)  # before the shelter is closed: some may be on their way there
    if answering:
        proxy.shelter(attempt.slot, opened=False)
    else:
        proxy.begin_with(attempt.old)
    if found := site.container(attempt.slot):
        say(f"--- logs of slot {attempt.slot} ---\n{site.engine.logs(found.id)[-4000:].rstrip()}")
        say(f"--- what the proxy saw of its slots ---\n{site.seen_by_proxy()}\n---")
        if switched:
            site.stop(attempt.slot)
        site.remove(attempt.slot)
    site.ledger.append(attempt.event("interrupted" if interrupted else "failed", reason), say)
    if switched and attempt.old:
        note = "by itself, since what was deployed was not proved"
        site.ledger.append(attempt.event("done", note, action="return"), say)
    Attempt.forget(site.state)


def settle(site: Site, attempt: Attempt, patience: Patience, say: Say) -> None:
    """Let the old slot end its requests, stop it, and put down that the new one serves.

    Raises:
        DeploymentError: the old one could not be stopped; the new one serves, and the next run goes on from here.
        AuditLogError: it could not be put down; the same.
    """
    note = f"first right answer after {attempt.answered:.1f} s"
    try:
        site.proxy.shelter(attempt.slot, opened=False)
        if attempt.old:
            say(f'drain slot "{attempt.old}" …')
            note += _drain(site, attempt.old, patience.drain)
            site.stop(attempt.old)
        site.ledger.append(attempt.event("done", note), say)
    except HousePriceError as err:
        kind = AuditLogError if isinstance(err, AuditLogError) else DeploymentError
        raise kind(f"{short(attempt.to)} serves, but that could not be brought to its end: {err}") from err
    Attempt.forget(site.state)


def mend(site: Site, patience: Patience, say: Say) -> None:
    """Finish or undo what somebody began and could not end; the site must be locked.

    Raises:
        DeploymentError: neither is possible now.
    """
    attempt = Attempt.read(site.state)
    if attempt is None:
        return
    what = f"{attempt.action} of {short(attempt.to)}, begun {attempt.begun[:19]} by {attempt.who},"
    told = site.ledger.read().lines[-2:]
    if any(line.when >= attempt.begun and line.digest == attempt.digest for line in told):
        Attempt.forget(site.state)  # it was killed after its last word
        return
    site.start_proxy()
    site.await_proxy(patience.deadline)
    site.proxy.remember()
    serves = site.proxy.live() == attempt.slot
    if serves and not attempt.proved and attempt.old and not site.found_by_proxy(attempt.old):
        say(f"the {what} was interrupted, and what served before is gone: see whether the new one can stay")
        smoke_test.prove(site.public(), _held(site, attempt.slot))
        waited = (datetime.now(UTC) - datetime.fromisoformat(attempt.begun)).total_seconds()
        attempt = attempt.write_proved(site.state, attempt.waited + waited)
    if serves and attempt.proved:
        say(f"the {what} was interrupted after it was proved: finish it")
        settle(site, attempt, patience, say)
        return
    say(f"the {what} was interrupted before it was proved: undo it")
    undo(site, attempt, "interrupted before it was proved", patience, say, interrupted=True)


def _held(site: Site, slot: Slot) -> Sealed:
    container = site.container(slot)
    if container is None:
        raise DeploymentError(
            f'Slot "{slot}" is live and empty, and so is the other; expected one to serve; deploy again after '
            f'removing "{site.state / NAME}".'
        )
    return sealed(site.engine, container.id)


def _drain(site: Site, slot: Slot, seconds: float) -> str:
    """Wait until a slot answers nobody any more; give back what was not waited for."""
    end = time.monotonic() + seconds
    quiet = 0
    while quiet < 3:
        quiet = quiet + 1 if site.proxy.sessions(slot) == 0 else 0
        if time.monotonic() >= end:
            return f"; {site.proxy.sessions(slot)} requests were still being answered after {seconds:g} s of draining"
        time.sleep(0.05)
    return ""
