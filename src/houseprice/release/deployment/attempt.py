"""A deployment under way, written down before it touches anything, so that the next one can finish or undo it."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from houseprice.atomic_io import write_durably
from houseprice.errors import DeploymentError
from houseprice.release.deployment.audit_entry import Action, Event, Outcome
from houseprice.release.deployment.proxy import SLOTS, Slot

NAME = "attempt.json"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What somebody set out to do.

    Attributes:
        begun: when it touched something first, ISO.
        waited: seconds from the command until then.
        old, slot: the slot that served when it was begun, and the one that is to serve; there may be no old one.
        proved: whether the new one answered rightly through the proxy, so that there is no more going back.
        answered: seconds from the command to the first of those answers.
        remark: what else the ledger should say.
        others: as in the ledger.
    """

    who: str
    action: Action
    begun: str
    waited: float
    from_: str
    to: str
    repository: str
    digest: str
    evidence: str
    verdict: str
    old: Slot | None
    slot: Slot
    proved: bool = False
    answered: float = 0.0
    remark: str = ""

    def event(self, outcome: Outcome, note: str = "", action: Action | None = None) -> Event:
        """Give back what the ledger says of it."""
        return Event(
            who=self.who,
            action=action or self.action,
            from_=self.from_ if action is None else self.to,
            to=self.to if action is None else self.from_,
            repository=self.repository if action is None else "",
            digest=self.digest if action is None else "",
            evidence=self.evidence if action is None else "",
            verdict=self.verdict if action is None else "",
            outcome=outcome,
            seconds=self.waited + (datetime.now(UTC) - datetime.fromisoformat(self.begun)).total_seconds(),
            note="; ".join(filter(None, (note, self.remark if action is None else ""))),
        )

    def write(self, folder: Path) -> None:
        """Write it down; it is on disk when this returns."""
        write_durably(folder / NAME, json.dumps(asdict(self), indent=1).encode())

    def write_proved(self, folder: Path, answered: float) -> "Attempt":
        """Write down that there is no more going back."""
        proved = replace(self, proved=True, answered=answered)
        proved.write(folder)
        return proved

    @staticmethod
    def read(folder: Path) -> "Attempt | None":
        """Give back what was not ended, if anything.

        Raises:
            DeploymentError: the file cannot be understood.
        """
        path = folder / NAME
        if not path.exists():
            return None
        try:
            found = Attempt(**json.loads(path.read_bytes()))
            SLOTS.index(found.slot)
        except (ValueError, TypeError) as err:
            raise DeploymentError(
                f'"{path}" cannot be understood ({err}); expected what a deployment that was interrupted had set out '
                "to do; look which slot is live, then remove the file."
            ) from err
        return found

    @staticmethod
    def forget(folder: Path) -> None:
        """Take it back: it was ended, and the ledger knows how."""
        (folder / NAME).unlink(missing_ok=True)
