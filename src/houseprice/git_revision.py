"""The commit of a checkout, as manifests and image labels state it.

Only the standard library is used.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path


def revision(root: Path, environ: Mapping[str, str] = os.environ) -> str:
    """Return the commit of a checkout, with `-dirty` when tracked files differ from it.

    Without git it is the one that GitHub's environment variables name, or "unknown".
    """
    commit = git(root, "rev-parse", "HEAD") or environ.get("GITHUB_SHA", "")
    dirty = commit and git(root, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}-dirty" if dirty else commit or "unknown"


def git(root: Path, *arguments: str) -> str | None:
    """Return what git prints, or None when it fails; a token in the environment is nothing that git needs."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    environment = {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
    command = ["git", "-C", str(root), *arguments]
    try:
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
