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
from houseprice.errors import ArtefactError
from houseprice.release.trust import parts
from houseprice.release.trust.contents import below
from houseprice.release.trust.cosign import Statement
from houseprice.release.trust.image import BUNDLE_FOLDER, EVIDENCE_FILE, EVIDENCE_FOLDER, SBOM_FILE, Image, Platform
from houseprice.release.trust.provenance import LOCAL, MANIFEST, dependencies, named_builder

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
    """Give everything that does not agree, for every platform."""
    first = image.platforms[0]
    evidence = parsed(first.files.get(EVIDENCE_FILE, b""))
    yield from _annotations(image, evidence)
    for platform in image.platforms:
        yield from _model(platform)
        yield from _labels(platform)
        yield from _parts(platform, attested.sbom.get(platform.digest, ()))
        for name in (EVIDENCE_FILE, f"{BUNDLE_FOLDER}/{manifests.NAME}"):
            yield from _same(
                f"{name} of {platform.name}, against {first.name}", *map(_hash, (platform, first), (name, name))
            )
    for statement in attested.evidence:
        yield from _alike("evidence that is attested", statement.predicate, evidence)
    for statement in attested.sbom.get(image.digest, ()):
        yield from _alike(
            "SBOM that is attested of the index", statement.predicate, parsed(first.files.get(SBOM_FILE, b""))
        )
    for statement in attested.provenance:
        yield from _provenance(statement.predicate, evidence, attested.signers)


def parsed(content: bytes) -> Any:
    """Give back the value of a JSON document, or nothing when it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _annotations(image: Image, evidence: Any) -> Iterator[Mismatch]:
    for name in ("revision", "source", "version"):
        yield from _same(
            f"annotation {_IMAGE}.{name} of the index", image.annotations.get(f"{_IMAGE}.{name}"), _at(evidence, name)
        )
    yield from _same(
        f"annotation {_IMAGE}.created of the index", image.annotations.get(f"{_IMAGE}.created"), created(evidence)
    )


def created(evidence: Any) -> str | None:
    """Give back the time that the files of an image bear, ISO, as its evidence tells it."""
    try:
        return datetime.fromtimestamp(_at(evidence, "epoch"), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _model(platform: Platform) -> Iterator[Mismatch]:
    """The sealed model: whole, judged good, and the one that the evidence speaks of."""
    where = f"of {platform.name}"
    for folder in (BUNDLE_FOLDER, EVIDENCE_FOLDER):
        for path in below(platform.odd, folder):
            yield Mismatch(f'"/{path}" {where}', platform.odd[path], "a file, or a folder of files")
    yield from _same(f"HOUSEPRICE_BUNDLE {where}", platform.environment.get("HOUSEPRICE_BUNDLE"), f"/{BUNDLE_FOLDER}")
    files = platform.below(BUNDLE_FOLDER)
    evidence = parsed(platform.files.get(EVIDENCE_FILE, b""))
    try:
        manifest = manifests.read(files.pop(manifests.NAME, b""), Path("/", BUNDLE_FOLDER, manifests.NAME))
    except ArtefactError as err:
        yield Mismatch(f"sealed model {where}", str(err), "a manifest that is as it was sealed")
        return
    for name in sorted(manifest.files.keys() | files.keys()):
        found = f"sha256 {manifests.sha256(files[name])}" if name in files else "no such file"
        expected = f"sha256 {manifest.files[name]}" if name in manifest.files else "no such file"
        yield from _same(f'"/{BUNDLE_FOLDER}/{name}" {where}', found, expected)
    if not manifest.passed:
        red = [name for name, gate in manifest.verdict.items() if not gate["passed"]]
        yield Mismatch(
            f"verdict on the model {where}", f"red ({', '.join(red) or 'never judged'})", "green: every gate passed"
        )
    yield from _told(manifest, evidence, _hash(platform, f"{BUNDLE_FOLDER}/{manifests.NAME}"), where)


def _told(manifest: Manifest, evidence: Any, digest: str | None, where: str) -> Iterator[Mismatch]:
    """Compare what the evidence tells of the model with what the model tells of itself."""
    yield from _same(f"sha256 of the sealed manifest in the evidence {where}", _at(evidence, "manifest"), digest)
    told = manifest.model_dump(mode="json")
    for name in ("model_version", "hashes", "files", "metrics", "verdict"):
        yield from _alike(f"{name} in the evidence {where}", _at(evidence, name), told[name])
    yield from _alike(f"passed in the evidence {where}", _at(evidence, "passed"), manifest.passed)


def _labels(platform: Platform) -> Iterator[Mismatch]:
    evidence = parsed(platform.files.get(EVIDENCE_FILE, b""))
    manifest = parsed(platform.files.get(f"{BUNDLE_FOLDER}/{manifests.NAME}", b""))
    expected = {f"{_IMAGE}.{name}": _at(evidence, name) for name in ("revision", "source", "version")} | {
        "houseprice.model-version": _at(manifest, "model_version"),
        "houseprice.verdict": "green",
        "houseprice.manifest": _hash(platform, f"{BUNDLE_FOLDER}/{manifests.NAME}"),
        "houseprice.evidence": _hash(platform, EVIDENCE_FILE),
    }
    for name, value in expected.items():
        yield from _same(f"label {name} of {platform.name}", platform.labels.get(name), value)


def _parts(platform: Platform, attested: tuple[Statement, ...]) -> Iterator[Mismatch]:
    """Compare the list of parts with what is installed in the layers, and with what is attested."""
    told = parsed(platform.files.get(SBOM_FILE, b""))
    for statement in attested:
        yield from _alike(f"SBOM that is attested of {platform.name}", statement.predicate, told)
    listed = parts.listed(told)
    there = parts.installed(platform.files)
    for name in sorted(listed.keys() | there.keys()):
        yield from _same(f"{name} in the SBOM of {platform.name}", listed.get(name), there.get(name))


def _provenance(predicate: Any, evidence: Any, signers: tuple[str, ...]) -> Iterator[Mismatch]:
    found = dependencies(predicate)
    yield from _same("commit in the provenance", found.get("source"), _at(evidence, "revision"))
    for name, key in (
        (MANIFEST, "manifest"),
        ("requirements/serving.txt", "serving_lock"),
        ("Dockerfile", "dockerfile"),
    ):
        yield from _same(f"{name} in the provenance", found.get(name), _at(evidence, key))
    builder = named_builder(predicate)
    identities = [signer for signer in signers if "://" in signer]
    if identities and builder != LOCAL and builder not in identities:
        yield Mismatch("builder in the provenance", builder or "none", f"who signed: {', '.join(identities)}")


def _hash(platform: Platform, path: str) -> str | None:
    return manifests.sha256(platform.files[path]) if path in platform.files else None


def _at(told: Any, name: str) -> Any:
    return told.get(name) if isinstance(told, dict) else None


def _same(what: str, found: Any, expected: Any) -> Iterator[Mismatch]:
    """Compare two words; neither may be missing."""
    if found is None or expected is None or found != expected:
        yield Mismatch(what, _word(found), _word(expected))


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
