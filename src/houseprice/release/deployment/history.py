"""The ledger's lines in, what can be gone back to out."""

from collections.abc import Sequence
from dataclasses import dataclass

from houseprice.errors import DeploymentError
from houseprice.release.deployment.audit_entry import Line
from houseprice.release.image_reference import Reference


@dataclass(frozen=True)
class Served:
    """A version that served here.

    Attributes:
        commit, repository, digest: what it was.
        since: when it was brought into production last, ISO.
    """

    commit: str
    repository: str
    digest: str
    since: str

    @property
    def reference(self) -> Reference:
        """The very image."""
        return Reference.read(f"{self.repository}@{self.digest}")


def served(lines: Sequence[Line]) -> tuple[Served, ...]:
    """Give back every version that served, newest last, each once."""
    found: dict[str, Served] = {}
    for line in _arrivals(lines):
        found.pop(line.digest, None)
        found[line.digest] = _served(line)
    return tuple(found.values())


def standing(lines: Sequence[Line]) -> tuple[Served, ...]:
    """Give back the versions on top of each other, the one that serves last; a rollback takes away what it leaves."""
    stack: list[Served] = []
    for line in _arrivals(lines):
        places = [place for place, one in enumerate(stack) if one.digest == line.digest]
        if line.action == "rollback" and places:
            del stack[places[-1] + 1 :]
        elif not places or places[-1] != len(stack) - 1:
            stack.append(_served(line))
    return tuple(stack)


def before(lines: Sequence[Line], digest: str) -> Served:
    """Give back the version that served before another one that serves now.

    Raises:
        DeploymentError: none did, or the ledger does not know what serves.
    """
    stack = standing(lines)
    places = [place for place, one in enumerate(stack) if one.digest == digest]
    if not places:
        raise DeploymentError(
            f"The ledger does not know {digest[:19] or 'what serves here'}; expected what was deployed last; name "
            "where to go with --to, see --list."
        )
    if places[-1] == 0:
        raise DeploymentError(
            f"{stack[0].commit[:7]} is the first version that served here; expected one before it; name another with "
            "--to, see --list."
        )
    return stack[places[-1] - 1]


def _arrivals(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.outcome == "done" and line.action in ("deploy", "rollback") and line.digest]


def _served(line: Line) -> Served:
    return Served(line.to, line.repository, line.digest, line.when)
