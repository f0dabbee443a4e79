"""Small images as OCI layouts: real layers for two platforms, with the labels and the SBOM of a real build."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from houseprice.release.oci_layout import OciLayout

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
SBOM = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}


def make_layout(
    folder: Path, commit: str, *, text: str = "a house", platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64")
) -> OciLayout:
    """Write the image of a commit into a folder; another text makes another image of that commit."""
    (folder / "blobs" / "sha256").mkdir(parents=True)
    labels = {
        "org.opencontainers.image.revision": commit,
        "org.opencontainers.image.source": "https://github.com/tester/house-price-model",
        "org.opencontainers.image.base.name": "docker.io/library/python:3.11-slim-bookworm",
        "org.opencontainers.image.base.digest": f"sha256:{'b' * 64}",
        "houseprice.manifest.sha256": "a" * 64,
    }
    manifests = []
    for platform in platforms:
        os_name, architecture = platform.split("/")
        files = [_tar({"common": b"the same for all"}), _tar({platform.replace("/", "-"): text.encode()})]
        files.append(_tar({"app/sbom.cdx.json": json.dumps(SBOM | {"metadata": {"platform": platform}}).encode()}))
        layers = [_add(folder, gzip.compress(content, mtime=0), LAYER) for content in files]
        config = {
            "architecture": architecture,
            "os": os_name,
            "config": {"Labels": labels, "Cmd": ["/nothing"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(file).hexdigest()}" for file in files]},
        }
        told = {"schemaVersion": 2, "mediaType": MANIFEST, "config": _json(folder, config, CONFIG), "layers": layers}
        place = {"os": os_name, "architecture": architecture}
        manifests.append(_json(folder, told, MANIFEST) | {"platform": place})
    index = _json(folder, {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}, INDEX)
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [index]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return OciLayout.open(folder)


def _json(folder: Path, content: Mapping[str, Any], media_type: str) -> dict[str, Any]:
    return _add(folder, json.dumps(content).encode(), media_type)


def _add(folder: Path, content: bytes, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    (folder / "blobs" / "sha256" / digest).write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def _tar(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()
