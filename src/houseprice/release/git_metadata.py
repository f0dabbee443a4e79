"""A checkout in, where it comes from out: commit, address, version, and the time that its files may bear."""

import re
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from houseprice.errors import ImageError

UNDATED = 1_577_836_800
"""The time of a checkout that has none: the first second of 2020."""


@dataclass(frozen=True)
class Origin:
    """Where the files of an image come from; `unknown` where nobody can tell."""

    revision: str
    source: str
    version: str

    @property
    def tag(self) -> str:
        """The 7 characters of the commit; marked when files differ from it."""
        commit, _, dirty = self.revision.partition("-")
        return commit[:7] + (f"-{dirty}" if dirty else "")


def origin_of(root: Path, environ: Mapping[str, str]) -> Origin:
    """Give back commit, address and version of a checkout, from git, else from what GitHub Actions says."""
    revision = _git(root, "rev-parse", "HEAD") or environ.get("GITHUB_SHA", "")
    if revision and _git(root, "status", "--porcelain", "--untracked-files=no"):
        revision += "-dirty"
    hosted = environ.get("GITHUB_SERVER_URL", "https://github.com"), environ.get("GITHUB_REPOSITORY", "")
    source = "/".join(hosted) if hosted[1] else _public(_git(root, "remote", "get-url", "origin"))
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return Origin(revision or "unknown", source or "unknown", version)


def epoch_of(root: Path, environ: Mapping[str, str]) -> int:
    """Give back the newest time that a file of an image may bear: the same commit, the same bytes.

    It is the `SOURCE_DATE_EPOCH` of the environment, else the time of the commit, else a day that never changes.

    Raises:
        ImageError: the environment gives no whole number of seconds since 1970.
    """
    given = environ.get("SOURCE_DATE_EPOCH", "") or _git(root, "log", "-1", "--format=%ct")
    if given and not re.fullmatch(r"[0-9]{1,11}", given):
        raise ImageError(
            f'SOURCE_DATE_EPOCH is "{given}"; expected whole seconds since 1970-01-01; correct it, or take it away.'
        )
    return int(given or UNDATED)


def instant(epoch: int) -> str:
    """Give back a time as images bear it: 2026-01-31T12:00:00Z."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _git(root: Path, *arguments: str) -> str:
    try:
        said = subprocess.run(
            ["git", "-C", str(root), *arguments],  # noqa: S607 - git is found as everywhere, on the PATH
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def _public(address: str) -> str:
    """Give back a remote's address as a web page, without the user or token that it may hold."""
    address = re.sub(r"^(?:ssh://)?git@([^:/]+)[:/]", r"https://\1/", address).removesuffix(".git")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
