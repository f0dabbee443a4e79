"""Blue-green deployment: start a verified image in the idle slot, test it, switch the proxy, and test it again.

At any moment one slot is live, and it has passed its smoke test. Whatever fails, the previous version keeps serving.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from houseprice.bundle import manifest as manifests
from houseprice.errors import AuditLogError, DeploymentError, HousePriceError
from houseprice.release.deployment import smoke_test, version_history
from houseprice.release.deployment.audit_log import Action, Entry, Event
from houseprice.release.deployment.haproxy import Slot
from houseprice.release.deployment.host import Container, DeploymentHost, other
from houseprice.release.deployment.recovery import (
    PendingDeployment,
    Timeouts,
    abort,
    best_effort,
    deployment_errors,
    finalize,
    recover,
)
from houseprice.release.deployment.schema_compatibility import require_compatible
from houseprice.release.deployment.smoke_test import ContainerModel, wait_until
from houseprice.release.deployment.verified_cache import Candidate, Verify
from houseprice.release.deployment.version_history import short
from houseprice.release.docker_cli import Say
from houseprice.release.image_reference import Reference, Repository

_FALLBACK_SECONDS = 10.0
"""How long answers of the old slot are accepted after the switch, while the proxy tries the new one."""


@dataclass(frozen=True)
class Deployment:
    """A completed deployment or rollback.

    Attributes:
        revision, digest, slot: what serves now, and where.
        previous_revision: what served before; empty if nothing did.
        seconds_to_answer: from the command to the first right answer through the proxy.
        seconds: from the command until the old slot was stopped.
        changed: false if that version was live already.
    """

    revision: str
    digest: str
    slot: Slot
    previous_revision: str
    seconds_to_answer: float
    seconds: float
    changed: bool = True


@dataclass(frozen=True)
class Deployer:
    """Deploys to one host.

    Attributes:
        host: the host.
        verify: resolves and verifies an image.
        actor: who deploys, for the audit log.
        timeouts: time limits.
        say: receives progress messages.
    """

    host: DeploymentHost
    verify: Verify
    actor: str
    timeouts: Timeouts
    say: Say

    def deploy(self, reference: Reference) -> Deployment:
        """Deploy an image.

        Raises:
            DeploymentError: it was refused or failed, or another deployment is running; the previous version serves.
            AuditLogError: the audit log was tampered with, or cannot be written.
        """
        start = time.monotonic()
        with deployment_errors(), self.host.locked():
            entries = self.host.audit_log.read().entries
            recover(self.host, entries, self.timeouts, self.say)
            return self._deploy(reference, entries, start)

    def rollback(self, to: str, repository: Repository | None) -> Deployment:
        """Return to the previous version, or to any published commit.

        Neither a damaged audit log nor a full disk prevents it.

        Args:
            to: commit or digest; empty for the version before the live one.
            repository: where a commit is looked up that never served here; by default where the live image is from.

        Raises:
            DeploymentError: there is no such version, it cannot be verified, fails its smoke test, or would refuse
                requests that the live version accepts; the live version keeps serving.
        """
        start = time.monotonic()
        with deployment_errors(), self.host.locked():
            entries, remark = self._history()
            recover(self.host, entries, self.timeouts, self.say, tolerant=True)
            live = self.host.live()
            if live is None:
                raise DeploymentError("Nothing is live; use `houseprice deploy`.", code="nothing_live")
            if not remark:
                entries = self.host.audit_log.read().entries
            current = live[1]
            target = (
                version_history.find(entries, to, repository or current.reference.repository)
                if to
                else self._previous(live, entries, damaged=bool(remark))
            )
            model = ContainerModel.read(self.host.docker, current.id)
            return self._deploy(target, entries, start, accepts=model, remark=remark)

    def _previous(self, live: tuple[Slot, Container], entries: Sequence[Entry], *, damaged: bool) -> Reference:
        """Return the version before the live one; where its entry is lost, it is the stopped one of the idle slot."""
        idle = self.host.container(other(live[0])) if damaged else None
        if idle and idle.reference.digest and idle.reference.digest not in {entry.digest for entry in entries}:
            return idle.reference
        return version_history.previous(entries, live[1].reference.digest, damaged=damaged).reference

    def _history(self) -> tuple[tuple[Entry, ...], str]:
        """Return the audit log; a damaged one is kept under another name, and what is intact of it is used."""
        try:
            return self.host.audit_log.read().entries, ""
        except AuditLogError as err:
            entries = self.host.audit_log.intact()
            try:
                remark = f"new chain: the damaged audit log was renamed to {self.host.audit_log.replace_damaged().name}"
            except OSError as second:
                remark = f"the damaged audit log could not be renamed: {second}"
            self.say(f"Warning: {err} ({remark})")
            return entries, remark

    def _deploy(
        self,
        reference: Reference,
        entries: Sequence[Entry],
        start: float,
        accepts: ContainerModel | None = None,
        remark: str = "",
    ) -> Deployment:
        """Deploy an image to the locked host.

        Args:
            reference: the image.
            entries: the audit log.
            start: time of the command, by the monotonic clock.
            accepts: for a rollback, the live model, whose requests must all be accepted.
            remark: what else the audit log should say.
        """
        action: Action = "rollback" if accepts else "deploy"
        host, live = self.host, self.host.live()
        previous = live[1].revision if live else ""
        event = Event(
            actor=self.actor, action=action, from_revision=previous, to_revision=reference.digest or reference.tag,
            repository=str(reference.repository), digest=reference.digest, outcome="refused", duration_seconds=0,
        )  # fmt: skip
        try:
            self.say(f"verify {reference} …")
            candidate = self.verify(reference, entries)
            if accepts:
                target = manifests.read(candidate.manifest, Path(candidate.image) / manifests.NAME)
                require_compatible(accepts.manifest.schema_, target.schema_)
            if live and self._serves(live[1], candidate):
                answered = time.monotonic() - start
                return Deployment(candidate.revision, candidate.digest, live[0], previous, answered, answered, False)
            if host.docker.run("image", "inspect", candidate.image).returncode != 0:
                self.say(f"pull {candidate.image} …")
                host.docker.pull(candidate.image)
            with best_effort(action, self.say):
                host.prepare()
        except HousePriceError as err:
            detail = "; ".join(filter(None, (str(err), remark)))
            with best_effort(action, self.say):
                event = replace(event, duration_seconds=time.monotonic() - start, detail=detail)
                host.audit_log.append(event, self.say)
            raise _not_deployed(action, str(reference), previous, err) from err
        pending = PendingDeployment(
            event=replace(
                event, to_revision=candidate.revision, repository=str(candidate.repository), digest=candidate.digest,
                manifest_sha256=candidate.manifest_sha256, verdict=candidate.verdict,
                detail="; ".join(filter(None, (candidate.remark, remark))),
            ),
            started_at=datetime.now(UTC).isoformat(), waited_seconds=time.monotonic() - start,
            old_slot=live[0] if live else None, new_slot=other(host.proxy.live()),
        )  # fmt: skip
        with best_effort(action, self.say):
            pending.save(host.state)
        try:
            expected = self._start(pending, candidate)
            if accepts:
                smoke_test.check_accepts(host.client(pending.new_slot), accepts)
            answered = self._switch(pending, expected, start)
        except BaseException as err:
            self._abort(pending, err)
            if isinstance(err, HousePriceError):
                raise _not_deployed(action, short(candidate.revision), previous, err) from err
            raise
        pending = pending.confirm(answered)
        with best_effort(action, self.say):
            pending.save(self.host.state)
        finalize(self.host, pending, self.timeouts, self.say)
        seconds = time.monotonic() - start
        return Deployment(candidate.revision, candidate.digest, pending.new_slot, previous, answered, seconds)

    def _serves(self, container: Container, candidate: Candidate) -> bool:
        """Return whether an image is live already and passes its smoke test."""
        if container.reference.digest != candidate.digest or not container.running:
            return False
        try:
            smoke_test.check_golden_rows(self.host.public(), ContainerModel.read(self.host.docker, container.id))
        except HousePriceError as err:
            self.say(f"it is live, but fails its smoke test: {err}")
            return False
        return True

    def _start(self, pending: PendingDeployment, candidate: Candidate) -> ContainerModel:
        """Start an image in the idle slot, and test it there."""
        host, slot = self.host, pending.new_slot
        self.say(f'start {short(candidate.revision)} in slot "{slot}" …')
        host.start_proxy(self.timeouts.deadline)
        host.proxy.mark_down(slot)
        with best_effort(pending.event.action, self.say):
            host.save_image(slot, candidate.image)
        host.start(slot, candidate.image)
        expected = host.model(slot)
        if expected.manifest_bytes != candidate.manifest:
            raise DeploymentError(
                f'The container in slot "{slot}" has another model manifest than the verified image '
                f"{candidate.digest[:19]}; remove the image from this engine, and find out who changed it.",
                code="image_changed",
            )
        client = host.client(slot)

        def check() -> None:
            host.check_reachable(slot)
            smoke_test.check_health(client, expected)

        wait_until(check, self.timeouts.deadline, lambda: host.check_running(slot))
        smoke_test.check_golden_rows(client, expected)
        return expected

    def _switch(self, pending: PendingDeployment, expected: ContainerModel, start: float) -> float:
        """Make the new slot live and test it in public; return the seconds until the first right answer."""
        proxy, slot = self.host.proxy, pending.new_slot
        self.say(f'switch to slot "{slot}" …')
        if pending.old_slot:
            proxy.set_fallback(slot, enabled=True)
            wait_until(lambda: proxy.check_fallback(slot), 15)
        proxy.set_live(slot)
        with best_effort(pending.event.action, self.say):
            proxy.save_live(slot)
        self._test_public(pending, expected)
        answered = time.monotonic() - start
        end = time.monotonic() + self.timeouts.watch
        while time.monotonic() < end:
            time.sleep(min(0.2, self.timeouts.watch))
            self._test_public(pending, expected)
        return answered

    def _test_public(self, pending: PendingDeployment, expected: ContainerModel) -> None:
        """Test through the proxy; for a moment the old slot may answer in place of a new one that is up."""
        end = time.monotonic() + _FALLBACK_SECONDS
        while True:
            self.host.check_reachable(pending.new_slot)
            try:
                smoke_test.check_golden_rows(self.host.public(), expected)
            except DeploymentError as err:
                if err.code != "wrong_model" or not pending.old_slot or time.monotonic() >= end:
                    raise
                time.sleep(smoke_test.POLL_SECONDS)
            else:
                return

    def _abort(self, pending: PendingDeployment, err: BaseException) -> None:
        try:
            abort(self.host, pending, f"{err}" or type(err).__name__, self.timeouts, self.say)
        except HousePriceError as second:
            raise DeploymentError(
                f"{short(pending.event.to_revision)} failed ({err}) and could not be undone ({second}); run the same "
                "command again, which continues from here.",
                code="not_undone",
            ) from err


def _not_deployed(action: Action, what: str, previous: str, err: HousePriceError) -> DeploymentError:
    done = "rolled back to" if action == "rollback" else "deployed"
    serving = f"{short(previous)} keeps serving" if previous else "nothing is live"
    return DeploymentError(
        f"{what} was not {done}; {serving}: {err}", code=err.code, **{**err.details, "serving": previous}
    )
