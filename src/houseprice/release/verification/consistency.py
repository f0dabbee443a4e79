"""The comparison of an image's manifest, labels, SBOM and attestations, which must all tell the same.

Whatever was changed without the others shows: the sealed bundle in the layers, the labels, the SBOM beside what is
installed, and what the signer attests.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from houseprice.bundle.verdict import failed_gates
from houseprice.release.provenance import LOCAL, MANIFEST, dependencies, named_builder
from houseprice.release.verification.image_reader import BUNDLE_FOLDER, SBOM_FILE, Image, PlatformImage
from houseprice.release.verification.installed_packages import installed, listed

MANIFEST_FILE = f"{BUNDLE_FOLDER}/manifest.json"
MANIFEST_LABEL = "houseprice.manifest.sha256"
LABEL = "org.opencontainers.image"


@dataclass(frozen=True)
class Mismatch:
    """Two things that should be equal.

    Attributes:
        subject: what was compared, such as `label houseprice.manifest.sha256 of linux/amd64`.
        found: what it is.
        expected: what it should be.
    """

    subject: str
    found: str
    expected: str

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.subject} is {self.found} instead of {self.expected}"


@dataclass(frozen=True)
class Attestations:
    """What trusted signers attest of an image: predicates of its SBOM and its provenance, and who signed."""

    sbom: Sequence[Any] = ()
    provenance: Sequence[Any] = ()
    signers: Sequence[str] = ()


def compare(image: Image, attestations: Attestations) -> list[Mismatch]:
    """Return everything that does not agree in an image and with what is attested of it."""
    return list(dict.fromkeys(_compare(image, attestations)))


def parse(content: bytes | None) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    try:
        found = json.loads(content or b"")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def sha256_of(platform: PlatformImage, path: str) -> str:
    """Return the digest of a file of an image; nothing when there is no such file."""
    return hashlib.sha256(platform.files[path]).hexdigest() if path in platform.files else ""


def _compare(image: Image, attestations: Attestations) -> Iterator[Mismatch]:
    first = image.platforms[0]
    for platform in image.platforms:
        yield from _bundle(platform)
        yield from _sbom(platform)
    for platform in image.platforms[1:]:
        for name in ("revision", "source", "version"):
            label = f"{LABEL}.{name}"
            yield from _equal(f"label {label} of {platform.name}", platform.labels.get(label), first.labels.get(label))
        ours, theirs = (sha256_of(one, MANIFEST_FILE) for one in (platform, first))
        yield from _equal(f"manifest.json of {platform.name}, against {first.name},", ours, theirs)
    own = [parse(platform.files.get(SBOM_FILE)) for platform in image.platforms]
    for predicate in attestations.sbom:
        if predicate not in own:
            yield Mismatch("attested SBOM", "another document", f"/{SBOM_FILE} of the image")
    for predicate in attestations.provenance:
        yield from _provenance(predicate, first, attestations.signers)


def _bundle(platform: PlatformImage) -> Iterator[Mismatch]:
    """Compare the bundle with its manifest, and the manifest with the label."""
    of = f"of {platform.name}"
    for path, found in platform.irregular_at(BUNDLE_FOLDER).items():
        yield Mismatch(f"/{path} {of}", found, "a file or a folder")
    yield from _equal(f"HOUSEPRICE_BUNDLE {of}", platform.environment.get("HOUSEPRICE_BUNDLE"), f"/{BUNDLE_FOLDER}")
    for name in ("revision", "source", "version"):
        if not platform.labels.get(f"{LABEL}.{name}"):
            yield Mismatch(f"label {LABEL}.{name} {of}", "missing", "present")
    manifest = parse(platform.files.get(MANIFEST_FILE))
    declared = manifest.get("files")
    if not isinstance(declared, dict):
        yield Mismatch(f"/{MANIFEST_FILE} {of}", "missing or unreadable", "the manifest of a sealed bundle")
        return
    yield from _equal(
        f"label {MANIFEST_LABEL} {of}", platform.labels.get(MANIFEST_LABEL), sha256_of(platform, MANIFEST_FILE)
    )
    files = platform.below(BUNDLE_FOLDER).keys() - {"manifest.json"}
    for name in sorted(declared.keys() | files):
        yield from _equal(
            f"/{BUNDLE_FOLDER}/{name} {of}", sha256_of(platform, f"{BUNDLE_FOLDER}/{name}"), declared.get(name)
        )
    if failed := failed_gates(manifest.get("verdict")):
        yield Mismatch(f"verdict on the model {of}", f"failed ({', '.join(failed)})", "passed")


def _sbom(platform: PlatformImage) -> Iterator[Mismatch]:
    """Require that everything installed is listed; Syft also lists what Debian installs outside of its packages."""
    listing = listed(parse(platform.files.get(SBOM_FILE)))
    if not listing:
        yield Mismatch(f"/{SBOM_FILE} of {platform.name}", "missing or empty", "a list of what is installed")
        return
    for name, version in sorted(installed(platform.files).items()):
        yield from _equal(f"{name} in the SBOM of {platform.name}", listing.get(name), version)


def _provenance(predicate: Any, platform: PlatformImage, signers: Sequence[str]) -> Iterator[Mismatch]:
    found = dependencies(predicate)
    revision = platform.labels.get(f"{LABEL}.revision")
    if revision not in found.values():
        yield Mismatch("commit in the provenance", _quote(found.get("source")), _quote(revision))
    yield from _equal("bundle in the provenance", found.get(MANIFEST), sha256_of(platform, MANIFEST_FILE))
    builder = named_builder(predicate)
    identities = [signer for signer in signers if "://" in signer]
    if identities and builder not in (LOCAL, *identities):
        yield Mismatch("builder in the provenance", _quote(builder), f"who signed: {', '.join(identities)}")


def _equal(subject: str, found: Any, expected: Any) -> Iterator[Mismatch]:
    """Yield a mismatch unless two values are there and equal."""
    if not found or not expected or found != expected:
        yield Mismatch(subject, _quote(found), _quote(expected))


def _quote(value: Any) -> str:
    if not value:
        return "missing"
    text = "".join(character if character.isprintable() else "�" for character in str(value))
    return f'"{text}"' if len(text) <= 120 else f'"{text[:117]}…"'
