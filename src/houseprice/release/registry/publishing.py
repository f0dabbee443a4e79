"""A tested image in, two tags on its digest out; after every step, `latest` is of something that is wholly there.

The order is the promise: all content by digest, its signature, the commit's tag, and `latest` at the very end. Whatever
breaks in between leaves content that no tag names, or a commit's tag that `latest` has not come to yet.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from houseprice.errors import HousePriceError, RegistryError
from houseprice.release.image_reference import LATEST
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Manifest, Registry
from houseprice.release.registry.patience import GaveUpError, Say
from houseprice.release.registry.revision import REVISION, Revision, revision_of

ROUNDS = 5
"""How often `latest` is looked at anew, when others move it at the same time."""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Published:
    """What stands in the registry now: the digest, and the tags that are on it."""

    digest: str
    tags: tuple[str, ...]


@dataclass
class Stand:
    """How far it has come, as the sentence that follows an error."""

    told: str = "Nothing was published."


def tag_of(commit: str) -> str:
    """Give back the tag of a commit: its first 7 characters.

    Raises:
        RegistryError: that is no commit.
    """
    if not _COMMIT.fullmatch(commit):
        raise RegistryError(
            f'"{commit}" is no commit; expected 40 characters; set GITHUB_SHA, or run this in a checkout.'
        )
    return commit[:7]


def publish(
    layout: Layout,
    registry: Registry,
    commit: str,
    *,
    tested: str,
    move_latest: bool,
    newer: Callable[[str, str], bool],
    sign: Callable[[str], None],
    say: Say,
) -> Published:
    """Publish an image that was tested; done again, it completes what broke off, and changes nothing that stands.

    Args:
        layout: the image.
        registry: where to; its account may write.
        commit: that it was built from, in full.
        tested: the digest that passed the test.
        move_latest: whether `latest` may move at all.
        newer: tells, of revision and moment of the image that `latest` is of, whether this one is newer.
        sign: signs a digest that the registry holds; nothing is tagged before it is done.
        say: told what happens.

    Raises:
        RegistryError: the registry refuses, does not answer, or holds another image under the commit's tag.
        HousePriceError: the image is not the tested one, or cannot be signed. Every message ends with what was done.
    """
    stand = Stand()
    with accounted(stand):
        tag = tag_of(commit)
        index = _tested(layout, commit, tested)
        registry.may_write()
        if _is_there(registry, tag, index.digest):
            say(f"{registry.repository.tagged(tag)} is there already, with this digest; nothing is sent")
        else:
            _send(layout, registry, say)
            sign(index.digest)
            _tag(registry, tag, index, stand)
            say(f"pushed {registry.repository.tagged(tag)}")
        stand.told = _only(registry, tag)
        if not move_latest:
            say("latest stays where it is")
        elif _advance(registry, index, newer, stand, say):
            return Published(index.digest, (tag, LATEST))
    return Published(index.digest, (tag,))


def retag(registry: Registry, key: str, *, say: Say) -> Published:
    """Move `latest` on purpose, also backwards, to an image whose commit's tag is there.

    Args:
        registry: where the image is.
        key: its digest, or the tag of its commit.
        say: told what happens.

    Raises:
        RegistryError: there is no such image, or no tag of its commit; or the registry refuses or does not answer.
    """
    stand = Stand("latest was not moved.")
    with accounted(stand):
        found = registry.manifest(key)
        if found is None or key == LATEST:
            raise RegistryError(
                f'"{key}" is no image of {registry.repository} to go to; expected the tag of a commit, or a digest; '
                "list them with `houseprice rollback --list`."
            )
        tag = key if ":" not in key else revision_of(registry, found).commit[:7]
        if not re.fullmatch("[0-9a-f]{7}", tag) or not _is_there(registry, tag, found.digest):
            raise RegistryError(
                f'"{registry.repository.at(found.digest)}" has no tag of its commit ("{tag}"); expected one, so that '
                "latest is of something that stays; publish that commit again."
            )
        _advance(registry, found, _on_purpose, stand, say)
    return Published(found.digest, (tag, LATEST))


def _on_purpose(revision: str, created: str) -> bool:
    del revision, created
    return True


@contextmanager
def accounted(stand: Stand) -> Iterator[None]:
    """Let every error end with what stands in the registry."""
    try:
        yield
    except HousePriceError as err:
        err.args = (f"{err} {stand.told}",)
        raise


def _tested(layout: Layout, commit: str, tested: str) -> Manifest:
    """Give back the index of the very image that was tested, and of this commit."""
    index = layout.index
    if index.digest != tested:
        raise RegistryError(
            f'"{layout.folder}" holds {index.digest}, and {tested or "nothing"} was tested; expected one digest; '
            "test it with `houseprice image test --layout`."
        )
    annotations = layout.json(index.digest).get("annotations") or {}
    if annotations.get(REVISION) != commit:
        raise RegistryError(
            f'"{layout.folder}" was built from "{annotations.get(REVISION, "unknown")}"; expected the commit {commit}; '
            "build it again from a clean checkout of that."
        )
    return Manifest(layout.read(index.digest), index.media_type, index.digest)


def _is_there(registry: Registry, tag: str, digest: str) -> bool:
    """Tell whether a commit's tag is on this digest; on another one, it stays there."""
    found = registry.manifest(tag)
    if found and found.digest != digest:
        raise RegistryError(
            f"{registry.repository.tagged(tag)} is {found.digest} already, and this is {digest}; expected a commit to "
            "have one image for ever; commit again, or remove that tag if nobody uses it."
        )
    return found is not None


