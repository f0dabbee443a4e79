"""What an image says against what it contains, before it is signed: every mismatch is found, and no other reported."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_image import COMMIT, CREATED, NUMPY, SOURCE, Tiny, both

from houseprice.bundle import manifest as manifests
from houseprice.errors import ImageError, VerificationError
from houseprice.release.oci_layout import OciLayout
from houseprice.release.verification.consistency import LABEL, MANIFEST_LABEL
from houseprice.release.verification.image_reader import BUNDLE_FOLDER, SBOM_FILE
from houseprice.release.verification.verify import verify_layout

Lay = Callable[..., OciLayout]
Spoil = Callable[[Tiny], Any]


def _add(path: str, content: bytes | str) -> Spoil:
    return lambda tiny: tiny.layers.append({path: content})


def _label(name: str, value: str) -> Spoil:
    return lambda tiny: tiny.labels.update({name: value})


def _resealed(tiny: Tiny) -> None:
    """Change a metric of the manifest and seal it again: whole in itself, and not what was judged."""
    path = f"{BUNDLE_FOLDER}/{manifests.NAME}"
    content = manifests.read(bytes(tiny.layers[1][path]), Path(path))  # type: ignore[arg-type]
    tiny.layers[1][path] = manifests.write(content.model_copy(update={"metrics": {"log_rmse": 0.01}}))


LIBC = b"Package: libc6\nStatus: install ok installed\nVersion: 2.36-10\n"
MANIFEST_FILE = f"/{BUNDLE_FOLDER}/manifest.json of linux/amd64"
SPOILED: dict[str, tuple[Spoil, set[str]]] = {
    "label of another bundle": (_label(MANIFEST_LABEL, "0" * 64), {f"label {MANIFEST_LABEL} of linux/amd64"}),
    "no label of the commit": (_label(f"{LABEL}.revision", ""), {f"label {LABEL}.revision of linux/amd64"}),
    "changed file": (_add(f"{BUNDLE_FOLDER}/golden.json", b"{}"), {f"/{BUNDLE_FOLDER}/golden.json of linux/amd64"}),
    "extra file": (_add(f"{BUNDLE_FOLDER}/extra.pkl", b"x"), {f"/{BUNDLE_FOLDER}/extra.pkl of linux/amd64"}),
    "removed file": (_add(f"{BUNDLE_FOLDER}/.wh.sample.json", b""), {f"/{BUNDLE_FOLDER}/sample.json of linux/amd64"}),
    "emptied folder": (_add(f"{BUNDLE_FOLDER}/.wh..wh..opq", b""), {MANIFEST_FILE}),
    "link to another model": (_add("app/models", "/elsewhere"), {"/app/models of linux/amd64", MANIFEST_FILE}),
    "model elsewhere": (
        lambda tiny: tiny.environment.update(HOUSEPRICE_BUNDLE="/app/other"),
        {"HOUSEPRICE_BUNDLE of linux/amd64"},
    ),
    "manifest sealed again": (_resealed, {f"label {MANIFEST_LABEL} of linux/amd64"}),
    "manifest that is no JSON": (_add(f"{BUNDLE_FOLDER}/manifest.json", b"{"), {MANIFEST_FILE}),
    "library that is not listed": (
        _add("opt/x-1.dist-info/METADATA", b"Name: Evil.Thing\nVersion: 1\n"),
        {"pypi evil-thing in the SBOM of linux/amd64"},
    ),
    "another version": (_add(NUMPY, b"Name: numpy\nVersion: 1.9\n"), {"pypi numpy in the SBOM of linux/amd64"}),
    "another package": (_add("var/lib/dpkg/status", LIBC), {"deb libc6 in the SBOM of linux/amd64"}),
    "no SBOM": (lambda tiny: tiny.layers[2].clear(), {f"/{SBOM_FILE} of linux/amd64"}),
    "SBOM that is no object": (_add(SBOM_FILE, b"[]"), {f"/{SBOM_FILE} of linux/amd64"}),
}


def mismatches(layout: OciLayout) -> set[str]:
    """Return what does not agree in a layout."""
    with pytest.raises(VerificationError) as refused:
        verify_layout(layout.folder)
    assert refused.value.code == "image_mismatch"
    assert len(refused.value.mismatches) == len(refused.value.details["subjects"])
    return set(refused.value.details["subjects"])


def test_an_untouched_image_is_verified(laid: Lay, tiny_bundle: Path) -> None:
    """Everything but its signature is proven without a registry."""
    found = verify_layout(laid(both(Tiny.of(tiny_bundle))).folder)
    assert (found.revision, found.source, found.created, found.signers) == (COMMIT, SOURCE, CREATED, ())
    assert set(found.platforms) == {"linux/amd64", "linux/arm64"}
    assert found.manifest == (tiny_bundle / manifests.NAME).read_bytes()
    assert found.manifest_sha256 == manifests.sha256(found.manifest)
    assert found.golden == json.loads((tiny_bundle / manifests.GOLDEN).read_bytes())


@pytest.mark.parametrize(("spoil", "expected"), SPOILED.values(), ids=SPOILED)
def test_a_mismatch_is_found_and_no_other_is_reported(
    spoil: Spoil, expected: set[str], laid: Lay, tiny_bundle: Path
) -> None:
    """Each by its subject."""
    tiny = Tiny.of(tiny_bundle)
    spoil(tiny)
    assert mismatches(laid(tiny)) == expected


def test_a_model_that_failed_its_gates_is_refused(laid: Lay, seal: Callable[..., Path]) -> None:
    """However honest everything else is."""
    assert mismatches(laid(Tiny.of(seal(green=False)))) == {"verdict on the model of linux/amd64"}


def test_another_model_for_one_platform_is_refused(laid: Lay, tiny_bundle: Path, seal: Callable[..., Path]) -> None:
    """Every platform holds the same bundle of the same commit, or none is trusted."""
    other = Tiny.of(seal("other", 300.0), "f" * 40)
    found = mismatches(laid(both(Tiny.of(tiny_bundle)) | {"linux/arm64": other}))
    assert found == {f"label {LABEL}.revision of linux/arm64", "manifest.json of linux/arm64, against linux/amd64,"}


def test_what_is_no_layout_is_refused(tmp_path: Path) -> None:
    """With its own code."""
    with pytest.raises(ImageError) as refused:
        verify_layout(tmp_path)
    assert refused.value.code == "layout_invalid"
