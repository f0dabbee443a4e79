"""Two commits in, which is newer out: by the history of the checkout, and by the clock where it knows too little."""

import os
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from houseprice.release.registry.patience import Say

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def newer(checkout: Path, commit: str, created: str, say: Say) -> Callable[[str, str], bool]:
    """Give back what tells whether this commit is newer than the one that `latest` is of.

    Ancestors are asked for first. A checkout that holds the newest commit alone, as workflows make it, knows none; then
    the moments of both commits are compared. What cannot be told is not newer: `latest` only moves forwards.

    Args:
        checkout: a git repository, or not.
        commit: that is to be published.
        created: its moment, in ISO 8601.
        say: told what was decided, and why.
    """

    def decide(old: str, old_created: str) -> bool:
        found, reason = _decide(checkout, (old, old_created), (commit, created))
        say(f"latest {'moves' if found else 'stays'}: {reason}")
        return found

    return decide


def _decide(checkout: Path, old: tuple[str, str], new: tuple[str, str]) -> tuple[bool, str]:
    names = f"{new[0][:7]} and {old[0][:7] or 'an image that names no commit'}"
    if old[0] == new[0]:
        return True, f"it is of {new[0][:7]} already"
    if _is_ancestor(checkout, old[0], new[0]):
        return True, f"{new[0][:7]} comes after {old[0][:7]} in the history"
    if _is_ancestor(checkout, new[0], old[0]):
        return False, f"{new[0][:7]} comes before {old[0][:7]} in the history; a newer commit was published already"
    moments = _moment(old[1]), _moment(new[1])
    if not (moments[0] and moments[1]):
        return False, (
            f"neither the history here nor the moments tell which of {names} is newer; move it on purpose with "
            f"`scripts/publish retag {new[0][:7]}`"
        )
    told = f"the history here does not connect {names}, and the moments are {new[1]} and {old[1]}"
    if moments[0] == moments[1]:
        return False, f"{told}; move it on purpose with `scripts/publish retag {new[0][:7]}`"
    return moments[0] < moments[1], told


def _is_ancestor(checkout: Path, older: str, younger: str) -> bool:
    """Tell whether git knows one commit to come before another; where it knows nothing, it does not."""
    if not (_COMMIT.fullmatch(older) and _COMMIT.fullmatch(younger)):
        return False
    command = ["git", "-C", str(checkout), "merge-base", "--is-ancestor", older, younger]
    try:
        said = subprocess.run(command, env=_environment(), capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0


def _environment() -> dict[str, str]:
    """Give what git needs; a token is nothing that it needs, and nothing that it should ask for."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
