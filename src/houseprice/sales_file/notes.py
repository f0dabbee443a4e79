"""Decisions about how a file is written, each with a verdict and what proves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from houseprice.errors import DataError

Verdict = Literal["certain", "likely", "ambiguous"]


@dataclass(frozen=True)
class Note:
    """One decision.

    Attributes:
        key: key of `data.file` that states it otherwise; "" for what is only told.
        value: what was decided.
        verdict: how sure it is.
        reason: what it was decided by, as a sentence.
        lines: numbers of lines of the file (rows of a sheet), from 1, that prove it; the first few.
        file: the file, when it is one of several.
    """

    key: str
    value: Any
    verdict: Verdict
    reason: str
    lines: tuple[int, ...] = ()
    file: str = ""


def ambiguous(where: str, note: Note, choices: Sequence[Any]) -> DataError:
    """Return the error of a decision that only a person can make."""
    listed = " or ".join(repr(choice) if isinstance(choice, str) else str(choice) for choice in choices)
    return DataError(
        f'"{where}" can be read in more than one way: {note.reason} Set data.file.{note.key} to {listed}.',
        code="layout_ambiguous",
        key=note.key,
        choices=list(choices),
        lines=list(note.lines),
        path=where,
    )


def contradicted(where: str, key: str, value: Any, reason: str) -> DataError:
    """Return the error of a file that is not written as its layout states."""
    return DataError(
        f'"{where}" is not written as data.file.{key} states ({value!r}): {reason} Correct the key, or set it to auto.',
        code="layout_contradicted",
        key=key,
        path=where,
    )
