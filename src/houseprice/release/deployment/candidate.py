"""A name in, an image that was verified out: the only kind that is ever started."""

from collections.abc import Callable
from dataclasses import dataclass

from houseprice.release.image_reference import Reference, Repository


@dataclass(frozen=True)
class Candidate:
    """An image of which it was verified whose it is and what it holds.

    Attributes:
        repository, digest: where it is, and the one name that never means anything else.
        revision: commit that it was built from.
        evidence: sha256 of the evidence that is signed with it.
        verdict: `green` or `red`, as its model was judged.
        manifest: the sealed model's manifest, byte for byte.
        remark: what the ledger should say of the verification; empty when it was made just now.
    """

    repository: Repository
    digest: str
    revision: str
    evidence: str
    verdict: str
    manifest: bytes
    remark: str = ""

    @property
    def image(self) -> str:
        """The name that a Docker client is given."""
        return self.repository.at(self.digest)


Verify = Callable[[Reference], Candidate]
"""Gives back what a name means once that is proved; raises a sentence otherwise."""


def short(revision: str) -> str:
    """Give back the 7 characters of a commit, as its tag has them; what is no commit as it is."""
    commit, dash, rest = revision.partition("-")
    return commit[:7] + dash + rest
