"""Published images that are what they claim to be, and such that are not, on a real registry with a real cosign."""

import json
import os
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_image
from faulty import Handler, faulty
from loopback import ACCOUNT
from tiny_image import COMMIT, NUMPY, OTHER_COMMIT, SOURCE, Keys, Published, Tiny

from houseprice.errors import RegistryError, VerificationError
from houseprice.release import skopeo
from houseprice.release.image_reference import Reference, Repository
from houseprice.release.oci_layout import OciLayout
from houseprice.release.verification.consistency import LABEL, MANIFEST_LABEL
from houseprice.release.verification.image_reader import BUNDLE_FOLDER
from houseprice.release.verification.policy import VerificationPolicy
from houseprice.release.verification.verify import Verified, verify

pytestmark = pytest.mark.long  # signs for real, a second or more each time


def look(repository: Repository, keys: Keys, tag: str = "0123456", digest: str = "") -> Verified:
    """Verify as somebody who has the public key."""
    reference = Reference(repository, "" if digest else tag, digest)
    return verify(reference, VerificationPolicy.of_key_file(keys.public), account=ACCOUNT)


def subjects(repository: Repository, keys: Keys, tag: str = "0123456") -> set[str]:
    """Verify what must be refused; return the subjects of the mismatches."""
    with pytest.raises(VerificationError) as refused:
        look(repository, keys, tag)
    assert refused.value.code == "image_mismatch"
    return set(refused.value.details["subjects"])


UNSIGNED = {"signature", "SBOM attestation", "provenance attestation"}


def test_an_untouched_image_is_verified(good: Published, keys: Keys) -> None:
    """By its commit, by latest, and by its digest."""
    for name in ({"tag": "0123456"}, {"tag": "latest"}, {"digest": good.layout.digest}):
        found = look(good.repository, keys, **name)
        assert (found.digest, found.revision) == (good.layout.digest, COMMIT)
    assert found.platforms == good.layout.platforms
    assert found.signers == (f"key {VerificationPolicy.of_key_file(keys.public).fingerprint}",)
    assert found.builder == "urn:house-price-model:local"


Change = Callable[[Any], Any]


def _replaced(old: str, new: str) -> Change:
    return lambda signed: replace(signed, provenance=json.loads(json.dumps(signed.provenance).replace(old, new)))


def _nothing(_: Any) -> None:
    """Change nothing."""


LABEL_OF_COMMIT = f"{LABEL}.revision"
# The ten: what is spoiled in the image before it is signed, what is spoiled in what is attested, what must be found.
PLANTED: dict[str, tuple[Change, Change, set[str]]] = {
    "label of another commit": (
        lambda tiny: tiny.labels.update({LABEL_OF_COMMIT: OTHER_COMMIT}),
        _replaced(OTHER_COMMIT, COMMIT),
        {"commit in the provenance", "tag"},
    ),
    "label of another bundle": (
        lambda tiny: tiny.labels.update({MANIFEST_LABEL: "0" * 64}),
        _nothing,
        {f"label {MANIFEST_LABEL} of linux/amd64", "bundle in the provenance"},
    ),
    "changed file of the bundle": (
        lambda tiny: tiny.layers[1].update({f"{BUNDLE_FOLDER}/model_card.md": b"# A splendid model\n"}),
        _nothing,
        {f"/{BUNDLE_FOLDER}/model_card.md of linux/amd64"},
    ),
    "another library than the SBOM lists": (
        lambda tiny: tiny.layers[0].update({NUMPY: b"Name: numpy\nVersion: 1.9.9\n"}),
        _nothing,
        {"pypi numpy in the SBOM of linux/amd64"},
    ),
    "no signature": (_nothing, lambda signed: replace(signed, signature=False), {"signature"}),
    "no SBOM attestation": (_nothing, lambda signed: replace(signed, sbom=None), {"SBOM attestation"}),
    "no provenance": (_nothing, lambda signed: replace(signed, provenance=None), {"provenance attestation"}),
    "attested SBOM of other parts": (
        _nothing,
        lambda signed: replace(signed, sbom={**signed.sbom, "components": []}),
        {"attested SBOM"},
    ),
    "provenance of another commit": (_nothing, _replaced(COMMIT, OTHER_COMMIT), {"commit in the provenance"}),
    "provenance of nothing": (
        _nothing,
        lambda signed: replace(signed, provenance={}),
        {"commit in the provenance", "bundle in the provenance"},
    ),
}


@pytest.mark.parametrize(("spoil", "change", "found"), PLANTED.values(), ids=PLANTED)
def test_each_of_ten_planted_mismatches_is_found(
    spoil: Change,
    change: Change,
    found: set[str],
    repository: Repository,
    keys: Keys,
    laid: Callable[..., OciLayout],
    tiny_bundle: Path,
) -> None:
    """A signature proves who published, not that all is well: image and attestations must tell the same."""
    assert len(PLANTED) == 10
    tiny = Tiny.of(tiny_bundle)
    spoil(tiny)
    layout = laid(tiny)
    tiny_image.push(layout, repository, "0123456")
    signed = tiny_image.attestations(layout)
    tiny_image.sign(layout.digest, keys.signer(repository), change(signed) or signed)
    assert subjects(repository, keys) == found


def test_an_image_that_somebody_else_signed(good: Published, others_keys: Keys) -> None:
    """A signature counts only when it is of the key that is trusted; nothing of the image is read without one."""
    assert subjects(good.repository, others_keys) == UNSIGNED


