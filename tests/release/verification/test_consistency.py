"""What an image says against what it shows, before anybody signs it: every planted mismatch is found, and named."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from planting import BUNDLE, COMMIT, Tiny, both

from houseprice.bundle import manifest as manifests
from houseprice.errors import VerificationError
from houseprice.release.layout.oci import Layout
from houseprice.release.verification.image_reader import EVIDENCE_FILE, SBOM_FILE
from houseprice.release.verification.verify import verify_layout

REVISION = "org.opencontainers.image.revision"
Lay = Callable[..., Layout]


@dataclass(frozen=True)
class Spoiled:
    """Something that is wrong in an image, and how that is told."""

    name: str
    spoil: Callable[[Tiny], object]
    found: tuple[str, ...]


def _above(**files: bytes | str) -> Callable[[Tiny], None]:
    return lambda tiny: tiny.layers.append({name.replace("__", "/"): content for name, content in files.items()})


def _bundle(name: str, content: bytes | str) -> Callable[[Tiny], None]:
    return lambda tiny: tiny.layers.append({f"{BUNDLE}/{name}": content})


def _label(name: str, value: str | None) -> Callable[[Tiny], None]:
    def spoil(tiny: Tiny) -> None:
        del tiny.labels[name]
        tiny.labels.update({name: value} if value is not None else {})

    return spoil


def _resealed(tiny: Tiny) -> None:
    """Change a metric of the sealed manifest and seal it again: whole in itself, and not what was judged."""
    path = f"{BUNDLE}/{manifests.NAME}"
    told = manifests.read(tiny.layers[1][path], Path(path)).model_copy(update={"metrics": {"log_rmse": 0.01}})
    tiny.layers[1][path] = manifests.write(told)
    tiny.labels["houseprice.manifest"] = manifests.sha256(tiny.layers[1][path])


def _parts(path: str, content: bytes) -> Callable[[Tiny], None]:
    return lambda tiny: tiny.layers[0].update({path: content})


def _empty(name: str) -> Callable[[Tiny], None]:
    return lambda tiny: tiny.layers[2].update({name: b"[]"})


LIBC = b"Package: libc6\nStatus: install ok installed\nVersion: 2.36-10\n"
SPOILED = [
    Spoiled("other manifest", _label("houseprice.manifest", "0" * 64), ("label houseprice.manifest of linux/amd64",)),
    Spoiled("no evidence label", _label("houseprice.evidence", None), ("label houseprice.evidence of linux/amd64",)),
    Spoiled(
        "another model", _label("houseprice.model-version", "0" * 12), ("label houseprice.model-version of linux",)
    ),
    Spoiled("another commit", _label(REVISION, "f" * 40), (f"label {REVISION} of linux", f"annotation {REVISION} of")),
    Spoiled("another verdict", _label("houseprice.verdict", "splendid"), ("label houseprice.verdict of linux/amd64",)),
    Spoiled("file changed later", _bundle("golden.json", b"{}"), (f'"/{BUNDLE}/golden.json" of linux/amd64',)),
    Spoiled(
        "file that nobody sealed",
        _bundle("extra.pkl", b"x"),
        (f'"/{BUNDLE}/extra.pkl" of linux/amd64: found "sha256 2d711642',),
    ),
    Spoiled(
        "file taken away",
        _bundle(".wh.sample.json", b""),
        (f'"/{BUNDLE}/sample.json" of linux/amd64: found "no such file"; expected "sha256',),
    ),
    Spoiled(
        "folder emptied",
        _bundle(".wh..wh..opq", b""),
        ("sealed model of linux/amd64: found no such file", "model in the SBOM of linux/amd64"),
    ),
    Spoiled(
        "link to another model",
        _above(app__models="/elsewhere"),
        (
            '"/app/models" of linux/amd64: found a link to "/elsewhere"',
            "sealed model of linux/amd64",
            "model in the SBOM of linux/amd64",
        ),
    ),
    Spoiled(
        "model elsewhere",
        lambda tiny: tiny.environment.update(HOUSEPRICE_BUNDLE="/app/other"),
        ('HOUSEPRICE_BUNDLE of linux/amd64: found "/app/other"; expected "/app/models/bundle"',),
    ),
    Spoiled(
        "manifest sealed again",
        _resealed,
        ("sha256 of the sealed manifest in the evidence", '"log_rmse" in the metrics in the evidence'),
    ),
    Spoiled(
        "library that nobody lists",
        _parts("opt/x-1.dist-info/METADATA", b"Name: Evil.Thing\nVersion: 1\n"),
        ("pypi evil-thing in the SBOM of linux/amd64: found nothing; expected 1",),
    ),
    Spoiled("package changed", _parts("var/lib/dpkg/status", LIBC), ("deb libc6 in the SBOM of linux/amd64",)),
    Spoiled("package gone", _parts("var/lib/dpkg/status", b""), ("deb libc6 in the SBOM of linux/amd64",)),
    Spoiled("no SBOM", _empty(SBOM_FILE), ("pypi ", "deb ", "model in the SBOM of linux/amd64")),
    Spoiled(
        "no evidence",
        lambda tiny: tiny.layers[2].pop(EVIDENCE_FILE),
        (f'"/{EVIDENCE_FILE}" of linux/amd64: found no such file',),
    ),
    Spoiled(
        "evidence is no object", _empty(EVIDENCE_FILE), (f'"/{EVIDENCE_FILE}" of linux/amd64: found no JSON object',)
    ),
    Spoiled("time of nobody", lambda tiny: tiny.told(lambda told: told.update(epoch="now")), ("annotation org.openc",)),
]


def test_an_untouched_image_is_believed(laid: Lay, tiny_bundle: Path) -> None:
    """All but who signed it is proved without a registry."""
    found = verify_layout(laid(both(Tiny.of(tiny_bundle))))
    assert (found.revision, found.signers) == (COMMIT, ())
    assert set(found.platforms) == {"linux/amd64", "linux/arm64"}


@pytest.mark.parametrize("spoiled", SPOILED, ids=lambda spoiled: spoiled.name)
def test_a_mismatch_is_found_and_no_other_is_told(spoiled: Spoiled, laid: Lay, tiny_bundle: Path) -> None:
    """Each line names the thing, what was found and what was expected."""
    tiny = Tiny.of(tiny_bundle)
    spoiled.spoil(tiny)
    with pytest.raises(VerificationError) as refused:
        verify_layout(laid(tiny))
    lines = refused.value.mismatches
    assert [line for line in lines if not line.startswith(spoiled.found)] == []
    assert [one for one in spoiled.found if not any(line.startswith(one) for line in lines)] == []
    assert all("; expected " in line and line in str(refused.value) for line in lines)


def test_a_model_that_was_judged_badly_is_not_believed(laid: Lay, seal: Callable[..., Path]) -> None:
    """A red verdict is told, however honest the label is."""
    tiny = Tiny.of(seal(green=False))
    tiny.labels["houseprice.verdict"] = "red"
    with pytest.raises(VerificationError) as refused:
        verify_layout(laid(tiny))
    verdict, label = refused.value.mismatches
    assert verdict.startswith("verdict on the model of linux/amd64: found red (log_rmse)")
    assert label == 'label houseprice.verdict of linux/amd64: found "red"; expected "green"'


def test_two_models_in_one_image_are_not_believed(laid: Lay, tiny_bundle: Path, seal: Callable[..., Path]) -> None:
    """Every platform answers with the same model, although each is whole in itself."""
    with pytest.raises(VerificationError) as refused:
        verify_layout(laid({"linux/amd64": Tiny.of(tiny_bundle), "linux/arm64": Tiny.of(seal("other", 300.0))}))
    found = [line.partition(":")[0] for line in refused.value.mismatches]
    assert found == [
        f"{path} of linux/arm64, against linux/amd64" for path in (EVIDENCE_FILE, f"{BUNDLE}/manifest.json")
    ]


def test_the_other_platform_is_looked_at_too(laid: Lay, tiny_bundle: Path) -> None:
    """What is wrong with one of two images is told of that one."""
    platforms = both(Tiny.of(tiny_bundle))
    platforms["linux/arm64"].labels["houseprice.manifest"] = "0" * 64
    with pytest.raises(VerificationError) as refused:
        verify_layout(laid(platforms))
    assert [line.partition(":")[0] for line in refused.value.mismatches] == ["label houseprice.manifest of linux/arm64"]


def test_the_index_says_what_the_images_say(laid: Lay, tiny_bundle: Path) -> None:
    """What is said of the index is read without a layer, so it must be true as well."""
    told = {"org.opencontainers.image.revision": "f" * 40, "org.opencontainers.image.created": "2020-01-01T00:00:00Z"}
    with pytest.raises(VerificationError) as refused:
        verify_layout(laid(Tiny.of(tiny_bundle), annotations=told))
    assert [line.partition(" of the index:")[0] for line in refused.value.mismatches] == [
        f"annotation {n}" for n in told
    ]
