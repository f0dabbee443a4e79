"""Ledger and registry in, what can be gone back to out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from houseprice.release.deployment import history
from houseprice.release.deployment.audit_entry import Line


@dataclass(frozen=True)
class Choice:
    """A version that production can go to.

    Attributes:
        commit: in full when it served here, else the 7 characters of its tag.
        digest: empty when it never served here.
        since: when it was brought into production last, ISO; empty when it never was.
        live: whether it serves now.
        tagged: whether the registry has the tag of its commit; None when it was not asked, or does not answer.
    """

    commit: str
    digest: str
    since: str
    live: bool
    tagged: bool | None


def choices(lines: Sequence[Line], tags: Sequence[str] | None, live: str) -> tuple[Choice, ...]:
    """Give back every version that served here, the newest first, then those that were only published.

    Args:
        lines: of the ledger.
        tags: of the registry; None when it cannot be asked.
        live: digest of what serves now; empty when nothing does.
    """
    known = [
        Choice(one.commit, one.digest, one.since, one.digest == live, None if tags is None else one.commit[:7] in tags)
        for one in reversed(history.served(lines))
    ]
    served = {choice.commit[:7] for choice in known}
    others = [tag for tag in tags or () if re.fullmatch("[0-9a-f]{7}", tag) and tag not in served]
    return (*known, *(Choice(tag, "", "", False, True) for tag in others))
