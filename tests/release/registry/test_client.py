"""The client against a real registry: what is sent arrives, what is not there is said, and nothing is believed."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from houseprice.release.registry.client import MANIFEST, Registry

Through = Callable[..., Registry]


def digest_of(content: bytes) -> str:
    """Give back what content is named by."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def blob(folder: Path, content: bytes = b"x" * 700_000) -> tuple[Path, str, int]:
    """Write a file, and give back what it is pushed by."""
    path = folder / digest_of(content)[7:19]
    path.write_bytes(content)
    return path, digest_of(content), len(content)


def manifest(folder: Path, registry: Registry) -> bytes:
    """Push a configuration, and give back a manifest of it."""
    path, digest, size = blob(folder, b"{}")
    registry.push_blob(path, digest, size)
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": size}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}).encode()


def test_what_is_sent_can_be_read(through: Through, tmp_path: Path) -> None:
    """A blob and a manifest come back as they were sent, by digest and by tag."""
    registry = through()
    assert registry.manifest("a") is None
    assert registry.tags() == ()
    registry.may_write()
    path, digest, size = blob(tmp_path)
    assert not registry.has_blob(digest)
    registry.push_blob(path, digest, size)
    assert registry.has_blob(digest)
    assert registry.blob(digest, size) == path.read_bytes()
    content = manifest(tmp_path, registry)
    for key in (digest_of(content), "b", "a"):
        assert registry.push_manifest(key, content, MANIFEST) == digest_of(content)
        found = registry.manifest(key)
        assert found
        assert (found.content, found.media_type, found.digest) == (content, MANIFEST, digest_of(content))
    assert registry.tags() == ("a", "b")
