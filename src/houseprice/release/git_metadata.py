"""Commit, repository, version and time of a checkout, as an image's labels and timestamps state them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from houseprice.errors import ImageError
from houseprice.git_revision import git, revision

DEFAULT_EPOCH = 1_577_836_800
"""2020-01-01, for a checkout without a commit time."""


@dataclass(frozen=True)
class GitMetadata:
    """Where the files of an image come from; `unknown` where it cannot be determined."""

    revision: str
    source: str
    version: str

    @property
    def tag(self) -> str:
        """The first 7 characters of the commit; with `-dirty` when tracked files differ from it."""
        commit, _, dirty = self.revision.partition("-")
        return commit[:7] + (f"-{dirty}" if dirty else "")


def read_git_metadata(root: Path, environ: Mapping[str, str]) -> GitMetadata:
    """Return commit, repository and version of a checkout, from git or else from GitHub's environment variables."""
    server, repository = environ.get("GITHUB_SERVER_URL", "https://github.com"), environ.get("GITHUB_REPOSITORY", "")
    source = f"{server}/{repository}" if repository else _web_page(git(root, "remote", "get-url", "origin") or "")
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return GitMetadata(revision(root, environ), source or "unknown", version)


def source_date_epoch(root: Path, environ: Mapping[str, str]) -> int:
    """Return the time that an image states: SOURCE_DATE_EPOCH, else the commit's time, else a fixed day.

    Raises:
        ImageError: `source_date_epoch_invalid`: SOURCE_DATE_EPOCH is not a whole number of seconds since 1970.
    """
    given = environ.get("SOURCE_DATE_EPOCH", "") or git(root, "log", "-1", "--format=%ct")
    if given and not re.fullmatch(r"[0-9]{1,11}", given):
        raise ImageError(
            f'SOURCE_DATE_EPOCH is "{given}" but must be whole seconds since 1970-01-01. Correct or unset it.',
            code="source_date_epoch_invalid",
        )
    return int(given or DEFAULT_EPOCH)


def rfc3339(epoch: int) -> str:
    """Return a time as images state it: 2026-01-31T12:00:00Z."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _web_page(remote: str) -> str:
    """Return a remote as the address of a web page, without the user or token that it may hold."""
    remote = re.sub(r"^(?:ssh://)?git@([^:/]+)[:/]", r"https://\1/", remote).removesuffix(".git")
    parts = urlsplit(remote)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
