"""Deploy and roll back: the words of the command line in, one locked and mended move out."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from houseprice.errors import AuditLogError, DeploymentError, HousePriceError
from houseprice.release.deployment import history
from houseprice.release.deployment.audit_entry import Line
from houseprice.release.deployment.candidate import short
from houseprice.release.deployment.deployer import Move, Moved
from houseprice.release.deployment.recovery import mend
from houseprice.release.deployment.sealed import sealed
from houseprice.release.image_reference import Reference, Repository


def deploy(move: Move, reference: Reference) -> Moved:
    """Bring an image into production.

    Raises:
        DeploymentError: it was refused or failed, or somebody else deploys here; what served before serves still.
        AuditLogError: the ledger was changed, or cannot be written.
    """
    begin = time.monotonic()
    with one_kind_of_error(), move.site.locked():
        _tidied(move)
        return move.go("deploy", reference, begin)


def rollback(move: Move, to: str, repository: Repository | None) -> Moved:
    """Go back to a version that served before, or to any commit that was published.

    Args:
        move: how to go.
        to: a commit or a digest; empty is the version before the one that serves.
        repository: where a commit is looked for that never served here; by default where the live image came from.

    Raises:
        DeploymentError: there is nothing to go back to, it does not verify, does not give its golden answers, or does
            not take today's requests; what serves now serves on.
        AuditLogError: the ledger was changed, or cannot be written.
    """
    begin = time.monotonic()
    with one_kind_of_error(), move.site.locked():
        lines = _tidied(move)
        live = move.site.live()
        if live is None:
            raise DeploymentError(
                "Nothing is live here; expected a version to go back from; bring one into production with "
                "`houseprice deploy`."
            )
        today = sealed(move.site.engine, live[1].id)
        target = _target(lines, to, repository or live[1].reference.repository, live[1].digest)
        return move.go("rollback", target, begin, today)


@contextmanager
def one_kind_of_error() -> Iterator[None]:
    """Let every failure be one of operating, whichever part of the way it came from."""
    try:
        yield
    except (DeploymentError, AuditLogError):
        raise
    except HousePriceError as err:
        raise DeploymentError(str(err)) from err
    except OSError as err:
        raise DeploymentError(
            f"{err}; expected the state folder with room and the right to write; see to that, then run the "
            "same command again, which goes on from here."
        ) from err


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
