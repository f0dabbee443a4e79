"""Publishing: copy a tested image to its registry, sign it there, then tag it.

The order is the promise: the content by digest, its signature and attestations, the commit's tag, and `latest` last and
only forwards. Whatever breaks in between leaves content that no tag names, or a commit's tag that `latest` has not
reached; the same command, run again, completes it. A commit has one image: where its tag is there and verifies, that
image stays, whatever bytes were built this time (another processor gives other last bits).
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from houseprice.errors import HousePriceError, RegistryError, VerificationError
from houseprice.git_revision import git
from houseprice.release import skopeo
from houseprice.release.credentials import Account
from houseprice.release.image_reference import LATEST, Reference, Repository
from houseprice.release.oci_layout import OciLayout

TEST_REPORT = "image-test.json"
"""File in the folder of a layout, by which its test says which digest passed."""
REVISION = "org.opencontainers.image.revision"

Say = Callable[[str], None]


@dataclass
class Published:
    """What the registry holds now: the digest, its tags, and whether the image is the one that was given."""

    digest: str
    tags: list[str] = field(default_factory=list)
    built: bool = True


def commit_tag(commit: str) -> str:
    """Return the tag of a commit: its first 7 characters.

    Raises:
        RegistryError: with the code `commit_invalid`: that is no commit.
    """
    if not re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", commit):
        raise RegistryError(
            f'"{commit}" is not a full commit hash. Set GITHUB_SHA, or run this in a git checkout.',
            code="commit_invalid",
        )
    return commit[:7]


def publish(
    layout: OciLayout,
    repository: Repository,
    account: Account,
    commit: str,
    *,
    checkout: Path,
    sign: Callable[[str], None],
    check: Callable[[Reference], str],
    move_latest: bool = True,
    say: Say,
) -> Published:
    """Publish an image that passed its test; run again, it completes what broke off and changes nothing else.

    Args:
        layout: the image.
        repository: the target.
        account: that may write there.
        commit: that the image was built from, in full.
        checkout: whose history tells whether `latest` would move forwards.
        sign: signs a digest that the registry holds; called before any tag is set.
        check: verifies a published image and returns its commit, in full.
        move_latest: whether `latest` may move at all.
        say: receives progress.

    Raises:
        HousePriceError: `image_not_tested`, `commit_mismatch`; `tag_exists_with_other_digest` when the commit's tag is
            there and does not verify; or what the registry or the signer refuses. `details["published"]` lists the tags
            that are set.
    """
    done = Published(layout.digest)
    with _reported(repository, done):
        tag = commit_tag(commit)
        _check_tested(layout, commit)
        known = (Reference(repository, tag), layout.digest, commit, account, check)
        if found := _published(*known):
            say(f"{repository.tagged(tag)} is published already and verifies: {found}")
        else:
            say(f"copying {layout.digest} to {repository}")
            skopeo.copy(layout.folder, Reference(repository, digest=layout.digest), account)
            sign(layout.digest)
            if not (found := _published(*known)):  # another run of this commit may have been faster
                _tag(repository, layout.digest, tag, account)
                found = layout.digest
            say(f"pushed {repository.tagged(tag)}")
        done.digest, done.built = found, found == layout.digest
        done.tags.append(tag)
        if not move_latest:
            say("latest stays: this run does not move it")
        elif _forwards(repository, done.digest, commit, account, checkout, say):
            _tag(repository, done.digest, LATEST, account)
            done.tags.append(LATEST)
    return done


def retag(repository: Repository, key: str, account: Account | None, *, say: Say) -> Published:
    """Move `latest` on purpose, also backwards, to a published image: by the tag of its commit, or its digest.

    Raises:
        RegistryError: `registry_not_found`; `commit_tag_missing` when no tag would keep the image once `latest` moves
            on; or what the registry refuses.
    """
    done = Published("")
    with _reported(repository, done):
        by_digest = key.startswith("sha256:")
        named = Reference(repository, digest=key) if by_digest else Reference(repository, key)
        done.digest = skopeo.digest_of(named, account)
        tag = _revision(repository, done.digest, account)[:7] if by_digest else key
        if not re.fullmatch("[0-9a-f]{7}", tag) or find_digest(Reference(repository, tag), account) != done.digest:
            raise RegistryError(
                f"{named} has no tag of its commit. Publish that commit again, then move latest.",
                code="commit_tag_missing",
                digest=done.digest,
            )
        done.tags.append(tag)
        _tag(repository, done.digest, LATEST, account)
        done.tags.append(LATEST)
        say(f"{repository.tagged(LATEST)} is {done.digest}")
    return done


def find_digest(reference: Reference, account: Account | None) -> str | None:
    """Return the digest of a tag, or None when there is none."""
    try:
        return skopeo.digest_of(reference, account)
    except RegistryError as err:
        if err.code == "registry_not_found":
            return None
        raise


@contextmanager
def _reported(repository: Repository, done: Published) -> Iterator[None]:
    """Complete every error with the tags that are set already."""
    try:
        yield
    except HousePriceError as err:
        tags = " and ".join(repository.tagged(tag) for tag in done.tags)
        state = f"{tags} is published; latest was not moved." if tags else "No tag was changed."
        err.args = (f"{err} {state}",)
        err.details["published"] = tuple(done.tags)
        raise


def _check_tested(layout: OciLayout, commit: str) -> None:
    """Refuse an image that did not pass its test as this very digest, or that is of another commit."""
    path = layout.folder / TEST_REPORT
    try:
        test = json.loads(path.read_bytes())
        passed = test["passed"] is True and test["digest"] == layout.digest
    except (OSError, ValueError, LookupError, TypeError):
        passed = False
    if not passed:
        raise RegistryError(
            f'"{path}" does not say that {layout.digest} passed its test. Run the image test on it first.',
            code="image_not_tested",
            digest=layout.digest,
        )
    if (revision := layout.labels.get(REVISION, "")) != commit:
        raise RegistryError(
            f'"{layout.folder}" was built from "{revision or "unknown"}", not from {commit}. Build it from a clean '
            "checkout of that commit.",
            code="commit_mismatch",
            revision=revision,
        )


def _published(
    reference: Reference, digest: str, commit: str, account: Account, check: Callable[[Reference], str]
) -> str | None:
    """Return the digest of a commit's tag that verifies; None when the image is still to be copied, signed or tagged.

    A registry that denies reading what does not exist yet, as Docker Hub may, is believed: the copy tells the truth.
    """
    try:
        found = find_digest(reference, account)
    except RegistryError as err:
        if err.code != "registry_denied":
            raise
        return None
    if found is None:
        return None
    problem = "its labels name another commit"
    try:
        if check(reference) == commit:
            return found
    except VerificationError as err:
        if err.code not in ("image_mismatch", "image_too_large", "index_invalid"):
            raise
        if found == digest:
            return None  # what was tagged without a signature is signed now
        problem = str(err)
    raise RegistryError(
        f"{reference} exists with another digest ({found}; this image is {digest}) and does not verify: {problem} Find "
        "out who pushed it, delete that tag, and run this again.",
        code="tag_exists_with_other_digest",
        found=found,
        digest=digest,
    )


def _tag(repository: Repository, digest: str, tag: str, account: Account | None) -> None:
    """Set a tag on a digest that the registry holds, and make sure that it is there."""
    skopeo.copy(Reference(repository, digest=digest), Reference(repository, tag), account)
    if (found := find_digest(Reference(repository, tag), account)) != digest:
        raise RegistryError(
            f"{repository.tagged(tag)} was set to {digest} and is {found}. Another job may publish at the same time; "
            "run this again when it has ended.",
            code="tag_moved",
            found=found,
        )


def _forwards(repository: Repository, digest: str, commit: str, account: Account, checkout: Path, say: Say) -> bool:
    """Return whether `latest` would move forwards: the commit that it is of is an ancestor of this one."""
    found = find_digest(Reference(repository, LATEST), account)
    if found in (None, digest):
        return True
    revision = _revision(repository, str(found), account)
    if is_ancestor(checkout, revision, commit):
        say(f"latest moves from {revision[:7]} to {commit[:7]}")
        return True
    say(
        f"latest stays at {revision[:7] or 'an unknown commit'}, which is not an ancestor of {commit[:7]}. To move it "
        f"on purpose: python3 -m houseprice.release retag {commit[:7]}"
    )
    return False


def _revision(repository: Repository, digest: str, account: Account | None) -> str:
    config = skopeo.inspect_config(Reference(repository, digest=digest), account)
    return str(((config.get("config") or {}).get("Labels") or {}).get(REVISION) or "")


def is_ancestor(checkout: Path, older: str, younger: str) -> bool:
    """Return whether git knows one commit to be an ancestor of another; of an unknown commit it does not."""
    if not all(re.fullmatch("[0-9a-f]{40,64}", commit) for commit in (older, younger)):
        return False
    return git(checkout, "merge-base", "--is-ancestor", older, younger) is not None
