"""Verification of an image: its signature and attestations by cosign, and their agreement with what it contains.

The name is looked up once; everything is read by the digest that it meant then. Nothing of an image is downloaded
before a trusted signature of that digest was found.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from houseprice.errors import RegistryError, VerificationError
from houseprice.release import skopeo
from houseprice.release.credentials import Account
from houseprice.release.image_reference import LATEST, Reference
from houseprice.release.provenance import named_builder
from houseprice.release.verification.consistency import (
    LABEL,
    MANIFEST_FILE,
    Attestations,
    Mismatch,
    compare,
    parse,
    sha256_of,
)
from houseprice.release.verification.cosign import PROVENANCE, SBOM, Cosign
from houseprice.release.verification.image_reader import BUNDLE_FOLDER, SBOM_FILE, Image, PlatformImage, read_image
from houseprice.release.verification.installed_packages import wanted
from houseprice.release.verification.policy import VerificationPolicy

IMAGE_BYTES = 4 * 2**30
"""Limit of the layers of all platforms together, as the registry holds them."""
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_COMMIT_TAG = re.compile(r"[0-9a-f]{7,64}(-\w+)?")


@dataclass(frozen=True)
class Verified:
    """What is proven of an image.

    Attributes:
        image: its digest, and what each platform declares and contains.
        signers: who signed it; empty for a layout, which is not signed yet.
        builder: who built it, as the signed provenance says.
    """

    image: Image
    signers: tuple[str, ...] = ()
    builder: str = ""

    @property
    def digest(self) -> str:
        """Digest of the image index."""
        return self.image.digest

    @property
    def _first(self) -> PlatformImage:
        return self.image.platforms[0]

    @property
    def revision(self) -> str:
        """Commit that the image was built from."""
        return self._first.labels[f"{LABEL}.revision"]

    @property
    def source(self) -> str:
        """Repository that the image was built from."""
        return self._first.labels[f"{LABEL}.source"]

    @property
    def base(self) -> str:
        """Name of the base image, with its digest where one was given."""
        name, digest = (self._first.labels.get(f"{LABEL}.base.{part}", "") for part in ("name", "digest"))
        return f"{name.partition('@')[0]}@{digest}" if digest else name or "unknown"

    @property
    def created(self) -> str:
        """Time of the image, ISO."""
        return self._first.created

    @property
    def manifest(self) -> bytes:
        """The bundle's manifest.json, byte for byte."""
        return self._first.files[MANIFEST_FILE]

    @property
    def manifest_sha256(self) -> str:
        """Digest of the bundle's manifest.json."""
        return sha256_of(self._first, MANIFEST_FILE)

    @property
    def golden(self) -> dict[str, Any]:
        """The bundle's golden rows with the predictions that the image must give."""
        return parse(self._first.files[f"{BUNDLE_FOLDER}/golden.json"])

    @property
    def platforms(self) -> dict[str, str]:
        """Platform → digest of its manifest."""
        return {platform.name: platform.digest for platform in self.image.platforms}