def test_signatures_that_were_copied_from_another_image(
    good: Published, repository: Repository, keys: Keys, laid: Callable[..., OciLayout], tiny_bundle: Path
) -> None:
    """They name another digest, wherever they are put."""
    layout = laid(Tiny.of(tiny_bundle, OTHER_COMMIT))
    tiny_image.push(layout, repository, "fedcba9")
    for kind in ("sig", "att"):
        source = Reference(good.repository, f"{good.layout.digest.replace(':', '-')}.{kind}")
        target = Reference(repository, f"{layout.digest.replace(':', '-')}.{kind}")
        skopeo.copy(source, target, ACCOUNT)
    assert subjects(repository, keys, "fedcba9") == UNSIGNED


def test_attestations_by_somebody_else_do_no_harm(
    repository: Repository, keys: Keys, others_keys: Keys, laid: Callable[..., OciLayout], tiny_bundle: Path
) -> None:
    """They are none when they stand alone, and are not read beside those of the key that is trusted."""
    layout = laid(Tiny.of(tiny_bundle))
    tiny_image.push(layout, repository, "0123456")
    signed = tiny_image.attestations(layout)
    tiny_image.sign(layout.digest, others_keys.signer(repository), replace(signed, provenance={"other": True}))
    signer = keys.signer(repository)
    signer.cosign.sign(layout.digest, signer.options, signer.secrets)
    assert subjects(repository, keys) == {"SBOM attestation", "provenance attestation"}
    tiny_image.sign(layout.digest, signer, signed)
    assert look(repository, keys).digest == layout.digest


def test_a_model_that_failed_its_gates(
    repository: Repository, keys: Keys, laid: Callable[..., OciLayout], seal: Callable[..., Path]
) -> None:
    """It is refused, however honestly it is signed."""
    layout = laid(Tiny.of(seal(green=False)))
    tiny_image.push(layout, repository, "0123456")
    tiny_image.sign(layout.digest, keys.signer(repository), tiny_image.attestations(layout))
    assert subjects(repository, keys) == {"verdict on the model of linux/amd64"}


# --- what a name means -----------------------------------------------------------------------------------------------


def retag(repository: Repository, layout: OciLayout, tag: str) -> None:
    """Put a tag on a published digest."""
    skopeo.copy(Reference(repository, digest=layout.digest), Reference(repository, tag), ACCOUNT)


def test_a_tag_of_another_commit(good: Published, keys: Keys) -> None:
    """A commit's tag on another commit's image is found, although the image is as it should be."""
    retag(good.repository, good.layout, "fedcba9")
    assert subjects(good.repository, keys, "fedcba9") == {"tag"}


def test_latest_whose_commit_has_no_tag(
    repository: Repository, keys: Keys, laid: Callable[..., OciLayout], tiny_bundle: Path
) -> None:
    """Latest never names something that cannot be named by its commit."""
    layout = laid(Tiny.of(tiny_bundle))
    tiny_image.push(layout, repository, "latest")
    tiny_image.sign(layout.digest, keys.signer(repository), tiny_image.attestations(layout))
    assert subjects(repository, keys, "latest") == {'tag "0123456"'}


def test_a_tag_that_moves_during_the_verification(
    good: Published, keys: Keys, laid: Callable[..., OciLayout], tiny_bundle: Path
) -> None:
    """What is read belongs to the digest that was looked up first; that the tag moved on is reported."""
    other = laid(Tiny.of(tiny_bundle, OTHER_COMMIT))
    tiny_image.push(other, good.repository)
    retag(good.repository, good.layout, "moving")
    moved = threading.Event()

    def move(handler: Handler) -> bool:
        if "/blobs/" in handler.path and not moved.is_set():
            moved.set()
            retag(good.repository, other, "moving")
        return False

    with faulty(good.repository.host) as proxy:
        proxy.faults.append(move)
        through = Repository(proxy.host, good.repository.path)
        assert subjects(through, keys, "moving") == {'tag "moving"'}
        assert not [line for line in proxy.requests if "blobs" in line and other.digest in line]


def test_a_name_that_does_not_exist(good: Published, keys: Keys) -> None:
    """It is a question of the registry, not of trust."""
    with pytest.raises(RegistryError) as refused:
        look(good.repository, keys, "abcdef0")
    assert refused.value.code == "registry_not_found"


def test_an_image_from_another_repository(good: Published, keys: Keys) -> None:
    """Whoever names the repository that images come from is not given another one's."""
    policy = VerificationPolicy(key=keys.public.read_text(), source="https://github.com/another/prices")
    with pytest.raises(VerificationError) as refused:
        verify(Reference(good.repository, "latest"), policy, account=ACCOUNT)
    assert refused.value.details["subjects"] == ("source of the image",)


def test_an_image_that_is_too_large_is_not_downloaded(
    good: Published, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its manifests say how large it is."""
    monkeypatch.setattr("houseprice.release.verification.verify.IMAGE_BYTES", 100)
    with pytest.raises(VerificationError) as refused:
        look(good.repository, keys)
    assert refused.value.code == "image_too_large"


def test_with_a_key_nobody_but_the_registry_is_asked(
    good: Published, keys: Keys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All other addresses are behind this proxy: it is not called until an identity is to be verified."""
    calls: list[object] = []

    def answer(proxy: socket.socket) -> None:
        with suppress(OSError):
            while True:
                caller, address = proxy.accept()
                calls.append(address)
                caller.close()

    with closing(socket.create_server(("127.0.0.1", 0))) as proxy:
        thread = threading.Thread(target=answer, args=(proxy,), daemon=True)
        thread.start()
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, good.repository.host)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert look(good.repository, keys).digest == good.layout.digest
        assert calls == []
        with pytest.raises((VerificationError, RegistryError)):
            verify(
                Reference(good.repository, "0123456"),
                VerificationPolicy.of_repository(SOURCE),
                account=ACCOUNT,
                environ=os.environ,
            )
        assert calls != []
        proxy.shutdown(socket.SHUT_RDWR)
        thread.join(5)
