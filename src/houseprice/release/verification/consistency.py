"""What an image says, shows and has attested in, everything that does not agree out.

Four tellings of one story are laid side by side: the sealed model in the layers, the evidence beside it, the labels,
and the attestations of whoever is trusted. Whatever was changed without the others shows.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from houseprice.bundle import manifest as manifests
from houseprice.bundle.manifest import Manifest
from houseprice.errors import ArtifactError
from houseprice.release.layout.contents import below
from houseprice.release.verification import installed_packages
from houseprice.release.verification.cosign import Statement
from houseprice.release.verification.image_reader import (
    BUNDLE_FOLDER,
    EVIDENCE_FILE,
    EVIDENCE_FOLDER,
    SBOM_FILE,
    Image,
    Platform,
)
from houseprice.release.verification.provenance import LOCAL, MANIFEST, dependencies, named_builder

MANIFEST_FILE = f"{BUNDLE_FOLDER}/{manifests.NAME}"
_IMAGE = "org.opencontainers.image"


@dataclass(frozen=True)
class Mismatch:
    """Two things that should be one."""

    what: str
    found: str
    expected: str

    def __str__(self) -> str:
        """In one line."""
        return f"{self.what}: found {self.found}; expected {self.expected}"


@dataclass(frozen=True)
class Attested:
    """What those who are trusted attest of an image.

    Attributes:
        evidence: of the index.
        provenance: of the index.
        sbom: digest → the parts of an index or of one platform's image.
        signers: who signed.
    """

    evidence: tuple[Statement, ...] = ()
    provenance: tuple[Statement, ...] = ()
    sbom: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict)
    signers: tuple[str, ...] = ()


def compare(image: Image, attested: Attested) -> Iterator[Mismatch]:
    """Give everything that does not agree, each once, for every platform."""
    yield from dict.fromkeys(_compare(image, attested))


def _compare(image: Image, attested: Attested) -> Iterator[Mismatch]:
    first = image.platforms[0]
    evidence = evidence_of(first)
    if evidence is not None:
        yield from _annotations(image, evidence)
        for statement in attested.evidence:
            yield from _alike("evidence that is attested", statement.predicate, evidence)
        for statement in attested.provenance:
            yield from _provenance(statement.predicate, evidence, attested.signers)
    for platform in image.platforms:
        yield from _model(platform)
        yield from _evidence(platform)
        yield from _parts(platform, attested.sbom.get(platform.digest, ()))
    for platform in image.platforms[1:]:
        for path in (EVIDENCE_FILE, MANIFEST_FILE):
            yield from _same(
                f"{path} of {platform.name}, against {first.name}", _hash(platform, path), _hash(first, path)
            )
    for statement in attested.sbom.get(image.digest, ()):
        yield from _alike("SBOM that is attested of the index", statement.predicate, parsed(first.files.get(SBOM_FILE)))


def evidence_of(platform: Platform) -> dict[str, Any] | None:
    """Give back what an image says of its own making, or nothing when it says nothing."""
    found = parsed(platform.files.get(EVIDENCE_FILE))
    return found if isinstance(found, dict) else None


def parsed(content: bytes | None) -> Any:
    """Give back the value of a JSON document, or nothing when it is none."""
    try:
        return json.loads(content or b"")
    except (ValueError, RecursionError):
        return None


def _annotations(image: Image, evidence: Mapping[str, Any]) -> Iterator[Mismatch]:
    for name in ("revision", "source", "version"):
        yield from _same(
            f"annotation {_IMAGE}.{name} of the index", image.annotations.get(f"{_IMAGE}.{name}"), evidence.get(name)
        )
    yield from _same(
        f"annotation {_IMAGE}.created of the index", image.annotations.get(f"{_IMAGE}.created"), created(evidence)
    )


def created(evidence: Mapping[str, Any]) -> str | None:
    """Give back the time that the files of an image bear, ISO, as its evidence tells it."""
    try:
        return datetime.fromtimestamp(evidence["epoch"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _model(platform: Platform) -> Iterator[Mismatch]:
    """The sealed model: whole, judged good, and named by the labels."""
    where = f"of {platform.name}"
    for folder in (BUNDLE_FOLDER, EVIDENCE_FOLDER):
        for path in below(platform.odd, folder):
            yield Mismatch(f'"/{path}" {where}', platform.odd[path], "a file, or a folder of files")
    yield from _same(f"HOUSEPRICE_BUNDLE {where}", platform.environment.get("HOUSEPRICE_BUNDLE"), f"/{BUNDLE_FOLDER}")
    manifest = _manifest(platform)
    if isinstance(manifest, ArtifactError):
        found = str(manifest).partition(";")[0] if MANIFEST_FILE in platform.files else "no such file"
        yield Mismatch(f"sealed model {where}", found, f'"/{MANIFEST_FILE}" as it was sealed')
        return
    files = platform.below(BUNDLE_FOLDER)
    del files[manifests.NAME]
    for name in sorted(manifest.files.keys() | files.keys()):
        found = f"sha256 {manifests.sha256(files[name])}" if name in files else "no such file"
        expected = f"sha256 {manifest.files[name]}" if name in manifest.files else "no such file"
        yield from _same(f'"/{BUNDLE_FOLDER}/{name}" {where}', found, expected)
    if not manifest.passed:
        red = [name for name, gate in manifest.verdict.items() if not gate["passed"]]
        judged = ", ".join(red) or "never judged"
        yield Mismatch(f"verdict on the model {where}", f"red ({judged})", "green: every gate passed")
    yield from _label(platform, "houseprice.model-version", manifest.model_version)
    yield from _label(platform, "houseprice.manifest", _hash(platform, MANIFEST_FILE))
    yield from _label(platform, "houseprice.verdict", "green")


def _manifest(platform: Platform) -> Manifest | ArtifactError:
    try:
        return manifests.read(platform.files.get(MANIFEST_FILE, b""), Path("/", MANIFEST_FILE))
    except ArtifactError as err:
        return err


def _evidence(platform: Platform) -> Iterator[Mismatch]:
    """The evidence: named by a label, repeated by others, and told of the very model that is there."""
    where = f"of {platform.name}"
    evidence, manifest = evidence_of(platform), _manifest(platform)
    if evidence is None:
        found = "no JSON object" if EVIDENCE_FILE in platform.files else "no such file"
        yield Mismatch(f'"/{EVIDENCE_FILE}" {where}', found, "the evidence for this image")
        return
    yield from _label(platform, "houseprice.evidence", _hash(platform, EVIDENCE_FILE))
    for name in ("revision", "source", "version"):
        yield from _label(platform, f"{_IMAGE}.{name}", evidence.get(name))
    if isinstance(manifest, ArtifactError):
        return
    digest = _hash(platform, MANIFEST_FILE)
    yield from _same(f"sha256 of the sealed manifest in the evidence {where}", evidence.get("manifest"), digest)
    told = manifest.model_dump(mode="json")
    for name in ("model_version", "hashes", "files", "metrics", "verdict"):
        yield from _alike(f"{name} in the evidence {where}", evidence.get(name), told[name])
    yield from _same(f"passed in the evidence {where}", evidence.get("passed"), manifest.passed)


def _label(platform: Platform, name: str, expected: Any) -> Iterator[Mismatch]:
    yield from _same(f"label {name} of {platform.name}", platform.labels.get(name), expected)


def _parts(platform: Platform, attested: tuple[Statement, ...]) -> Iterator[Mismatch]:
    """Compare the list of parts with what is installed in the layers, and with what is attested."""
    told = parsed(platform.files.get(SBOM_FILE))
    if told is None:
        yield Mismatch(f'"/{SBOM_FILE}" of {platform.name}', "nothing that is JSON", "the list of what is installed")
        return
    for statement in attested:
        yield from _alike(f"SBOM that is attested of {platform.name}", statement.predicate, told)
    model = _hash(platform, f"{BUNDLE_FOLDER}/{manifests.MODEL}")
    yield from _same(f"model in the SBOM of {platform.name}", ", ".join(installed_packages.listed_models(told)), model)
    listed = installed_packages.listed(told)
    there = installed_packages.installed(platform.files)
    for name in sorted(listed.keys() | there.keys()):
        if listed.get(name) != there.get(name):
            found, expected = listed.get(name, "nothing"), there.get(name, "nothing, for it is not installed")
            yield Mismatch(f"{name} in the SBOM of {platform.name}", found, expected)


def _provenance(predicate: Any, evidence: Mapping[str, Any], signers: tuple[str, ...]) -> Iterator[Mismatch]:
    found = dependencies(predicate)
    yield from _same("commit in the provenance", found.get("source"), evidence.get("revision"))
    for name, key in (
        (MANIFEST, "manifest"),
        ("requirements/serving.txt", "serving_lock"),
        ("Dockerfile", "dockerfile"),
    ):
        yield from _same(f"{name} in the provenance", found.get(name), evidence.get(key))
    builder = named_builder(predicate)
    identities = [signer for signer in signers if "://" in signer]
    if identities and builder != LOCAL and builder not in identities:
        yield Mismatch("builder in the provenance", builder or "none", f"who signed: {', '.join(identities)}")


def _hash(platform: Platform, path: str) -> str | None:
    return manifests.sha256(platform.files[path]) if path in platform.files else None


def _same(what: str, found: Any, expected: Any) -> Iterator[Mismatch]:
    """Compare two words; neither may be missing."""
    if found is None or expected is None or found != expected:
        yield Mismatch(what, _word(found), "something to compare it with" if expected is None else _word(expected))


def _alike(what: str, found: Any, expected: Any) -> Iterator[Mismatch]:
    """Compare two documents, and name the first parts that differ."""
    if found is None or expected is None or type(found) is not type(expected) or not isinstance(found, dict):
        yield from _same(what, found, expected)
        return
    different = [name for name in sorted(found.keys() | expected.keys()) if found.get(name) != expected.get(name)]
    if different:
        name = different[0]
        more = f" (and {len(different) - 1} more)" if len(different) > 1 else ""
        yield Mismatch(f'"{name}"{more} in the {what}', _word(found.get(name)), _word(expected.get(name)))


def _word(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(character if character.isprintable() else "�" for character in text)
    return f'"{text}"' if len(text) <= 120 else f'"{text[:117]}…"'
