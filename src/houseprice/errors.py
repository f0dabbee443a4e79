"""Exceptions of this project: their tree, exit codes and stable codes.

Each message is one natural sentence that says what is wrong and what to do about it. Programs and tests look at the
class, at `code` and at `details`, never at the words. The tree, with exit code and default `code`:

    HousePriceError                 1   error
    ├── ConfigError                 3   config_invalid          the configuration cannot be used
    ├── DataError                   4   data_invalid            a table cannot be used
    │   ├── RejectedShareError      4   too_many_rejected       too many rows would have been rejected
    │   └── InvalidActualsError     4   actuals_invalid         some prices paid cannot be taken, so none was
    ├── ArtifactError               5   artifact_invalid        a model file is missing, changed, newer or mismatched
    ├── GateError                   6   gate_failed             the model was judged and is not good enough
    ├── TrackingError               7   tracking_failed         MLflow does not answer, or refuses
    ├── ServingError                8   serving_failed          the API cannot start
    ├── ImageError                  9   image_failed            an image cannot be built, or fails its test
    ├── MissingDependencyError     10   dependency_missing      this command needs libraries that are not installed
    ├── RegistryError              11   registry_failed         a registry refuses, or does not answer
    ├── VerificationError          12   verification_failed     an image cannot be verified or signed
    ├── DeploymentError            13   deployment_failed       a deployment or rollback failed; nothing changed
    ├── AuditLogError              14   audit_log_invalid       the audit log was changed, or cannot be written
    ├── FolderLockedError          15   folder_locked           another run writes into the same folder
    ├── StoreError                 16   store_failed            the store of predictions cannot be used
    ├── SpoolError                 17   spool_failed            the spool of predictions cannot be written
    ├── ClusterError               18   cluster_failed          a Ray cluster cannot be used
    └── EvidenceError               1   evidence_invalid        an evidence pack does not prove what it claims

A `code` given where the exception is raised is narrower than its class (`registry_unauthorized`). Exit code 2 is a
command line that cannot be understood, 130 an interruption by Ctrl-C or SIGTERM. HTTP errors are FastAPI's own: 422
for a house that cannot be priced, 503 for a model that no longer reproduces its golden predictions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from itertools import takewhile
from typing import Any


class HousePriceError(Exception):
    """Base of all exceptions of this project.

    Attributes:
        exit_code: what the command line exits with.
        code: stable name of what went wrong, for programs and tests.
        details: facts about it by name, such as `status` or `path`; never a secret.
    """

    exit_code = 1
    code = "error"

    def __init__(self, message: str, *, code: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.details = details


class ConfigError(HousePriceError):
    """The configuration cannot be used; `problems` holds a line for each dotted key."""

    exit_code = 3
    code = "config_invalid"

    def __init__(self, message: str, problems: Iterable[str] = (), *, code: str = "", **details: Any) -> None:
        self.problems = tuple(problems)
        super().__init__(message, code=code, **details)


class DataError(HousePriceError):
    """A table cannot be used."""

    exit_code = 4
    code = "data_invalid"


class RejectedShareError(DataError):
    """More rows would be rejected than the configuration allows."""

    code = "too_many_rejected"


@dataclass(frozen=True)
class RowError:
    """Why one row of a table or list cannot be taken.

    Attributes:
        row: its position, from 0.
        code: stable name of the reason.
        message: a sentence about it.
    """

    row: int
    code: str
    message: str


class InvalidActualsError(DataError):
    """Some prices paid cannot be taken, so that none of them was; `errors` holds one or more for each broken row."""

    code = "actuals_invalid"

    def __init__(self, message: str, errors: Iterable[RowError] = (), *, code: str = "", **details: Any) -> None:
        self.errors = tuple(errors)
        super().__init__(message, code=code, **details)


class ArtifactError(HousePriceError):
    """A file of the model is missing, changed, newer than this program, or belongs to another run."""

    exit_code = 5
    code = "artifact_invalid"


class GateError(HousePriceError):
    """The model was judged and is not good enough to be published."""

    exit_code = 6
    code = "gate_failed"


class TrackingError(HousePriceError):
    """MLflow does not answer, or refuses."""

    exit_code = 7
    code = "tracking_failed"


class ServingError(HousePriceError):
    """The API cannot start."""

    exit_code = 8
    code = "serving_failed"


class ImageError(HousePriceError):
    """An image cannot be built, or fails its test."""

    exit_code = 9
    code = "image_failed"


class MissingDependencyError(HousePriceError):
    """The command needs libraries that are not installed here."""

    exit_code = 10
    code = "dependency_missing"


class RegistryError(HousePriceError):
    """A registry refuses, does not answer, or holds something else than expected."""

    exit_code = 11
    code = "registry_failed"


class VerificationError(HousePriceError):
    """An image does not match its claims, or cannot be signed; `mismatches` holds a sentence for each."""

    exit_code = 12
    code = "verification_failed"

    def __init__(self, message: str, mismatches: Iterable[str] = (), *, code: str = "", **details: Any) -> None:
        self.mismatches = tuple(mismatches)
        super().__init__(message, code=code, **details)


class DeploymentError(HousePriceError):
    """A deployment or a rollback did not succeed; what served before serves still."""

    exit_code = 13
    code = "deployment_failed"


class AuditLogError(HousePriceError):
    """The audit log was changed, or cannot be written."""

    exit_code = 14
    code = "audit_log_invalid"


class FolderLockedError(HousePriceError):
    """Another run writes into the same folder."""

    exit_code = 15
    code = "folder_locked"


class StoreError(HousePriceError):
    """The store of predictions cannot be used; `code` tells whether trying again later may help."""

    exit_code = 16
    code = "store_failed"


class SpoolError(HousePriceError):
    """Predictions cannot be written to their spool."""

    exit_code = 17
    code = "spool_failed"


class ClusterError(HousePriceError):
    """A Ray cluster cannot be reached, or is of other versions than this machine."""

    exit_code = 18
    code = "cluster_failed"


class EvidenceError(HousePriceError):
    """An evidence pack was changed, is about another model, or does not prove what it claims."""

    code = "evidence_invalid"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint such as ' (did you mean "grade"?)', or nothing when no known name is near."""
    names = {str(k).casefold(): str(k) for k in known}
    typed = name.casefold()
    close = get_close_matches(typed, names, n=3)
    if not close:
        return ""

    # Of equally near ones, that with the longer beginning in common: "north_eest" is rather north_east than north_west.
    def nearness(known: str) -> tuple[float, int]:
        same = takewhile(lambda pair: pair[0] == pair[1], zip(known, typed, strict=False))
        return SequenceMatcher(None, known, typed).ratio(), len(list(same))

    best = max(close, key=nearness)
    return f' (did you mean "{names[best]}"?)'
