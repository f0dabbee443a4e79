"""A verified image in, production out: started beside what serves, proved, switched to, and proved again.

At every moment exactly one slot is live, and it was proved. Whatever goes wrong, what served before serves still.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from houseprice.bundle import manifest as manifests
from houseprice.errors import DeploymentError, HousePriceError
from houseprice.release.deployment import smoke_test
from houseprice.release.deployment.attempt import Attempt
from houseprice.release.deployment.audit_entry import Action, Event
from houseprice.release.deployment.candidate import Candidate, Verify, short
from houseprice.release.deployment.host import Container, Site, other
from houseprice.release.deployment.proxy import Slot
from houseprice.release.deployment.recovery import Patience, settle, undo
from houseprice.release.deployment.schema_compatibility import refusals
from houseprice.release.deployment.sealed import Sealed, sealed
from houseprice.release.docker_cli import Say
from houseprice.release.image_reference import Reference

_STEPPING_IN_SECONDS = 10.0


@dataclass(frozen=True)
class Moved:
    """What came of it.

    Attributes:
        commit, digest, slot: what serves now, and where.
        before: commit that served before; empty when none did.
        seconds_to_answer: from the command to the first right answer through the proxy.
        seconds: until the old one was gone.
        changed: false when it served already.
    """

    commit: str
    digest: str
    slot: Slot
    before: str
    seconds_to_answer: float
    seconds: float
    changed: bool = True


@dataclass(frozen=True)
class Move:
    """One way from what serves to what shall.

    Attributes:
        site: where.
        verify: gives back what a name means once that is proved.
        who: as the ledger has it.
        patience: how long is waited.
        say: told what is done.
    """

    site: Site
    verify: Verify
    who: str
    patience: Patience
    say: Say

    def go(self, action: Action, reference: Reference, begin: float, today: Sealed | None = None) -> Moved:
        """Bring an image into production. The site must be locked, and tidied up.

        Args:
            action: as the ledger has it.
            reference: name of the image.
            begin: when the command was typed, by the monotonic clock.
            today: a model of which every request must be taken; None when requests may change.

        Raises:
            DeploymentError: it was refused or failed; the ledger has it, and what served before serves still.
            AuditLogError: it could not be put down.
        """
        live = self.site.live()
        before = live[1].revision if live else ""
        try:
            self.say(f"verify {reference} …")
            candidate = self.verify(reference)
            if today:
                _admit(today, candidate)
            if live and self._serves(live[1], candidate):
                answered = time.monotonic() - begin
                return Moved(candidate.revision, candidate.digest, live[0], before, answered, answered, changed=False)
            self._fetch(candidate)
            self.site.prepare()
        except HousePriceError as err:
            to = reference.tag if reference.tag and not reference.digest else reference.digest
            seconds = time.monotonic() - begin
            self.site.ledger.append(
                Event(
                    who=self.who, action=action, from_=before, to=to, repository=str(reference.repository),
                    digest=reference.digest, outcome="refused", seconds=seconds, note=str(err),
                ),
                self.say,
            )  # fmt: skip
            raise _failed(action, str(reference), before, err) from err
        attempt = Attempt(
            who=self.who,
            action=action,
            begun=datetime.now(UTC).isoformat(),
            waited=time.monotonic() - begin,
            from_=before,
            to=candidate.revision,
            repository=str(candidate.repository),
            digest=candidate.digest,
            evidence=candidate.evidence,
            verdict=candidate.verdict,
            old=live[0] if live else None,
            slot=other(self.site.proxy.live()),
            remark=candidate.remark,
        )
        attempt.write(self.site.state)
        try:
            expected = self._start(attempt, candidate)
            if today:
                smoke_test.takes(self.site.door(attempt.slot), today)
            answered = self._switch(attempt, expected, begin)
        except BaseException as err:
            self._undo(attempt, err)
            if isinstance(err, HousePriceError):
                raise _failed(action, short(candidate.revision), before, err) from err
            raise
        attempt = attempt.write_proved(self.site.state, answered)
        settle(self.site, attempt, self.patience, self.say)
        return Moved(candidate.revision, candidate.digest, attempt.slot, before, answered, time.monotonic() - begin)

    def _undo(self, attempt: Attempt, err: BaseException) -> None:
        try:
            undo(self.site, attempt, f"{err}" or type(err).__name__, self.patience, self.say)
        except HousePriceError as fault:
            raise DeploymentError(
                f"{short(attempt.to)} failed ({err}), and could not be undone ({fault}); expected to be back with what "
                "served before; run the same command again, which goes on from here."
            ) from err

    def _serves(self, container: Container, candidate: Candidate) -> bool:
        """Tell whether an image is live already, and answers as it should."""
        if container.digest != candidate.digest or not container.running:
            return False
        try:
            smoke_test.prove(self.site.public(), sealed(self.site.engine, container.id))
        except HousePriceError as err:
            self.say(f"it is live, but: {err}")
            return False
        return True

    def _fetch(self, candidate: Candidate) -> None:
        """See to the very image on this engine."""
        engine = self.site.engine
        if engine.run("image", "inspect", candidate.image).code != 0:
            self.say(f"pull {candidate.image} …")
            engine.ask("pull", "--quiet", candidate.image, seconds=1800)

    def _start(self, attempt: Attempt, candidate: Candidate) -> Sealed:
        """Start it in the slot that is not live, and prove it there."""
        site, slot = self.site, attempt.slot
        self.say(f'start {short(candidate.revision)} in slot "{slot}" …')
        site.start_proxy()
        site.await_proxy(self.patience.deadline)
        site.proxy.doubt(slot)
        site.start(slot, candidate.image)
        container = site.container(slot)
        if container is None:
            raise DeploymentError(f'Slot "{slot}" is empty after it was started; expected a container; try again.')
        expected = sealed(site.engine, container.id)
        if expected.manifest_bytes != candidate.manifest:
            raise DeploymentError(
                f'Slot "{slot}" holds another manifest than the one that was verified; expected the very image '
                f"{candidate.digest[:19]}; pull it again, and find out who changed it."
            )
        door = site.door(slot)

        def ready() -> str:
            if not site.found_by_proxy(slot):
                return f'The proxy finds no healthy container in slot "{slot}"'
            return smoke_test.unhealthy(door, expected)

        smoke_test.wait(ready, self.patience.deadline, lambda: _ended(site, slot))
        smoke_test.prove(door, expected)
        return expected

    def _switch(self, attempt: Attempt, expected: Sealed, begin: float) -> float:
        """Make it live, and prove it to the public; give back when that was shown first."""
        site, slot = self.site, attempt.slot
        self.say(f'switch to slot "{slot}" …')
        if attempt.old:
            site.proxy.shelter(slot, opened=True)
            smoke_test.wait(lambda: "" if site.proxy.sheltered(slot) else "There is no shelter", 15, lambda: "")
        site.proxy.switch(slot)
        self._prove_public(attempt, expected)
        answered = time.monotonic() - begin
        end = time.monotonic() + self.patience.watch
        while time.monotonic() < end:
            time.sleep(min(0.2, self.patience.watch))
            self._prove_public(attempt, expected)
        return answered

    def _prove_public(self, attempt: Attempt, expected: Sealed) -> None:
        """Demand the right answers of the proxy; the old slot may step in for a moment while the new one is up."""
        end = time.monotonic() + _STEPPING_IN_SECONDS
        while True:
            if not self.site.found_by_proxy(attempt.slot):
                raise DeploymentError(
                    f'The proxy no longer finds slot "{attempt.slot}" healthy; expected it to stay so; see its logs '
                    "above."
                )
            try:
                smoke_test.prove(self.site.public(), expected)
            except smoke_test.AnotherModelError:
                if not attempt.old or time.monotonic() >= end:
                    raise
                time.sleep(smoke_test.PAUSE_SECONDS)
            else:
                return


def _admit(today: Sealed, candidate: Candidate) -> None:
    """Refuse an image that would turn away who asks today."""
    target = manifests.read(candidate.manifest, Path(candidate.image) / manifests.NAME)
    if faults := refusals(today.manifest.schema_, target.schema_):
        raise DeploymentError(
            f"It does not take today's requests ({'; '.join(faults)}); expected it to refuse nothing that is taken "
            "today; go to another version, see `houseprice rollback --list`."
        )


def _ended(site: Site, slot: Slot) -> str:
    container = site.container(slot)
    if container is None:
        return f'The container of slot "{slot}" is gone'
    if container.restarts:  # it may run again by now, and its exit code is gone
        return f'The container of slot "{slot}" ended, and again after it was restarted'
    if container.running:
        return ""
    killed = ", out of memory" if container.state.get("OOMKilled") else ""
    return f'The container of slot "{slot}" ended with {container.state.get("ExitCode")}{killed}'


def _failed(action: Action, what: str, before: str, err: Exception) -> DeploymentError:
    done = "rolled back to" if action == "rollback" else "deployed"
    serves = f"{short(before)} serves as before" if before else "nothing is live here"
    return DeploymentError(f"{what} was not {done}, and {serves}: {err}")
