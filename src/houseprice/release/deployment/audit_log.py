"""Append-only audit log of production: one JSON line per event, each chained to the previous one by its hash.

Changing, removing or moving a line breaks the chain. Removing the newest lines leaves a shorter chain that is valid in
itself, so the number and hash of the newest entry are also kept in a head file beside the log. Whoever can write both
files can forge them: keep a copy on another machine.

Writers lock the log. An entry counts once it is on disk; the incomplete line of a writer that was killed is removed by
the next one.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self, get_args

from houseprice.atomic_io import write_durably
from houseprice.errors import AuditLogError, DataError
from houseprice.release.docker_cli import Say

NAME = "audit-log.jsonl"
NO_HASH = "0" * 64
"""`previous_hash` of the first entry."""

Action = Literal["deploy", "rollback", "retag", "automatic_rollback"]
Outcome = Literal["succeeded", "refused", "failed", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that was done in production, or attempted.

    Attributes:
        actor: user and machine, or the account that started a workflow.
        action: `automatic_rollback` is what a failed deployment does by itself after the switch.
        from_revision: commit that served before; empty if none did.
        to_revision: commit that was to serve.
        repository, digest: the image of `to_revision`; empty if it was never resolved.
        manifest_sha256: SHA-256 of the verified model manifest.
        verdict: `passed` or `failed`, the result of the model's quality gates; empty if it was not read.
        outcome: `refused` before anything was started; `failed` while the previous version kept serving;
            `interrupted` when the process was killed.
        detail: one sentence, mostly the reason of a failure.
    """

    actor: str
    action: Action
    from_revision: str
    to_revision: str
    repository: str = ""
    digest: str = ""
    manifest_sha256: str = ""
    verdict: str = ""
    outcome: Outcome
    duration_seconds: float
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry(Event):
    """An event with its place in the chain."""

    sequence: int
    timestamp: str
    previous_hash: str
    hash: str

    @classmethod
    def after(cls, previous: "Entry | None", event: Event) -> Self:
        """Return the entry of an event that follows another one, or is the first."""
        content = {
            **asdict(event),
            "duration_seconds": round(float(event.duration_seconds), 3),
            "sequence": previous.sequence + 1 if previous else 1,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "previous_hash": previous.hash if previous else NO_HASH,
        }
        return cls(**content, hash=_hash(content))

    @classmethod
    def parse(cls, line: bytes) -> Self | None:
        """Return the entry of a line, or None unless it is byte for byte what `to_json` wrote."""
        try:
            content = json.loads(line)
            if not isinstance(content, dict) or set(content) != _FIELDS or canonical_json(content) != line:
                return None
            if not all(isinstance(value, _TYPES.get(name, str)) for name, value in content.items()):
                return None
            if content["action"] not in get_args(Action) or content["outcome"] not in get_args(Outcome):
                return None
            entry = cls(**content)
            return entry if _hash({k: v for k, v in content.items() if k != "hash"}) == entry.hash else None
        except (ValueError, RecursionError):
            return None

    def to_json(self) -> bytes:
        """Return the line, without its line feed."""
        return canonical_json(asdict(self))


_FIELDS = frozenset(field.name for field in fields(Entry))
_TYPES: dict[str, type[int] | type[float]] = {"sequence": int, "duration_seconds": float}


@dataclass(frozen=True)
class Content:
    """A verified log; `incomplete` is what a killed writer left after the last whole line."""

    entries: tuple[Entry, ...]
    incomplete: bytes