def verify(
    reference: Reference,
    policy: VerificationPolicy,
    *,
    account: Account | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Verified:
    """Return what is proven of an image in a registry.

    Args:
        reference: its name.
        policy: whose signatures count.
        account: login of the registry; without one, that of `docker login`.
        environ: of this process; cosign gets what names no key and no other place.

    Raises:
        VerificationError: `image_mismatch`: something does not agree; `mismatches` holds a line for each.
        RegistryError: there is no such image, or the registry does not answer.
    """
    content = skopeo.read_manifest(reference, account)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    pinned = Reference(reference.repository, digest=digest)
    attestations, mismatches = _attestations(Cosign(reference.repository, account, environ), digest, policy)
    if not attestations.signers:
        _require_none(str(reference), digest, mismatches)
    _require_size(pinned, parse(content), account)
    with tempfile.TemporaryDirectory(prefix="houseprice-verify-") as folder:
        skopeo.copy(pinned, Path(folder), account)
        image = read_image(Path(folder), _is_read)
    mismatches += compare(image, attestations)
    mismatches += _compare_name(reference, image, policy, account)
    _require_none(str(reference), digest, mismatches)
    builders = dict.fromkeys(map(named_builder, attestations.provenance))
    return Verified(image, tuple(attestations.signers), ", ".join(builders))


def verify_layout(layout: Path) -> Verified:
    """Return what is proven of an image before it is published: everything but its signature.

    Raises:
        VerificationError: `image_mismatch`, with a line for each in `mismatches`; or the folder is not a layout.
    """
    image = read_image(layout, _is_read)
    _require_none(f'"{layout}"', image.digest, compare(image, Attestations()))
    return Verified(image)


def _is_read(path: str) -> bool:
    return path == SBOM_FILE or path.startswith(f"{BUNDLE_FOLDER}/") or wanted(path)


def _attestations(cosign: Cosign, digest: str, policy: VerificationPolicy) -> tuple[Attestations, list[Mismatch]]:
    """Return who signed a digest and what they attest; each that is missing is a mismatch."""

    def ask(what: str, question: Callable[[], Sequence[Any]]) -> Sequence[Any] | Mismatch:
        try:
            return question()
        except VerificationError as err:
            if err.code not in ("not_signed", "wrong_subject"):
                raise
            return Mismatch(what, f"missing ({err.details['reason']})", f"one by {policy}")

    questions: dict[str, Callable[[], Sequence[Any]]] = {
        "signature": lambda: cosign.verify(digest, policy),
        "SBOM attestation": lambda: cosign.verify_attestation(digest, SBOM, policy),
        "provenance attestation": lambda: cosign.verify_attestation(digest, PROVENANCE, policy),
    }
    with ThreadPoolExecutor(len(questions)) as pool:  # each call waits for the registry most of the time
        answers = tuple(pool.map(ask, questions, questions.values()))
    signers, sbom, provenance = (() if isinstance(one, Mismatch) else one for one in answers)
    return Attestations(sbom, provenance, signers), [one for one in answers if isinstance(one, Mismatch)]


def _require_size(pinned: Reference, index: Mapping[str, Any], account: Account | None) -> None:
    """Refuse what is not an image index, or is too large, before it is downloaded."""
    try:
        digests = [str(descriptor["digest"]) for descriptor in index["manifests"]]
        manifests = [parse(skopeo.read_manifest(Reference(pinned.repository, digest=one), account)) for one in digests]
        size = sum(int(layer["size"]) for manifest in manifests for layer in manifest["layers"])
    except (LookupError, TypeError, ValueError) as err:
        raise VerificationError(
            f"{pinned} is not the image index of this project's images ({type(err).__name__}: {err}).",
            code="index_invalid",
        ) from err
    if size > IMAGE_BYTES:
        raise VerificationError(f"{pinned} has {size} bytes; the limit is {IMAGE_BYTES}.", code="image_too_large")


def _compare_name(
    reference: Reference, image: Image, policy: VerificationPolicy, account: Account | None
) -> Iterator[Mismatch]:
    """Compare a name with what it should mean: the tag with the commit, the source with the policy."""
    labels = image.platforms[0].labels
    revision, source = labels.get(f"{LABEL}.revision", ""), labels.get(f"{LABEL}.source", "")
    if not _COMMIT.fullmatch(revision):
        yield Mismatch("commit of the image", f'"{revision}"', "a commit")
    if policy.source and source != policy.source:
        yield Mismatch("source of the image", f'"{source}"', f'"{policy.source}"')
    commit = revision[:7]
    if _COMMIT_TAG.fullmatch(reference.tag) and not revision.startswith(reference.tag):
        yield Mismatch("tag", f'"{reference.tag}"', f'"{commit}", the commit of the image')
    if reference.digest:
        return
    for tag in dict.fromkeys((reference.tag, commit if reference.tag == LATEST else reference.tag)):
        now = _digest(Reference(reference.repository, tag=tag), account)
        if now != image.digest:
            yield Mismatch(f'tag "{tag}"', now or "missing", image.digest)


def _digest(reference: Reference, account: Account | None) -> str:
    try:
        return skopeo.digest_of(reference, account) if reference.tag else ""
    except RegistryError as err:
        if err.code == "registry_not_found":
            return ""
        raise


def _require_none(name: str, digest: str, mismatches: Sequence[Mismatch]) -> None:
    if mismatches:
        lines = [str(one) for one in mismatches]
        raise VerificationError(
            f"{name} ({digest}) is not what it claims to be. Publish it again from its commit, or use another image."
            + "".join(f"\n  {line}" for line in lines),
            lines,
            code="image_mismatch",
            subjects=tuple(one.subject for one in mismatches),
        )


def as_json(verified: Verified) -> dict[str, Any]:
    """Return what is proven as JSON values."""
    return {
        "digest": verified.digest,
        "revision": verified.revision,
        "source": verified.source,
        "base": verified.base,
        "created": verified.created,
        "manifest_sha256": verified.manifest_sha256,
        "manifest": json.loads(verified.manifest),
        "platforms": verified.platforms,
        "signers": list(verified.signers),
        "builder": verified.builder,
    }
