"""The cache of verified images: used only for the same trust policy, and for images that served here."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from houseprice.errors import DataError
from houseprice.release.deployment.audit_log import Entry, Event
from houseprice.release.deployment.verified_cache import Candidate, VerifiedCache
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.verification.policy import VerificationPolicy

HERE, OTHER = Repository("localhost:5000", "u/house-price-model"), Repository("localhost:5000", "v/house-price-model")
DIGEST = f"sha256:{'d' * 64}"
KNOWN = Candidate(HERE, DIGEST, "c" * 40, "passed", '{"a": "Größe"}\n'.encode())
POLICY = VerificationPolicy(identity="https://example.org/x", source="https://example.org/y")
SERVED = Event(
    actor="me@here", action="deploy", from_revision="", to_revision=KNOWN.revision, repository=str(HERE), digest=DIGEST,
    manifest_sha256=KNOWN.manifest_sha256, verdict="passed", outcome="succeeded", duration_seconds=1.0,
)  # fmt: skip
NAME = Reference(HERE, digest=DIGEST)


@pytest.fixture
def cache(tmp_path: Path) -> VerifiedCache:
    """Return a cache with one image."""
    found = VerifiedCache(tmp_path / "state")
    found.put(KNOWN, POLICY)
    return found


def test_an_image_that_served_is_returned_unchanged(cache: VerifiedCache) -> None:
    """Byte for byte, with a remark that it was not verified again."""
    found = cache.get(NAME, POLICY, [Entry.after(None, SERVED)])
    assert found is not None
    assert replace(found, remark="") == KNOWN
    assert found.remark


@pytest.mark.parametrize(
    "policy",
    [
        replace(POLICY, identity="https://example.org/.*"),
        replace(POLICY, issuer="https://example.org"),
        replace(POLICY, source=""),
        VerificationPolicy(key="-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
    ],
)
def test_another_trust_policy_finds_nothing(cache: VerifiedCache, policy: VerificationPolicy) -> None:
    """A key that is no longer trusted does not live on in what it once signed."""
    assert cache.get(NAME, policy, [Entry.after(None, SERVED)]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "failed"}, {"action": "retag"}, {"digest": f"sha256:{'f' * 64}"}, {"manifest_sha256": "f" * 64},
        {"verdict": "failed"}, {"to_revision": "a" * 40}, {"repository": str(OTHER)},
    ],
)  # fmt: skip
def test_an_image_that_never_served_here_is_not_found(cache: VerifiedCache, change: dict[str, Any]) -> None:
    """The audit log must contain the very same image."""
    assert cache.get(NAME, POLICY, [Entry.after(None, replace(SERVED, **change))]) is None
    assert cache.get(NAME, POLICY, []) is None


@pytest.mark.parametrize(
    "name",
    [Reference(HERE, tag="latest"), Reference(HERE, digest=f"sha256:{'a' * 64}"), Reference(OTHER, digest=DIGEST)],
)
def test_another_name_is_not_found(cache: VerifiedCache, name: Reference) -> None:
    """Nor a tag, which may have moved."""
    assert cache.get(name, POLICY, [Entry.after(None, SERVED)]) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"\xff",
        lambda _: b"[]",
        lambda text: text[:-9],
        lambda text: json.dumps(json.loads(text) | {"digest": f"sha256:{'a' * 64}"}).encode(),
        lambda text: json.dumps(json.loads(text) | {"manifest": "{}"}).encode(),
    ],
)
def test_a_damaged_file_is_ignored(cache: VerifiedCache, damage: Callable[[bytes], bytes]) -> None:
    """As if the image had not been verified."""
    path = cache.path(DIGEST)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get(NAME, POLICY, [Entry.after(None, SERVED)]) is None


def test_a_cache_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """Rather than missed on the day on which it is needed."""
    (tmp_path / "verified").write_text("in the way")
    with pytest.raises(DataError):
        VerifiedCache(tmp_path).put(KNOWN, POLICY)
