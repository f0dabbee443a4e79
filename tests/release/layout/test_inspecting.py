"""What an image shows without being run: a good one shows all of it, and each fault is seen."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import Bundle
from houseprice.release.image_checks import LABELS, Finding
from houseprice.release.layout.archive import Taken, described
from houseprice.release.layout.inspecting import LOOKS, look_inside
from houseprice.release.layout.oci import CONFIG, Layout
from houseprice.release.layout.packing import packed
from houseprice.release.verification.image_reader import EVIDENCE_FILE, SBOM_FILE
from houseprice.release.verification.sbom import MODEL, sbom, wanted

EPOCH = 1_600_000_000
LIBRARY = "opt/venv/lib/python3.11/site-packages/x.so"
ARM = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\xb7\x00" + bytes(40)
INTEL = ARM[:18] + b"\x3e\x00" + ARM[20:]
Change = Callable[[dict[str, bytes], dict[str, Any]], None]


@pytest.fixture
def looked(tmp_path: Path, bundle: Bundle) -> Callable[..., dict[str, Finding]]:
    """Make an image that is good but for one change, and look inside."""

    def one(change: Change = lambda _files, _declared: None, platform: str = "linux/arm64") -> dict[str, Finding]:
        layout = Layout.begin(tmp_path / "layout")
        evidence = manifests.canonical({"epoch": EPOCH})
        files = {f"{MODEL}/{path.name}": path.read_bytes() for path in bundle.directory.iterdir()}
        files |= {EVIDENCE_FILE: evidence, LIBRARY: ARM, "app/houseprice-1.dist-info/METADATA": b"Name: houseprice\n"}
        told = {name: content for name, content in files.items() if wanted(name)}
        files[SBOM_FILE] = sbom(told, {"PATH": "/bin"}, "known", EPOCH)
        labels = {f"org.opencontainers.image.{name}": "known" for name in LABELS} | {
            "houseprice.manifest": manifests.sha256_of(bundle.directory / manifests.NAME),
            "houseprice.evidence": manifests.sha256(evidence),
        }
        declared = {"User": "10001", "Labels": labels, "Env": ["PATH=/bin"], "StopSignal": "SIGTERM"}
        change(files, declared)
        layers = (packed(layout, files, EPOCH),)
        found = described(Taken("linux/arm64", declared, layers, ("x",), 0), layout, EPOCH)
        return {one.name: one for one in look_inside(layout, replace(found, platform=platform), bundle)}

    return one


def failed(findings: dict[str, Finding]) -> dict[str, str]:
    """Give back what the failed looks saw."""
    return {name: finding.found for name, finding in findings.items() if not finding.passed}


def test_a_good_image_shows_everything(looked: Callable[..., dict[str, Finding]]) -> None:
    """Every look is taken, on a machine that could not run it, and finds what it expects."""
    found = looked()
    assert failed(found) == {}
    assert list(found) == [name for name, _, _ in LOOKS]


def put(name: str, content: bytes) -> Change:
    """Put another file into the image."""
    return lambda files, _declared: files.update({name: content})


def declare(**changes: Any) -> Change:
    """Declare something else."""
    return lambda _files, declared: declared.update(changes)


def label(name: str, value: str) -> Change:
    """Put another label on the image."""
    return lambda _files, declared: declared["Labels"].update({name: value})


REDS: dict[str, tuple[Change, str, str]] = {
    "machine code of another": (put(LIBRARY, INTEL), "machine code", "1 files are of another machine, such as opt/"),
    "no machine code": (put(LIBRARY, b"text"), "machine code", "0 libraries"),
    "a pickle": (put("app/models/x.pkl", b""), "serving only, files", "app/models/x.pkl"),
    "the workshop": (put("app/houseprice/learning/x.py", b""), "serving only, files", "holds app/houseprice/learning"),
    "another model": (put(f"{MODEL}/model.onnx", b"x"), "sealed files", "differs: app/models/bundle/model.onnx"),
    "a file too many": (put(f"{MODEL}/x", b"x"), "sealed files", "differs: app/models/bundle/x"),
    "a file too few": (lambda files, _: files.pop(f"{MODEL}/golden.json"), "sealed files", "golden.json"),  # type: ignore[dict-item,return-value]
    "label of another manifest": (label("houseprice.manifest", "f"), "sealed files", "label houseprice.manifest f"),
    "other evidence": (put(EVIDENCE_FILE, b'{"epoch": 1600000000}'), "evidence", "is not what the label"),
    "no evidence": (lambda files, _: files.pop(EVIDENCE_FILE), "evidence", "is missing"),  # type: ignore[dict-item,return-value]
    "what nobody told of": (put("opt/x-1.dist-info/METADATA", b"Name: x\n"), "bill of materials", "is not what is"),
    "no bill": (lambda files, _: files.pop(SBOM_FILE), "bill of materials", "is not what is installed"),  # type: ignore[dict-item,return-value]
    "root": (declare(User="root"), "declarations", "user root"),
    "nobody said": (declare(User=""), "declarations", "user root"),
    "number 0": (declare(User="0:0"), "declarations", "user 0"),
    "another signal": (declare(StopSignal="SIGKILL"), "declarations", "asks for SIGKILL"),
    "no labels": (declare(Labels={}), "declarations", "no label title, no label description"),
}


@pytest.mark.parametrize(("change", "name", "found"), REDS.values(), ids=REDS)
def test_one_fault_is_seen(looked: Callable[..., dict[str, Finding]], change: Change, name: str, found: str) -> None:
    """An image that is bad in one way shows it."""
    assert found in failed(looked(change))[name]


def test_an_image_that_is_listed_wrongly(looked: Callable[..., dict[str, Finding]]) -> None:
    """An image under another platform's name is seen."""
    found = failed(looked(platform="linux/amd64"))
    assert found["platform"] == "configured for linux/arm64, listed for linux/amd64"
    assert "machine code" in found


def test_a_configuration_of_other_layers(bundle: Bundle, tmp_path: Path) -> None:
    """Layers that are not what the configuration names, and a configuration that says nothing, are seen."""
    layout = Layout.begin(tmp_path / "layout")
    layers = (packed(layout, {"a": b"1"}, EPOCH),)
    manifest = described(Taken("linux/arm64", {}, layers, ("x",), 0), layout, EPOCH)
    told = layout.json(manifest.digest)
    wrong = json.dumps({"rootfs": {"diff_ids": ["sha256:" + "0" * 64]}}).encode()
    told["config"] = layout.add(wrong, CONFIG).told()
    changed = layout.add(json.dumps(told).encode(), manifest.media_type, "linux/arm64")
    assert {"layers", "platform", "evidence"} <= set(
        failed({one.name: one for one in look_inside(layout, changed, bundle)})
    )
    told["config"] = layout.add(b"[]", CONFIG).told()
    empty = layout.add(json.dumps(told).encode(), manifest.media_type, "linux/arm64")
    assert all("cannot be checked" in one.found for one in look_inside(layout, empty, bundle) if one.name == "layers")
