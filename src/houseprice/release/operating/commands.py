"""Deploy and roll back: the words of the command line in, one locked and mended move out."""

import time
from dataclasses import dataclass

from houseprice.bundle.manifest import Manifest
from houseprice.errors import OperatingError
from houseprice.release.operating import history, proving
from houseprice.release.operating.candidate import short
from houseprice.release.operating.ending import mend
from houseprice.release.operating.fitting import refusals
from houseprice.release.operating.lines import Line
from houseprice.release.operating.moving import Move, Moved
from houseprice.release.operating.proxy import Slot
from houseprice.release.operating.sealed import Sealed, sealed
from houseprice.release.registry.names import Reference, Repository


def deploy(move: Move, reference: Reference) -> Moved:
    """Bring an image into production.

    Raises:
        OperatingError: it was refused or failed, or somebody else deploys here; what served before serves still.
        LedgerError: the ledger was changed, or cannot be written.
    """
    begin = time.monotonic()
    with move.site.locked():
        _tidied(move)
        return move.go("deploy", reference, begin)


def rollback(move: Move, to: str, repository: Repository | None) -> Moved:
    """Go back to a version that served before, or to any commit that was published.

    Args:
        move: how to go.
        to: a commit or a digest; empty is the version before the one that serves.
        repository: where a commit is looked for that never served here; by default where the live image came from.

    Raises:
        OperatingError: there is nothing to go back to, it does not verify, does not give its golden answers, or does
            not take today's requests; what serves now serves on.
        LedgerError: the ledger was changed, or cannot be written.
    """
    begin = time.monotonic()
    with move.site.locked():
        lines = _tidied(move)
        live = move.site.live()
        if live is None:
            raise OperatingError(
                "Nothing is live here; expected a version to go back from; bring one into production with "
                "`houseprice deploy`."
            )
        today = sealed(move.site.engine, live[1].id)
        target = _target(lines, to, repository or live[1].reference.repository, live[1].digest)
        return move.go("rollback", target, begin, _Fitting(move, today))


@dataclass(frozen=True)
class _Fitting:
    """Demands of a slot that it takes whatever is asked today."""

    move: Move
    today: Sealed

    def __call__(self, slot: Slot, expected: Sealed) -> None:
        faults = _narrower(self.today.manifest, expected.manifest)
        if faults:
            raise OperatingError(
                f"It does not take today's requests ({'; '.join(faults)}); expected it to refuse nothing that is asked "
                "today; go to another version, see --list."
            )
        proving.takes(self.move.site.door(slot), self.today)


def _narrower(today: Manifest, target: Manifest) -> list[str]:
    return refusals(today.schema_, target.schema_)


def _tidied(move: Move) -> tuple[Line, ...]:
    """Make sure of the ledger, then of what an earlier run left behind."""
    move.site.ledger.read()
    mend(move.site, move.patience, move.say)
    return move.site.ledger.read().lines


def _target(lines: tuple[Line, ...], to: str, repository: Repository, digest: str) -> Reference:
    if not to:
        return history.before(lines, digest).reference
    if to.startswith("sha256:"):
        return Reference(repository, digest=to)
    for one in reversed(history.served(lines)):
        if one.commit.startswith(to):
            return one.reference
    return Reference(repository, tag=short(to))
