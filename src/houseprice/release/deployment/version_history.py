"""Versions that served on a host, in the order in which a rollback goes back through them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from houseprice.errors import DeploymentError
from houseprice.release.deployment.audit_log import Entry
from houseprice.release.image_reference import Reference, Repository


@dataclass(frozen=True)
class Version:
    """A version that production can be rolled back to.

    Attributes:
        revision: the full commit if it served here, else the 7 characters of its tag.
        repository, digest, since: where it was pulled from and when it was last deployed (ISO); empty if never.
        live: whether it serves now.
        tagged: whether the registry has the tag of its commit; None if the registry was not asked.
    """

    revision: str
    repository: str = ""
    digest: str = ""
    since: str = ""
    live: bool = False
    tagged: bool | None = None

    @property
    def reference(self) -> Reference:
        """The image."""
        return Reference.read(f"{self.repository}@{self.digest}")


def served(entries: Sequence[Entry]) -> tuple[Version, ...]:
    """Return every version that served, each once, the last deployed last."""
    versions: dict[str, Version] = {}
    for entry in _arrivals(entries):
        versions.pop(entry.digest, None)
        versions[entry.digest] = _version(entry)
    return tuple(versions.values())


def deployment_stack(entries: Sequence[Entry]) -> tuple[Version, ...]:
    """Return the deployments that were not rolled back, the newest last."""
    stack: list[Version] = []
    for entry in _arrivals(entries):
        positions = [i for i, version in enumerate(stack) if version.digest == entry.digest]
        if entry.action == "rollback" and positions:
            del stack[positions[-1] + 1 :]
        elif not positions or positions[-1] != len(stack) - 1:
            stack.append(_version(entry))
    return tuple(stack)


def previous(entries: Sequence[Entry], digest: str, *, damaged: bool = False) -> Version:
    """Return the version that served before the one with a digest.

    Where the entry of that one is among what was lost of a damaged log, it is the last version that is known.

    Raises:
        DeploymentError: `version_unknown` or `no_previous_version`.
    """
    stack = deployment_stack(entries)
    positions = [i for i, version in enumerate(stack) if version.digest == digest]
    if not positions and damaged and stack:
        return stack[-1]
    if not positions:
        raise DeploymentError(
            f"The audit log does not contain {digest[:19] or 'the live version'}; choose a version from "
            "`houseprice rollback --list` and name it with --to.",
            code="version_unknown",
        )
    if positions[-1] == 0:
        raise DeploymentError(
            f"{short(stack[0].revision)} is the first version that was deployed here; choose another from "
            "`houseprice rollback --list` and name it with --to.",
            code="no_previous_version",
        )
    return stack[positions[-1] - 1]


def find(entries: Sequence[Entry], name: str, repository: Repository) -> Reference:
    """Return the image of a digest or commit: the digest that served here if there is one, else the commit's tag."""
    if name.startswith("sha256:"):
        return Reference(repository, digest=name)
    matches = (version.reference for version in reversed(served(entries)) if version.revision.startswith(name))
    return next(matches, Reference(repository, tag=short(name)))


def available(entries: Sequence[Entry], tags: Sequence[str] | None, live_digest: str) -> tuple[Version, ...]:
    """Return every version that served here, the newest first, then those that were only published.

    Args:
        entries: the audit log.
        tags: tags in the registry; None if it did not answer.
        live_digest: digest of the live image; empty if nothing is live.
    """
    known = [
        Version(
            version.revision, version.repository, version.digest, version.since, version.digest == live_digest,
            None if tags is None else short(version.revision) in tags,
        )
        for version in reversed(served(entries))
    ]  # fmt: skip
    seen = {short(version.revision) for version in known}
    published = [tag for tag in tags or () if re.fullmatch("[0-9a-f]{7}", tag) and tag not in seen]
    return (*known, *(Version(tag, tagged=True) for tag in published))


def short(revision: str) -> str:
    """Return the 7 characters of a commit that are its tag, with a suffix such as `-dirty`."""
    commit, dash, suffix = revision.partition("-")
    return commit[:7] + dash + suffix


def _arrivals(entries: Sequence[Entry]) -> list[Entry]:
    succeeded = [entry for entry in entries if entry.outcome == "succeeded" and entry.digest]
    return [entry for entry in succeeded if entry.action in ("deploy", "rollback")]


def _version(entry: Entry) -> Version:
    return Version(entry.to_revision, entry.repository, entry.digest, entry.timestamp)
