"""Cache of verified images, so that a rollback is possible while the registry does not answer.

An entry counts only for the same trust policy as when it was made, for a digest that served here according to the audit
log. It is never used while the registry answers, whatever the answer.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from houseprice.atomic_io import write_durably
from houseprice.release.deployment.audit_log import Entry, canonical_json
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.verification.policy import VerificationPolicy

FOLDER = "verified"


@dataclass(frozen=True)
class Candidate:
    """A verified image, the only kind that is ever started.

    Attributes:
        repository, digest: where it is, and its immutable name.
        revision: commit that it was built from.
        verdict: `passed` or `failed`, the result of the model's quality gates.
        manifest: the model's manifest, byte for byte.
        remark: what the audit log should say about the verification; empty if it was done just now.
    """

    repository: Repository
    digest: str
    revision: str
    verdict: str
    manifest: bytes
    remark: str = ""

    @property
    def image(self) -> str:
        """The name for Docker clients."""
        return self.repository.at(self.digest)

    @property
    def manifest_sha256(self) -> str:
        """SHA-256 of the model's manifest."""
        return hashlib.sha256(self.manifest).hexdigest()


Verify = Callable[[Reference, Sequence[Entry]], Candidate]
"""Resolves and verifies an image, given the audit log; raises HousePriceError unless it can be trusted."""


@dataclass(frozen=True)
class VerifiedCache:
    """Verified images of one host, a file for each digest.

    Attributes:
        state: the host's state folder.
    """

    state: Path

    def put(self, candidate: Candidate, policy: VerificationPolicy) -> None:
        """Save an image that was verified just now.

        Raises:
            DataError: the file cannot be written.
        """
        content = {
            "trust_policy": _fingerprint(policy),
            "verified_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "repository": str(candidate.repository),
            "digest": candidate.digest,
            "revision": candidate.revision,
            "verdict": candidate.verdict,
            "manifest": candidate.manifest.decode(),
        }
        write_durably(self.path(candidate.digest), json.dumps(content, indent=1).encode())

    def get(self, reference: Reference, policy: VerificationPolicy, entries: Sequence[Entry]) -> Candidate | None:
        """Return an image by its digest if it was verified for the same trust policy and served here.

        Args:
            reference: its name; a tag is never found, since it may have moved.
            policy: the trust policy of today.
            entries: the audit log.
        """
        if not reference.digest:
            return None
        try:
            saved = json.loads(self.path(reference.digest).read_bytes())
            digest, revision, verdict, manifest, *others = (
                str(saved[name])
                for name in ("digest", "revision", "verdict", "manifest", "repository", "trust_policy", "verified_at")
            )
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None
        found = Candidate(reference.repository, digest, revision, verdict, manifest.encode())
        repository, fingerprint, verified_at = others
        served = any(
            entry.action in ("deploy", "rollback")
            and entry.outcome == "succeeded"
            and (entry.repository, entry.digest, entry.to_revision, entry.manifest_sha256, entry.verdict)
            == (repository, digest, revision, found.manifest_sha256, verdict)
            for entry in entries
        )
        expected = (str(reference.repository), reference.digest, _fingerprint(policy))
        if not served or (repository, digest, fingerprint) != expected:
            return None
        return replace(found, remark=f"not verified again, but verified on this host at {verified_at}")

    def path(self, digest: str) -> Path:
        """Return the file of a digest."""
        return self.state / FOLDER / f"{digest.removeprefix('sha256:')}.json"


def _fingerprint(policy: VerificationPolicy) -> str:
    """Return a hash of a trust policy: another key, identity, issuer or source has another."""
    return hashlib.sha256(canonical_json(asdict(policy))).hexdigest()
