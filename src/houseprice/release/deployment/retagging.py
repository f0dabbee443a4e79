"""The registry's `latest`, moved on purpose to what serves: who pulls without a digest gets the same."""

import time

from houseprice.errors import DeploymentError, HousePriceError
from houseprice.release.deployment.audit_entry import Event, Outcome
from houseprice.release.deployment.audit_log import Ledger
from houseprice.release.deployment.candidate import short
from houseprice.release.docker_cli import Say
from houseprice.release.registry.client import Registry
from houseprice.release.registry.publishing import retag


def move_latest(ledger: Ledger, registry: Registry, commit: str, digest: str, before: str, who: str, say: Say) -> None:
    """Move `latest` to an image that was just put into production, and put that down.

    Raises:
        DeploymentError: the registry refused; what serves stays as it is.
    """
    begin = time.monotonic()

    def put_down(outcome: Outcome, note: str = "") -> None:
        seconds = time.monotonic() - begin
        ledger.append(
            Event(
                who=who, action="retag", from_=before, to=commit, repository=str(registry.repository), digest=digest,
                outcome=outcome, seconds=seconds, note=note,
            ),
            say,
        )  # fmt: skip

    try:
        retag(registry, digest, say=say)
    except HousePriceError as err:
        put_down("failed", str(err))
        raise DeploymentError(f"{short(commit)} serves, but latest is not of it: {err}") from err
    put_down("done")