class AuditLog:
    """The audit log of one host.

    Attributes:
        path: the log.
        head: file with number and hash of the newest entry.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.head = path.with_name(f"{path.name}.head")

    def read(self) -> Content:
        """Return every entry after checking the whole chain; a log that does not exist is empty.

        Raises:
            AuditLogError: the log was tampered with (`details` has `line`), or cannot be read.
        """
        try:
            with self._locked(os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
                return self._check(_read(descriptor))
        except FileNotFoundError:
            return self._check(b"")
        except OSError as err:
            raise AuditLogError(
                f'Cannot read "{self.path}" ({err.strerror or err}); check its permissions.',
                code="audit_log_unreadable",
            ) from err

    def append(self, event: Event, say: Say) -> Entry:
        """Append an entry that is on disk when this returns; other processes wait for the lock.

        Raises:
            AuditLogError: the log cannot be written, or was tampered with.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked(os.O_RDWR | os.O_CREAT | os.O_APPEND, fcntl.LOCK_EX) as descriptor:
                raw = _read(descriptor)
                content = self._check(raw)
                if content.incomplete:
                    os.ftruncate(descriptor, len(raw) - len(content.incomplete))
                    say(f'Removed {len(content.incomplete)} bytes of an incomplete line from "{self.path}".')
                entry = Entry.after(content.entries[-1] if content.entries else None, event)
                _write(descriptor, entry.to_json() + b"\n")
                os.fsync(descriptor)
                head = {"sequence": entry.sequence, "hash": entry.hash}
                write_durably(self.head, canonical_json(head) + b"\n")
                return entry
        except (OSError, DataError) as err:
            raise AuditLogError(
                f'Cannot write "{self.path}" ({getattr(err, "strerror", None) or err}); free some space or check its '
                "permissions, then run the command again.",
                code="audit_log_unwritable",
            ) from err

    def intact(self) -> tuple[Entry, ...]:
        """Return the entries that are intact by themselves, whatever happened to others; none of an unreadable log."""
        try:
            return tuple(entry for entry in map(Entry.parse, self.path.read_bytes().splitlines()) if entry)
        except OSError:
            return ()

    def replace_damaged(self) -> Path:
        """Rename a damaged log so that the next entry starts a new chain, and return its new name."""
        kept = self.path.with_name(f"{self.path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
        for path, name in ((self.path, kept), (self.head, kept.with_name(f"{kept.name}.head"))):
            with suppress(FileNotFoundError):
                path.rename(name)
        return kept

    def _check(self, raw: bytes) -> Content:
        *lines, incomplete = raw.split(b"\n")
        entries: list[Entry] = []
        for number, line in enumerate(lines, 1):
            entry = Entry.parse(line)
            previous_hash = entries[-1].hash if entries else NO_HASH
            if entry is None or (entry.sequence, entry.previous_hash) != (number, previous_hash):
                raise _tampered(
                    number, f'Line {number} of "{self.path}" breaks the hash chain: it was changed or moved, or a line'
                    " before it was removed"
                )  # fmt: skip
            entries.append(entry)
        self._check_head(entries)
        return Content(tuple(entries), incomplete)

    def _check_head(self, entries: list[Entry]) -> None:
        """Check that the entry named by the head is there; a writer may be killed before it updates the head."""
        try:
            head = json.loads(self.head.read_bytes())
            number, hash_ = int(head["sequence"]), str(head["hash"])
        except FileNotFoundError:
            if len(entries) > 1:
                raise _tampered(len(entries), f'"{self.head}", which protects the end of the log, is missing') from None
            return
        except (ArithmeticError, ValueError, KeyError, TypeError) as err:
            raise _tampered(len(entries), f'"{self.head}" is not valid') from err
        if number > len(entries):
            raise _tampered(
                len(entries) + 1, f'"{self.path}" ends after line {len(entries)}, but "{self.head}" names line {number}'
            )
        if number < 1 or entries[number - 1].hash != hash_:
            raise _tampered(number, f'Line {number} of "{self.path}" does not have the hash in "{self.head}"')

    @contextmanager
    def _locked(self, flags: int, lock: int) -> Iterator[int]:
        descriptor = os.open(self.path, flags, 0o644)
        try:
            fcntl.flock(descriptor, lock)
            yield descriptor
        finally:
            os.close(descriptor)


def canonical_json(content: Any) -> bytes:
    """Return JSON with sorted keys, no blanks and ASCII only, so that equal content has equal bytes."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _tampered(line: int, message: str) -> AuditLogError:
    advice = "compare it with a copy, and find out who wrote there."
    return AuditLogError(f"{message}; {advice}", code="audit_log_tampered", line=line)


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _read(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        stream.seek(0)
        return stream.read()


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
