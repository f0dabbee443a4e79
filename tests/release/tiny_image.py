"""A tiny image with everything that a real one says of itself: laid out, published, signed, and spoiled on demand."""

import copy
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from loopback import ACCOUNT

from houseprice.bundle import manifest as manifests
from houseprice.release import skopeo
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.oci_layout import OciLayout
from houseprice.release.provenance import provenance
from houseprice.release.signing import Signer
from houseprice.release.verification.consistency import LABEL, MANIFEST_LABEL
from houseprice.release.verification.cosign import PROVENANCE, SBOM
from houseprice.release.verification.image_reader import BUNDLE_FOLDER, SBOM_FILE

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_COMMIT = "fedcba9876543210fedcba9876543210fedcba98"
SOURCE = "https://github.com/somebody/prices"
CREATED = "2025-06-15T15:06:40Z"
STATUS = """Package: libc6
Status: install ok installed
Version: 2.36-9

Package: gone
Status: deinstall ok config-files
Version: 1.0
"""
NUMPY = "opt/venv/lib/python3.11/site-packages/numpy-2.0.0.dist-info/METADATA"
PACKAGES = {
    "var/lib/dpkg/status": STATUS.encode(),
    NUMPY: b"Name: numpy\nVersion: 2.0.0\n\nArrays.\n",
    "app/houseprice-0.1.0.dist-info/METADATA": b"Name: houseprice\nVersion: 0.1.0\n",
}
PURLS = ("pkg:deb/debian/libc6@2.36-9?arch=amd64", "pkg:pypi/numpy@2.0.0", "pkg:pypi/houseprice@0.1.0")


@dataclass
class Tiny:
    """The image of one platform before it is laid out: every part may still be spoiled.

    Attributes:
        layers: path → content of each layer, the lowest first: packages, bundle, SBOM. A text instead of bytes is where
            a link leads.
        labels: of the image.
        environment: of its process.
    """

    layers: list[dict[str, bytes | str]]
    labels: dict[str, str]
    environment: dict[str, str] = field(default_factory=lambda: {"HOUSEPRICE_BUNDLE": f"/{BUNDLE_FOLDER}"})

    @classmethod
    def of(cls, bundle: Path, commit: str = COMMIT) -> Self:
        """Return the image of a sealed bundle that is as it should be."""
        labels = {
            f"{LABEL}.revision": commit,
            f"{LABEL}.source": SOURCE,
            f"{LABEL}.version": "0.1.0",
            f"{LABEL}.base.name": "python:3.11-slim-bookworm",
            MANIFEST_LABEL: manifests.sha256_of(bundle / manifests.NAME),
        }
        model: dict[str, bytes | str] = {f"{BUNDLE_FOLDER}/{one.name}": one.read_bytes() for one in bundle.iterdir()}
        sbom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"purl": purl} for purl in PURLS]}
        return cls([dict(PACKAGES), model, {SBOM_FILE: json.dumps(sbom).encode()}], labels)


def both(tiny: Tiny) -> dict[str, Tiny]:
    """Return the same image for two platforms."""
    return {"linux/amd64": tiny, "linux/arm64": copy.deepcopy(tiny)}


def lay(folder: Path, platforms: Mapping[str, Tiny]) -> OciLayout:
    """Write images of platforms under one index."""
    (folder / "blobs" / "sha256").mkdir(parents=True)

    def add(content: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        (folder / "blobs" / "sha256" / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def add_json(content: object, media_type: str) -> dict[str, Any]:
        return add(json.dumps(content).encode(), media_type)

    listed = []
    for name, tiny in platforms.items():
        tars = [archive(layer) for layer in tiny.layers]
        system, architecture = name.split("/")
        config = {
            "architecture": architecture,
            "os": system,
            "created": CREATED,
            "config": {"Labels": tiny.labels, "Env": [f"{key}={value}" for key, value in tiny.environment.items()]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": add_json(config, CONFIG),
            "layers": [add(gzip.compress(tar, 1, mtime=0), LAYER) for tar in tars],
        }
        listed.append({**add_json(manifest, MANIFEST), "platform": {"os": system, "architecture": architecture}})
    index = add_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}, INDEX)
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [index]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return OciLayout.open(folder)


def archive(files: Mapping[str, bytes | str]) -> bytes:
    """Return a tar of files; a text instead of bytes is where a link leads."""
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


def push(layout: OciLayout, repository: Repository, *tags: str) -> None:
    """Publish a layout by its digest and under tags."""
    for key in (Reference(repository, digest=layout.digest), *(Reference(repository, tag) for tag in tags)):
        skopeo.copy(layout.folder, key, ACCOUNT)


@dataclass(frozen=True)
class Keys:
    """A key pair of cosign."""

    folder: Path
    password: str = "of the tests"  # noqa: S105 - of keys that live as long as the tests

    @property
    def public(self) -> Path:
        """The public key."""
        return self.folder / "cosign.pub"

    def signer(self, repository: Repository) -> Signer:
        """Return who signs with this pair."""
        private = str(self.folder / "cosign.key")
        environ = {**os.environ, "COSIGN_PRIVATE_KEY": private, "COSIGN_PASSWORD": self.password}
        return Signer.from_environment(environ, repository, ACCOUNT)


@dataclass(frozen=True)
class Published:
    """An image that is published and signed as it should be."""

    repository: Repository
    layout: OciLayout


@dataclass(frozen=True)
class Signed:
    """What is signed and attested of an image; None leaves it out."""

    provenance: Any
    sbom: Any
    signature: bool = True


def attestations(layout: OciLayout) -> Signed:
    """Return what should be attested of an image."""
    first = next(iter(layout.platforms))
    return Signed(provenance(layout, {}, layout.folder), json.loads(layout.read_file(first, SBOM_FILE)))


def sign(digest: str, signer: Signer, what: Signed) -> None:
    """Sign a digest and attest this of it, true or not."""
    if what.signature:
        signer.cosign.sign(digest, signer.options, signer.secrets)
    for kind, predicate in ((PROVENANCE, what.provenance), (SBOM, what.sbom)):
        if predicate is not None:
            signer.attest(digest, kind, predicate)
