"""An event in production in, one line of the ledger out: one spelling, hashed over all that it says."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal, Self, get_args

START = "0" * 64
"""What the first line names as the hash of the line before."""

Action = Literal["deploy", "rollback", "retag", "return"]
Outcome = Literal["done", "refused", "failed", "interrupted"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that was done in production, or tried.

    Attributes:
        who: user and machine, or the account of a workflow.
        action: `return` is the way back that a deployment takes by itself.
        from_: commit that served before; empty when none did.
        to: commit that was to serve.
        repository, digest: the very image of `to`; empty when it was never found.
        evidence: sha256 of the evidence that was verified.
        verdict: `green` or `red`, as the model was judged; empty when it was not seen.
        outcome: `refused` before anything was started, `failed` while what served before went on serving,
            `interrupted` when nobody was left to tell; `done` otherwise.
        seconds: how long it took.
        note: one sentence, mostly why not.
    """

    who: str
    action: Action
    from_: str
    to: str
    repository: str = ""
    digest: str = ""
    evidence: str = ""
    verdict: str = ""
    outcome: Outcome
    seconds: float
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Line(Event):
    """An event in its place in the chain."""

    n: int
    when: str
    previous: str
    hash: str

    @classmethod
    def after(cls, last: "Line | None", event: Event) -> Self:
        """Give back the line of an event that comes after another line, or first."""
        content = {
            **asdict(event),
            "seconds": round(float(event.seconds), 3),
            "n": last.n + 1 if last else 1,
            "when": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "previous": last.hash if last else START,
        }
        return cls(**content, hash=_hash(_named(content)))

    @classmethod
    def read(cls, text: bytes) -> Self | None:
        """Give back the line that some bytes spell, or nothing unless they are what `spelled` gave."""
        try:
            found = json.loads(text)
            if not isinstance(found, dict) or set(found) != _NAMES or canonical(found) != text:
                return None
            if not all(isinstance(value, _KINDS.get(name, str)) for name, value in found.items()):
                return None
            if found["action"] not in get_args(Action) or found["outcome"] not in get_args(Outcome):
                return None
            own = found.pop("hash")
            if _hash(found) != own:
                return None
            return cls(from_=found.pop("from"), hash=own, **found)
        except (ValueError, RecursionError):
            return None

    def told(self) -> dict[str, Any]:
        """Give back what the line says, by the names that stand in the file."""
        return _named(asdict(self))

    def spelled(self) -> bytes:
        """Give back the one spelling of this line, without its end."""
        return canonical(self.told())


def canonical(content: Any) -> bytes:
    """Give back JSON in one spelling: sorted, without blanks, in ASCII, so that no text can break a line."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _named(content: dict[str, Any]) -> dict[str, Any]:
    return {name.rstrip("_"): value for name, value in content.items()}  # `from` is a word of Python's


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(content)).hexdigest()


_NAMES = frozenset(field.name.rstrip("_") for field in fields(Line))
_KINDS: dict[str, type[int] | type[float]] = {"n": int, "seconds": float}
"""Names of what is no text."""
