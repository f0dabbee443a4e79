"""A tiny image with everything that a real one tells of itself, laid, published, and signed; and spoiled on demand."""

import copy
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from houseprice.bundle import manifest as manifests
from houseprice.release.git_metadata import Origin
from houseprice.release.layout.oci import CONFIG, LAYER, MANIFEST, Layout, compact
from houseprice.release.registry.client import Registry
from houseprice.release.verification.evidence import evidence
from houseprice.release.verification.image_reader import EVIDENCE_FILE, SBOM_FILE
from houseprice.release.verification.sbom import sbom

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_COMMIT = "fedcba9876543210fedcba9876543210fedcba98"
SOURCE = "https://github.com/somebody/prices"
EPOCH = 1_750_000_000
BUNDLE = "app/models/bundle"
STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9

Package: gone
Status: deinstall ok config-files
Version: 1.0
"""
PARTS = {
    "var/lib/dpkg/status": STATUS.encode(),
    "opt/venv/lib/python3.11/site-packages/numpy-2.0.0.dist-info/METADATA": b"Name: numpy\nVersion: 2.0.0\n\nArrays.\n",
    "app/houseprice-0.1.0.dist-info/METADATA": b"Name: houseprice\nVersion: 0.1.0\n",
}


@dataclass
class Tiny:
    """The image of one platform, before it is laid: every part may still be spoiled.

    Attributes:
        layers: path → content of each layer, the lowest first: parts, model, evidence.
        labels: of the image.
        environment: of its process.
    """

    layers: list[dict[str, bytes]]
    labels: dict[str, str]
    environment: dict[str, str] = field(default_factory=lambda: {"HOUSEPRICE_BUNDLE": f"/{BUNDLE}"})

    @classmethod
    def of(cls, bundle: Path, commit: str = COMMIT) -> Self:
        """Give back the image of a sealed folder that is as it should be."""
        content = (bundle / manifests.NAME).read_bytes()
        manifest = json.loads(content)
        told = manifests.canonical(evidence(manifest, Origin(commit, SOURCE, "0.1.0"), b"lock", b"FROM python", EPOCH))
        model = {f"{BUNDLE}/{path.name}": path.read_bytes() for path in sorted(bundle.iterdir())}
        labels = {
            "org.opencontainers.image.revision": commit,
            "org.opencontainers.image.source": SOURCE,
            "org.opencontainers.image.version": "0.1.0",
            "org.opencontainers.image.base.name": "python:3.11-slim-bookworm",
            "houseprice.model-version": manifest["model_version"],
            "houseprice.verdict": "green",
            "houseprice.manifest": manifests.sha256(content),
            "houseprice.evidence": manifests.sha256(told),
        }
        bill = sbom({**PARTS, f"{BUNDLE}/{manifests.NAME}": content}, {"PYTHON_VERSION": "3.11.2"}, "0.1.0", EPOCH)
        return cls([dict(PARTS), model, {EVIDENCE_FILE: told, SBOM_FILE: bill}], labels)

    def told(self, change: Callable[[Any], None]) -> None:
        """Change what the evidence tells, with the label that names it."""
        found = json.loads(self.layers[2][EVIDENCE_FILE])
        change(found)
        self.layers[2][EVIDENCE_FILE] = manifests.canonical(found)
        self.labels["houseprice.evidence"] = manifests.sha256(self.layers[2][EVIDENCE_FILE])


def lay(folder: Path, platforms: Mapping[str, Tiny], annotations: Mapping[str, str] | None = None) -> Layout:
    """Lay images of platforms under one index."""
    folder.mkdir()
    layout = Layout.begin(folder)
    found = []
    for name, tiny in platforms.items():
        tars = [archive(layer) for layer in tiny.layers]
        layers = [layout.add(gzip.compress(tar, 1, mtime=0), LAYER) for tar in tars]
        system, architecture = name.split("/")
        config = {
            "architecture": architecture,
            "os": system,
            "config": {"Labels": tiny.labels, "Env": [f"{key}={value}" for key, value in tiny.environment.items()]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]},
        }
        told = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": layout.add(compact(config), CONFIG).told(),
            "layers": [layer.told() for layer in layers],
        }
        found.append(layout.add(compact(told), MANIFEST, name))
    first = next(iter(platforms.values())).labels
    told_by_labels = {name: first[f"org.opencontainers.image.{name}"] for name in ("revision", "source", "version")}
    told_by_labels["created"] = datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = {f"org.opencontainers.image.{name}": value for name, value in told_by_labels.items()}
    layout.finish(tuple(found), said | dict(annotations or {}))
    return Layout.open(folder)


def archive(files: Mapping[str, bytes | str]) -> bytes:
    """Give back a tar of files; a text instead of bytes is where a link leads."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def push(layout: Layout, registry: Registry, *tags: str) -> str:
    """Push a layout under tags, and give back its digest."""
    manifests_and_index = {one.digest: one.media_type for one in (*layout.manifests(), layout.index)}
    for blob in layout.blobs():
        if blob.digest not in manifests_and_index:
            registry.push_blob(layout.path(blob.digest), blob.digest, blob.size)
    for digest, media_type in manifests_and_index.items():
        registry.push_manifest(digest, layout.read(digest), media_type)
    for tag in tags:
        registry.push_manifest(tag, layout.read(layout.index.digest), layout.index.media_type)
    return layout.index.digest


def both(tiny: Tiny) -> dict[str, Tiny]:
    """Give back the same image for two platforms."""
    return {"linux/amd64": tiny, "linux/arm64": copy.deepcopy(tiny)}
