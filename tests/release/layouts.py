"""A commit in, a small image of it out: real layers that an engine can unpack, for two platforms."""

import gzip
import hashlib
import io
import secrets
import tarfile
from pathlib import Path

from houseprice.release.layout.oci import CONFIG, LAYER, MANIFEST, Layout, compact


def lay(
    place: Path,
    commit: str,
    created: str = "2026-01-02T03:04:05Z",
    *,
    text: str = "a house",
    lean: bool = False,
    platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64"),
) -> Layout:
    """Lay an image into a folder of its own, with annotations as the builder writes them.

    Args:
        place: where the folder is made.
        commit: that the image says it is of.
        created: moment of that commit.
        text: in a file of it; another one makes another image.
        lean: whether it says nothing of its commit.
        platforms: that it is for.
    """
    folder = place / f"layout-{secrets.token_hex(4)}"
    folder.mkdir()
    made = Layout.begin(folder)
    names = {"org.opencontainers.image.revision": commit, "org.opencontainers.image.created": created}
    manifests = []
    for platform in platforms:
        files = [_tar("common", "the same for all"), _tar(platform, text)]
        layers = [made.add(gzip.compress(content, mtime=0), LAYER) for content in files]
        config = {
            "architecture": platform.partition("/")[2],
            "os": "linux",
            "config": {"Labels": names, "Cmd": ["/nothing"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(file).hexdigest()}" for file in files]},
        }
        content = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": made.add(compact(config), CONFIG).told(),
            "layers": [layer.told() for layer in layers],
        }
        manifests.append(made.add(compact(content), MANIFEST, platform))
    made.finish(tuple(manifests), {} if lean else names)
    return made


def _tar(name: str, text: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo(name.replace("/", "-"))
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text.encode()))
    return stream.getvalue()
