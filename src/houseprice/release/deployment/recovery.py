"""Completion of deployments: finalize or abort one, also one whose process was killed.

A deployment is written to a file before it changes anything, so that the next command can finish or undo it.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from houseprice.atomic_io import write_durably
from houseprice.errors import AuditLogError, DataError, DeploymentError, HousePriceError
from houseprice.release.deployment.audit_log import Action, Entry, Event, Outcome
from houseprice.release.deployment.haproxy import SLOTS, Slot
from houseprice.release.deployment.host import DeploymentHost
from houseprice.release.deployment.smoke_test import POLL_SECONDS, check_golden_rows
from houseprice.release.deployment.version_history import short
from houseprice.release.docker_cli import Say

NAME = "pending.json"
_IDLE_POLLS = 3


@dataclass(frozen=True)
class Timeouts:
    """Time limits in seconds.

    Attributes:
        deadline: until a slot must be healthy.
        drain: for the old slot to finish its requests.
        watch: of repeated smoke tests through the proxy before the old slot is stopped.
    """

    deadline: float = 60.0
    drain: float = 30.0
    watch: float = 2.0


@dataclass(frozen=True, kw_only=True)
class PendingDeployment:
    """A deployment or rollback that is under way.

    Attributes:
        event: what the audit log will say, but for its outcome and duration.
        started_at: when it first changed something, ISO.
        waited_seconds: from the command until then.
        old_slot, new_slot: the slot that served, if any, and the one that is to serve.
        confirmed: whether the new slot passed its smoke test in public, after which nothing is undone.
        seconds_to_answer: from the command to the first right answer in public.
    """

    event: Event
    started_at: str
    waited_seconds: float
    old_slot: Slot | None
    new_slot: Slot
    confirmed: bool = False
    seconds_to_answer: float = 0.0

    def completed(self, outcome: Outcome, detail: str) -> Event:
        """Return its audit log event."""
        detail = "; ".join(filter(None, (detail, self.event.detail)))
        return replace(self.event, outcome=outcome, detail=detail, duration_seconds=self.duration())

    def automatic_rollback(self) -> Event:
        """Return the audit log event of going back after the switch."""
        return Event(
            actor=self.event.actor, action="automatic_rollback", from_revision=self.event.to_revision,
            to_revision=self.event.from_revision, outcome="succeeded", duration_seconds=self.duration(),
            detail="the new version did not pass its smoke test",
        )  # fmt: skip

    def duration(self) -> float:
        """Return the seconds since the command."""
        return self.waited_seconds + (datetime.now(UTC) - datetime.fromisoformat(self.started_at)).total_seconds()

    def confirm(self, seconds_to_answer: float) -> "PendingDeployment":
        """Return it as confirmed."""
        return replace(self, confirmed=True, seconds_to_answer=seconds_to_answer)

    def save(self, state: Path) -> None:
        """Write it to disk."""
        write_durably(state / NAME, json.dumps(asdict(self), indent=1).encode())

    @staticmethod
    def load(state: Path) -> "PendingDeployment | None":
        """Return the deployment that was not completed, if any.

        Raises:
            DeploymentError: the file is damaged (`pending_invalid`).
        """
        path = state / NAME
        if not path.exists():
            return None
        try:
            saved = json.loads(path.read_bytes())
            pending = PendingDeployment(**{**saved, "event": Event(**saved["event"])})
            SLOTS.index(pending.new_slot)
        except (ValueError, TypeError, LookupError) as err:
            raise DeploymentError(
                f'"{path}" describes an interrupted deployment and is damaged ({err}); check which slot is live, then '
                "delete the file.",
                code="pending_invalid",
            ) from err
        return pending

    @staticmethod
    def clear(state: Path) -> None:
        """Delete the file; a read-only disk on which there is none is no obstacle."""
        if (state / NAME).exists():
            (state / NAME).unlink(missing_ok=True)


@contextmanager
def deployment_errors() -> Iterator[None]:
    """Turn every error of this project, and of the file system, into one of deployment; `code` stays."""
    try:
        yield
    except (DeploymentError, AuditLogError):
        raise
    except HousePriceError as err:
        raise DeploymentError(str(err), code=err.code, **err.details) from err
    except OSError as err:
        raise DeploymentError(
            f"{err}; the state folder must be writable and have space. Correct that, then run the same command again, "
            "which continues from here.",
            code="state_unwritable",
        ) from err


@contextmanager
def best_effort(action: Action, say: Say) -> Iterator[None]:
    """Let a rollback continue, with a warning, when something cannot be written, for example on a full disk."""
    try:
        yield
    except (AuditLogError, DataError, OSError) as err:
        if action != "rollback":
            raise
        say(f"Warning: {err}")


def finalize(host: DeploymentHost, pending: PendingDeployment, timeouts: Timeouts, say: Say) -> None:
    """Drain and stop the old slot, and record that the new one serves.

    Raises:
        DeploymentError, AuditLogError: it could not be completed; the new slot serves, and the next command goes on.
    """
    detail = f"first right answer after {pending.seconds_to_answer:.1f} s"
    try:
        host.proxy.set_fallback(pending.new_slot, enabled=False)
        if pending.old_slot:
            say(f'drain slot "{pending.old_slot}" …')
            detail += _drain(host, pending.old_slot, timeouts.drain)
            host.stop(pending.old_slot)
        with best_effort(pending.event.action, say):
            host.audit_log.append(pending.completed("succeeded", detail), say)
    except HousePriceError as err:
        kind = AuditLogError if isinstance(err, AuditLogError) else DeploymentError
        message = f"{short(pending.event.to_revision)} serves, but the deployment could not be completed: {err}"
        raise kind(message, code=err.code, **err.details) from err
    PendingDeployment.clear(host.state)


def abort(
    host: DeploymentHost,
    pending: PendingDeployment,
    reason: str,
    timeouts: Timeouts,
    say: Say,
    outcome: Outcome = "failed",
) -> None:
    """Return to the old slot, remove the new container, and record that."""
    proxy, running = host.proxy, host.proxy.running()
    switched = running and proxy.live() == pending.new_slot
    if switched:
        say(f'return to slot "{pending.old_slot or "none"}" …')
        proxy.set_live(pending.old_slot)
    with best_effort(pending.event.action, say):
        if switched or not running:
            proxy.save_live(pending.old_slot)
    if switched:
        _drain(host, pending.new_slot, timeouts.drain)  # before the fallback is disabled: requests may be on their way
    if running:
        proxy.set_fallback(pending.new_slot, enabled=False)
    if container := host.container(pending.new_slot):
        say(f"--- logs of slot {pending.new_slot} ---\n{host.docker.logs(container.id)[-4000:].rstrip()}")
        say(f"--- what the proxy logged about its slots ---\n{host.proxy_events()}\n---")
        if switched:
            host.stop(pending.new_slot)
        host.remove(pending.new_slot)
    with best_effort(pending.event.action, say):
        host.audit_log.append(pending.completed(outcome, reason), say)
        if switched and pending.old_slot:
            host.audit_log.append(pending.automatic_rollback(), say)
    PendingDeployment.clear(host.state)


def recover(
    host: DeploymentHost, entries: Sequence[Entry], timeouts: Timeouts, say: Say, *, tolerant: bool = False
) -> None:
    """Finalize or abort a deployment whose process was killed; the host must be locked.

    Args:
        host: where it was under way.
        entries: the audit log.
        timeouts: time limits.
        say: receives progress messages.
        tolerant: forget, with a warning, a deployment whose file is damaged.

    Raises:
        DeploymentError: neither is possible now.
    """
    try:
        pending = PendingDeployment.load(host.state)
    except DeploymentError as err:
        if not tolerant:
            raise
        say(f"Warning: {err}")
        PendingDeployment.clear(host.state)
        return
    if pending is None:
        return
    if any(entry.timestamp >= pending.started_at and entry.digest == pending.event.digest for entry in entries[-2:]):
        PendingDeployment.clear(host.state)  # it was killed after its last audit log entry
        return
    event = pending.event
    what = f"the {event.action} of {short(event.to_revision)} by {event.actor} at {pending.started_at[:19]}"
    host.start_proxy(timeouts.deadline)
    with best_effort(pending.event.action, say):
        host.proxy.save_live(host.proxy.live())  # it may have been killed between the proxy and its map file
    live = host.proxy.live() == pending.new_slot
    if live and not pending.confirmed and pending.old_slot and not _reachable(host, pending.old_slot):
        say(f"{what} was interrupted, and the previous version is gone: test whether the new one can stay")
        check_golden_rows(host.public(), host.model(pending.new_slot))
        pending = pending.confirm(pending.duration())
    if live and pending.confirmed:
        say(f"{what} was interrupted after its smoke test: complete it")
        finalize(host, pending, timeouts, say)
        return
    say(f"{what} was interrupted before its smoke test had passed: undo it")
    abort(host, pending, "interrupted before its smoke test had passed", timeouts, say, "interrupted")


def _reachable(host: DeploymentHost, slot: Slot) -> bool:
    try:
        host.check_reachable(slot)
    except DeploymentError:
        return False
    return True


def _drain(host: DeploymentHost, slot: Slot, timeout: float) -> str:
    """Wait until a slot answers no more requests; return what to record if it still does after the timeout."""
    end = time.monotonic() + timeout
    idle = 0
    while idle < _IDLE_POLLS:
        requests = host.proxy.requests(slot)
        idle = idle + 1 if requests == 0 else 0
        if time.monotonic() >= end:
            return f"; {requests} requests were not finished after {timeout:g} s"
        time.sleep(POLL_SECONDS)
    return ""
