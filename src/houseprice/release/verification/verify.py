"""The name of an image in, what is proved of it out; or everything about it that does not agree.

First the signature and the attestations, by whom the caller trusts; only then is anything of the image read. All is
read by the one digest that the name meant when it was asked for.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from houseprice.bundle import manifest as manifests
from houseprice.errors import VerificationError
from houseprice.release.git_metadata import Origin
from houseprice.release.image_reference import LATEST, Reference
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Registry
from houseprice.release.verification import installed_packages
from houseprice.release.verification.consistency import (
    MANIFEST_FILE,
    Attested,
    Mismatch,
    compare,
    created,
    evidence_of,
    parsed,
)
from houseprice.release.verification.cosign import EVIDENCE, PROVENANCE, SBOM, Cosign, Statement
from houseprice.release.verification.image_reader import BUNDLE_FOLDER, Image, Index, Shelved, read_image, read_index
from houseprice.release.verification.policy import Trust
from houseprice.release.verification.provenance import named_builder

_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_COMMIT_TAG = re.compile(r"[0-9a-f]{7,64}(-\w+)?")


@dataclass(frozen=True)
class Verified:
    """What is proved of an image.

    Attributes:
        digest: of the index: the one name that never means anything else.
        revision: commit that it was built from.
        created: time that its files bear, ISO.
        evidence: what it says of its own making.
        manifest: the sealed model's `manifest.json`, byte for byte.
        golden: the sealed model's rows with the answers that it must give.
        platforms: name → digest of its manifest.
        signers: who signed; empty for a layout, which nobody has signed yet.
        builder: who built it, as the provenance names it.
    """

    digest: str
    revision: str
    created: str
    evidence: dict[str, Any]
    manifest: bytes
    golden: dict[str, Any]
    platforms: Mapping[str, str]
    signers: tuple[str, ...] = ()
    builder: str = ""


def verify(
    reference: Reference,
    registry: Registry,
    trust: Trust,
    *,
    environ: Mapping[str, str],
    command: str = "cosign",
) -> Verified:
    """Give back what is proved of an image in a registry.

    Args:
        reference: its name.
        registry: where it is.
        trust: whose signatures count.
        environ: of this process; of it, cosign gets what names no key and no other place.
        command: the program cosign.

    Raises:
        VerificationError: something does not agree; `mismatches` holds a line for each.
        RegistryError: there is no such image, or the registry does not answer.
    """
    index = read_index(registry, reference.key)
    cosign = Cosign(registry.repository, registry.account, environ, command)
    mismatches: list[Mismatch] = []
    attested = _attested(cosign, index, trust, mismatches.append)
    if not attested.signers:
        _demand(f"{reference}", index.digest, mismatches)
    image = read_image(registry, index, wanted=installed_packages.wanted)
    mismatches += compare(image, attested)
    evidence = evidence_of(image.platforms[0])
    if evidence is not None:
        mismatches += _named(reference, index, evidence, trust, registry)
    _demand(f"{reference}", index.digest, mismatches)
    builders = dict.fromkeys(named_builder(one.predicate) for one in attested.provenance)
    return _proved(image, attested.signers, ", ".join(builders))


def verify_layout(layout: Layout) -> Verified:
    """Give back what is proved of an image before it is published: all but who signed it.

    Raises:
        VerificationError: something does not agree; `mismatches` holds a line for each.
        ImageError: the folder is no layout.
    """
    shelf = Shelved(layout)
    image = read_image(shelf, read_index(shelf, layout.index.digest), wanted=installed_packages.wanted)
    _demand(f'"{layout.folder}"', image.digest, list(compare(image, Attested())))
    return _proved(image, (), "")


def _attested(cosign: Cosign, index: Index, trust: Trust, note: Callable[[Mismatch], None]) -> Attested:
    """Ask cosign who signed and what is attested; what is not there, or not by those who are trusted, is noted."""
    names = {index.digest: "the index", **{one.digest: one.platform for one in index.manifests}}
    kinds = [(index.digest, EVIDENCE, "the evidence"), (index.digest, PROVENANCE, "the provenance")]
    kinds += [(digest, SBOM, "the SBOM") for digest in names]

    def signers(digest: str) -> tuple[str, ...] | Mismatch:
        try:
            return cosign.signers(digest, trust)
        except VerificationError as err:
            return Mismatch(f"signature of {names[digest]}", _none(err), f"one by {trust}")

    def statements(digest: str, kind: str, what: str) -> tuple[Statement, ...] | Mismatch:
        try:
            found = cosign.statements(digest, kind, trust)
        except VerificationError as err:
            return Mismatch(f"attestation of {what} of {names[digest]}", _none(err), f"one by {trust}")
        strange = [", ".join(one.subjects) or "nothing" for one in found if digest not in one.subjects]
        return Mismatch(f"subject of the attestation of {what}", strange[0], digest) if strange else found

    with ThreadPoolExecutor(4) as pool:  # each call waits for the registry most of the time
        signed = dict(zip(names, pool.map(signers, names), strict=True))
        attested = dict(zip(kinds, pool.map(lambda one: statements(*one), kinds), strict=True))
    for answer in (*signed.values(), *attested.values()):
        if isinstance(answer, Mismatch):
            note(answer)
    told = {one[:2]: () if isinstance(answer, Mismatch) else answer for one, answer in attested.items()}
    by = signed[index.digest]
    return Attested(
        told[index.digest, EVIDENCE],
        told[index.digest, PROVENANCE],
        {digest: told[digest, SBOM] for digest in names},
        () if isinstance(by, Mismatch) else by,
    )


def _named(
    reference: Reference, index: Index, evidence: Mapping[str, Any], trust: Trust, registry: Registry
) -> Iterator[Mismatch]:
    """Compare the name with what it should mean: tag and commit, and the repository that is trusted."""
    revision, source = str(evidence.get("revision")), str(evidence.get("source"))
    if not _COMMIT.fullmatch(revision):
        yield Mismatch("commit in the evidence", f'"{revision}"', "a commit as it stands in the repository")
    if trust.source and source != trust.source:
        yield Mismatch("source in the evidence", f'"{source}"', f'"{trust.source}"')
    commit = Origin(revision, source, "").tag
    if _COMMIT_TAG.fullmatch(reference.tag) and reference.tag != commit and not revision.startswith(reference.tag):
        yield Mismatch("tag", f'"{reference.tag}"', f'"{commit}", the commit of this image')
    if reference.digest:
        return
    now = registry.manifest(reference.tag)
    if now is None or now.digest != index.digest:
        yield Mismatch(
            f'tag "{reference.tag}" after it was looked up',
            now.digest if now else "nothing",
            f"{index.digest} as before",
        )
    if reference.tag == LATEST:
        same = registry.manifest(commit)
        if same is None or same.digest != index.digest:
            yield Mismatch(
                f'tag "{commit}", the commit of this image', same.digest if same else "nothing", index.digest
            )


def _none(err: VerificationError) -> str:
    return f"none ({', '.join(err.mismatches)})" if err.mismatches else str(err)


def _demand(name: str, digest: str, mismatches: list[Mismatch]) -> None:
    if not mismatches:
        return
    lines = [str(one) for one in mismatches]
    count = "1 thing does" if len(lines) == 1 else f"{len(lines)} things do"
    raise VerificationError(
        f"{name} ({digest}) cannot be trusted, for {count} not agree; publish it again from its commit, or take "
        "another:" + "".join(f"\n  {line}" for line in lines),
        lines,
    )


def _proved(image: Image, signers: tuple[str, ...], builder: str) -> Verified:
    first = image.platforms[0]
    evidence = evidence_of(first) or {}
    golden = parsed(first.files[f"{BUNDLE_FOLDER}/{manifests.GOLDEN}"])
    return Verified(
        image.digest,
        evidence["revision"],
        created(evidence) or "",
        evidence,
        first.files[MANIFEST_FILE],
        golden if isinstance(golden, dict) else {},
        {platform.name: platform.digest for platform in image.platforms},
        signers,
        builder,
    )
