"""What was verified here in, the same again out: for the hour in which one must go back and no registry answers.

A memory counts only for who trusts the same signer as then, of an image that served here by a ledger whose chain is
whole, under the one digest that never means anything else. It is never asked while the registry has an answer, be that
a bad one.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from houseprice.atomic_io import write_durably
from houseprice.bundle import manifest as manifests
from houseprice.release.deployment.audit_entry import Line
from houseprice.release.deployment.candidate import Candidate
from houseprice.release.image_reference import Reference
from houseprice.release.verification.policy import Trust

FOLDER = "verified"


@dataclass(frozen=True)
class Memory:
    """What was verified at one place of production.

    Attributes:
        folder: one file for each digest.
    """

    folder: Path

    @classmethod
    def of(cls, state: Path) -> "Memory":
        """Give back the memory of a place, by the folder of what is remembered there."""
        return cls(state / FOLDER)

    def keep(self, candidate: Candidate, trust: Trust) -> None:
        """Remember an image that was verified just now, in place of what was known of it.

        Raises:
            DataError: it cannot be written.
        """
        told = {
            "trust": _signer(trust),
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "repository": str(candidate.repository),
            "digest": candidate.digest,
            "revision": candidate.revision,
            "evidence": candidate.evidence,
            "verdict": candidate.verdict,
            "manifest": candidate.manifest.decode(),
        }
        write_durably(self._path(candidate.digest), json.dumps(told, indent=1).encode())

    def recall(self, reference: Reference, trust: Trust, lines: Sequence[Line]) -> Candidate | None:
        """Give back what was verified of an image by its digest; nothing unless it served here, for the same signer.

        Args:
            reference: its name; a tag may mean something else by now, and is not remembered.
            trust: whose signature counts now.
            lines: of the ledger.
        """
        if not reference.digest:
            return None
        try:
            told = json.loads(self._path(reference.digest).read_bytes())
            found = Candidate(
                reference.repository,
                str(told["digest"]),
                str(told["revision"]),
                str(told["evidence"]),
                str(told["verdict"]),
                str(told["manifest"]).encode(),
            )
            signer, when, repository = str(told["trust"]), str(told["when"]), str(told["repository"])
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None
        fits = (signer, repository, found.digest) == (_signer(trust), str(reference.repository), reference.digest)
        served = any(
            line.action in ("deploy", "rollback")
            and (line.outcome, line.repository, line.digest, line.to, line.evidence, line.verdict)
            == ("done", repository, found.digest, found.revision, found.evidence, found.verdict)
            for line in lines
        )
        remark = f"verified here at {when}, and not again, since the registry did not answer"
        return replace(found, remark=remark) if fits and served else None

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest.removeprefix('sha256:')}.json"


def _signer(trust: Trust) -> str:
    """Give back a name of whom somebody trusts; another key, identity, issuer or repository has another."""
    return manifests.sha256(manifests.canonical(asdict(trust)))
