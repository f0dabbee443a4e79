"""Images that are as they should be, and such that are not: every planted mismatch is found, and named."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import planting
import pytest
from planting import BUNDLE, COMMIT, OTHER_COMMIT, Tiny
from signing import (
    Keys,
    Published,
    attest,
    attested,
    copy_signatures,
    found_in,
    index,
    look,
    only,
    say,
    sign,
    signer,
)

from houseprice.bundle import manifest as manifests
from houseprice.release.layout.oci import Layout
from houseprice.release.registry.client import Registry
from houseprice.release.verification.cosign import EVIDENCE, PROVENANCE, SBOM
from houseprice.release.verification.image_reader import EVIDENCE_FILE
from houseprice.release.verification.policy import Trust

pytestmark = pytest.mark.long  # signs for real, a second or more each time

REVISION = "org.opencontainers.image.revision"
NUMPY = "opt/venv/lib/python3.11/site-packages/numpy-2.0.0.dist-info/METADATA"


def test_an_untouched_image_is_believed(good: Published, keys: Keys, tiny_bundle: Path) -> None:
    """By its commit, by latest, and by its digest; and all that is proved of it is given back."""
    for name in ({"tag": "0123456"}, {"tag": COMMIT}, {"tag": "latest"}, {"digest": good.digest}):
        if name.get("tag") == COMMIT:
            good.registry.push_manifest(COMMIT, *index(good.layout))
        found = look(good.registry, keys, **name)
        assert (found.digest, found.revision) == (good.digest, COMMIT)
    assert found.manifest == (tiny_bundle / manifests.NAME).read_bytes()
    assert found.golden == json.loads((tiny_bundle / manifests.GOLDEN).read_bytes())
    assert found.created == "2025-06-15T15:06:40Z"
    assert dict(found.platforms) == {one.platform: one.digest for one in good.layout.manifests()}
    assert found.signers == (f"key {Trust.in_key_file(keys.public).fingerprint}",)


# --- who signed, and what is attested ------------------------------------------------------------------------------


def test_an_image_that_nobody_signed(good: Published, registry: Registry, keys: Keys) -> None:
    """Without a signature nothing of it is read."""
    planting.push(good.layout, registry, "0123456")
    found = found_in(registry, keys)
    only(found, "signature of", "attestation of")
    assert len(found) == 8


def test_an_image_that_somebody_else_signed(good: Published, others_keys: Keys) -> None:
    """A signature counts only when it is of the key that is trusted."""
    only(found_in(good.registry, others_keys), "signature of", "attestation of")


def test_a_signature_that_was_copied_from_another_image(
    good: Published, registry: Registry, keys: Keys, laid: Callable[..., Layout], tiny_bundle: Path
) -> None:
    """It names another digest, wherever it is put."""
    layout = laid(Tiny.of(tiny_bundle, OTHER_COMMIT))
    planting.push(layout, registry, "fedcba9")
    copy_signatures(good.registry, good.digest, registry, layout.index.digest, "sig", "att")
    only(found_in(registry, keys, "fedcba9"), "signature of", "attestation of")


def test_an_attestation_that_was_copied_from_another_image(
    good: Published, registry: Registry, keys: Keys, laid: Callable[..., Layout], tiny_bundle: Path
) -> None:
    """Evidence, provenance and parts of another digest count for nothing, although the image itself is signed."""
    layout = laid(Tiny.of(tiny_bundle, OTHER_COMMIT))
    planting.push(layout, registry, "fedcba9")
    signer(registry, keys).sign(layout.index.digest)
    copy_signatures(good.registry, good.digest, registry, layout.index.digest, "att")
    only(found_in(registry, keys, "fedcba9"), *(f"attestation of the {what}" for what in ("evid", "prov", "SBOM")))


@dataclass(frozen=True)
class Lie:
    """An attestation that tells another story than the image that it is of."""

    name: str
    kind: str
    change: Callable[[Any], Any]
    found: tuple[str, ...]


def _other_model(told: Any) -> Any:
    return {**told, "manifest": "1" * 64, "files": {"model.onnx": "2" * 64}}


def _other_commit(told: Any) -> Any:
    return json.loads(json.dumps(told).replace(COMMIT, OTHER_COMMIT))


def _other_bundle(told: Any) -> Any:
    told["buildDefinition"]["resolvedDependencies"][-1]["digest"]["sha256"] = "1" * 64
    return told


LIES = [
    Lie("evidence of another model", EVIDENCE, _other_model, ('"files" (and 1 more) in the evidence that is',)),
    Lie("provenance of another commit", PROVENANCE, _other_commit, ("commit in the provenance",)),
    Lie("provenance of another model", PROVENANCE, _other_bundle, ("models/bundle/manifest.json in the prov",)),
    Lie("provenance of nothing", PROVENANCE, lambda told: {}, ("commit in the", "models/", "requ", "Dockerfile in")),
    Lie("an SBOM of other parts", SBOM, lambda told: {**told, "components": []}, ('"components" in the SBOM that is',)),
]


@pytest.fixture
def unattested(good: Published, registry: Registry) -> Callable[[str], Registry]:
    """Publish and sign the good image once more, without what is attested of one type."""

    def one(kind: str) -> Registry:
        planting.push(good.layout, registry, "0123456")
        copy_signatures(good.registry, good.digest, registry, good.digest, "sig", "att", but=kind)
        for platform in good.layout.manifests():
            copy_signatures(good.registry, platform.digest, registry, platform.digest, "sig", "att")
        return registry

    return one


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_an_attestation_that_tells_another_story(
    lie: Lie, good: Published, unattested: Callable[[str], Registry], keys: Keys
) -> None:
    """Whoever is trusted may be mistaken: what is attested must be what the image holds."""
    registry = unattested(lie.kind)
    told = lie.change(attested(good.registry, good.digest, lie.kind))
    say(signer(registry, keys), good.digest, lie.kind, json.dumps(told).encode())
    only(found_in(registry, keys), *lie.found)


def test_an_image_without_evidence(unattested: Callable[[str], Registry], keys: Keys) -> None:
    """A signature alone says nothing of data and verdict."""
    only(found_in(unattested(EVIDENCE), keys), "attestation of the evidence of the index")


def test_evidence_that_somebody_else_attests(
    good: Published, unattested: Callable[[str], Registry], keys: Keys, others_keys: Keys
) -> None:
    """An attestation of a key that is not trusted is none; beside one that is, it does no harm."""
    registry = unattested(EVIDENCE)
    told = attested(good.registry, good.digest, EVIDENCE)
    others = {**told, "revision": OTHER_COMMIT}
    say(signer(registry, others_keys), good.digest, EVIDENCE, json.dumps(others).encode())
    only(found_in(registry, keys), "attestation of the evidence of the index")
    say(signer(registry, keys), good.digest, EVIDENCE, json.dumps(told).encode())
    assert look(registry, keys).digest == good.digest


# --- what the image says and shows ---------------------------------------------------------------------------------


def _changed(tiny: Tiny) -> None:
    tiny.layers[1][f"{BUNDLE}/{manifests.MODEL_CARD}"] = b"# A splendid model\n"


def _library(tiny: Tiny) -> None:
    tiny.layers[0][NUMPY] = b"Name: numpy\nVersion: 1.9.9\n"


# Each of these signs an image of its own, five times; test_comparing.py plants the same without a signature.
@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (
            lambda tiny: tiny.labels.update({REVISION: OTHER_COMMIT}),
            f"label {REVISION} of linux/amd64",
        ),
        (
            lambda tiny: tiny.labels.update({"houseprice.model-version": "0" * 12}),
            "label houseprice.model-version of linux/amd64",
        ),
        (_changed, f'"/{BUNDLE}/model_card.md" of linux/amd64'),
        (_library, "pypi numpy in the SBOM of linux/amd64: found 2.0.0; expected 1.9.9"),
    ],
    ids=["label of another commit", "label of another model", "file", "library"],
)
def test_an_image_that_was_spoiled_before_it_was_signed(
    spoil: Callable[[Tiny], object],
    found: str,
    registry: Registry,
    keys: Keys,
    laid: Callable[..., Layout],
    tiny_bundle: Path,
) -> None:
    """A signature proves who published, not that all is well: what the image says must be what it shows."""
    tiny = Tiny.of(tiny_bundle)
    spoil(tiny)
    layout = laid(tiny, annotations={REVISION: COMMIT})
    planting.push(layout, registry, "0123456")
    attest(layout, signer(registry, keys))
    only(found_in(registry, keys), found)


def test_evidence_in_the_image_that_is_not_what_is_attested(
    registry: Registry, keys: Keys, laid: Callable[..., Layout], tiny_bundle: Path
) -> None:
    """A file that was changed together with its label still is not what was attested."""
    tiny = Tiny.of(tiny_bundle)
    judged = tiny.layers[2][EVIDENCE_FILE]
    tiny.told(lambda told: told.update(dockerfile="0" * 64))
    layout = laid(tiny)
    planting.push(layout, registry, "0123456")
    attest(layout, signer(registry, keys), evidence=judged)
    only(found_in(registry, keys), '"dockerfile" in the evidence that is attested')


def test_a_model_that_was_judged_badly(
    registry: Registry, keys: Keys, laid: Callable[..., Layout], seal: Callable[..., Path]
) -> None:
    """A red verdict is no image to believe in, however honestly it is told."""
    tiny = Tiny.of(seal(green=False))
    tiny.labels["houseprice.verdict"] = "red"
    layout = laid(tiny)
    planting.push(layout, registry, "0123456")
    sign(layout, registry, keys)
    only(found_in(registry, keys), "verdict on the model of linux/amd64: found red (log_rmse)", "label houseprice.verd")


def test_another_model_for_one_platform(
    registry: Registry, keys: Keys, laid: Callable[..., Layout], tiny_bundle: Path, seal: Callable[..., Path]
) -> None:
    """Every platform answers with the same model, or none is believed."""
    tiny = planting.both(Tiny.of(tiny_bundle)) | {"linux/arm64": Tiny.of(seal("other", 300.0))}
    layout = laid(tiny)
    planting.push(layout, registry, "0123456")
    attest(layout, signer(registry, keys))
    against = "of linux/arm64, against linux/amd64"
    only(found_in(registry, keys), f"{EVIDENCE_FILE} {against}", f"{BUNDLE}/manifest.json {against}")