def _send(layout: Layout, registry: Registry, say: Say) -> None:
    """Send what the index names, and the index last: by digest, which nobody finds who does not know it."""
    descriptions = {one.digest for one in (*layout.manifests(), layout.index)}
    parts = layout.blobs()
    for number, part in enumerate(parts, 1):
        say(f"sending {number} of {len(parts)}: {part.digest[:19]} ({part.size / 1e6:.1f} MB)")
        if part.digest in descriptions:
            registry.push_manifest(part.digest, layout.read(part.digest), part.media_type)
        else:
            registry.push_blob(layout.path(part.digest), part.digest, part.size)
    if registry.manifest(layout.index.digest) is None:
        raise RegistryError(
            f'"{registry.repository.host}" took {layout.index.digest} and does not hold it; expected what was sent; '
            "look into its logs, and run this again."
        )


def _only(registry: Registry, tag: str) -> str:
    return f"{registry.repository.tagged(tag)} is published, latest was not moved."


def _tag(registry: Registry, tag: str, index: Manifest, stand: Stand) -> None:
    """Put the commit's tag on the index, unless somebody else has put it on another one in the meantime."""
    if not _is_there(registry, tag, index.digest):
        _put(registry, tag, index, stand, _only(registry, tag))
    if not _is_there(registry, tag, index.digest):
        raise RegistryError(
            f"{registry.repository.tagged(tag)} was put and is not there; expected it to stay; look into the logs of "
            f'"{registry.repository.host}", and run this again.'
        )


def _put(registry: Registry, tag: str, index: Manifest, stand: Stand, after: str) -> None:
    """Put a tag on an index; until the registry has answered, nobody knows whether it is there."""
    before = stand.told
    name = registry.repository.tagged(tag)
    stand.told = f"{before.removesuffix('.')}, as far as is known; {name} may have been set all the same."
    try:
        registry.push_manifest(tag, index.content, index.media_type)
    except GaveUpError:
        raise
    except RegistryError:
        stand.told = before
        raise
    stand.told = after


def _advance(registry: Registry, index: Manifest, newer: Callable[[str, str], bool], stand: Stand, say: Say) -> bool:
    """Move `latest` unless that would be backwards; look right before, and right after.

    A registry cannot be asked to move a tag only if nobody else has: what remains is the moment between the last look
    and the move. The workflow lets one job publish at a time.
    """
    for _ in range(ROUNDS):
        standing = registry.manifest(LATEST)
        if standing and standing.digest == index.digest:
            say(f"{registry.repository.tagged(LATEST)} is {index.digest}")
            return True
        of = revision_of(registry, standing) if standing else Revision()
        if standing and not newer(of.commit, of.created):
            return False
        if registry.manifest(LATEST) != standing:
            say("latest was moved by somebody else just now; it is looked at again")
            continue
        _put(registry, LATEST, index, stand, f"latest was put on {index.digest}, and may have been moved since.")
    raise RegistryError(
        f"{registry.repository.tagged(LATEST)} was moved {ROUNDS} times by others meanwhile; expected one job at a "
        "time; run this again when the others are done."
    )
