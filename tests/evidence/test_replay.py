"""The replay finds what a forger could change: claims, measures, the model, its answers, the draw and the data."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from evidence.forging import restate
from houseprice.bundle.manifest import sha256
from houseprice.evidence.building import build_pack
from houseprice.evidence.pack import NAME, open_pack, write_pack
from houseprice.evidence.replay import failure, replay
from houseprice.evidence.subject import of_folder
from pipeline import Pipeline

Resealed = Callable[..., Path]


def codes(pack: Path, bundle: Path, data: Path | None = None) -> list[str]:
    """Return the codes of the checks that fail."""
    return [check.code for check in replay(open_pack(pack), of_folder(bundle), data) if check.passed is False]


def pack_of(bundle: Path, tmp_path: Path) -> Path:
    """Make the pack of a bundle."""
    write_pack(build_pack(of_folder(bundle), {}), tmp_path / "its-pack")
    return tmp_path / "its-pack"


def dearer(graph: bytes) -> bytes:
    """Return a model whose prices are one in a thousand higher."""
    model = onnx.load_from_string(graph)
    for node in model.graph.node:
        node.output[:] = ["before" if name == "predicted_price" else name for name in node.output]
    model.graph.initializer.append(numpy_helper.from_array(np.array(1.001), "factor"))
    model.graph.node.append(helper.make_node("Mul", ["before", "factor"], ["predicted_price"]))
    return bytes(model.SerializeToString())


def test_a_pack_replays_with_its_model_and_its_data(pack: Path, pipe: Pipeline) -> None:
    """Everything passes but the signature, which nobody asked for."""
    checks = replay(open_pack(pack), of_folder(pipe.bundle), pipe.cleaned)
    assert {check.name for check in checks if not check.passed} == {"signature"}
    assert failure(checks) is None
    without = replay(open_pack(pack), of_folder(pipe.bundle))
    assert {check.name for check in without if check.passed is None} == {"signature", "draw of the sample"}


def test_another_model_is_found(pack: Path, resealed: Resealed) -> None:
    """By its manifest, and by its answers."""
    assert codes(pack, resealed(model=dearer)) == ["model_differs", "answers_differ"]


def test_a_model_that_answers_otherwise_than_sealed_is_found(resealed: Resealed, tmp_path: Path) -> None:
    """Although manifest and pack agree."""
    bundle = resealed(model=dearer)
    assert codes(pack_of(bundle, tmp_path), bundle) == ["answers_differ"]


def _first_claim(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = values["factors"][0]["measures"][1]
    return found


FORGED: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "better error": (lambda it: _first_claim(it).update(value=0.01), "claims_differ"),
    "narrower interval": (lambda it: _first_claim(it).update(interval=[0.0, 0.0]), "claims_differ"),
    "measure of an absent thing": (
        lambda it: _first_claim(it).update(pointer="/metrics/holdout/none"), "claims_differ"
    ),
    "value that is no number": (lambda it: _first_claim(it).update(value="0.07"), "claims_differ"),
    "file of the machine": (lambda it: _first_claim(it).update(file="../../etc/passwd"), "pack_invalid"),
    "requirement without measures": (lambda it: it["label"][0].pop("measures"), "pack_invalid"),
    "better sample": (lambda it: it["random_sample"]["evaluated"]["median_ape"].update(value=0.01), "claims_differ"),
    "huge sample": (lambda it: it["random_sample"].update(size=10**400), "claims_differ"),
    "measure that is no number": (lambda it: it["random_sample"].update(evaluated="good"), "claims_differ"),
    "failed model said to have passed": (lambda it: it["model"].update(passed=False), "claims_differ"),
    "other manifest": (lambda it: it["model"].update(manifest_sha256="0" * 64), "model_differs"),
    "gate that failed left out": (lambda it: it["model"].update(failed_gates=["none"]), "claims_differ"),
    "other currency": (lambda it: it["model"].update(currency="EUR"), "claims_differ"),
    "better name of a measure": (lambda it: _first_claim(it).update(label="Perfection"), "requirements_differ"),
    "requirement left out": (lambda it: it["factors"].pop(), "requirements_differ"),
    "nothing required": (lambda it: it.update(factors=[], label=[]), "requirements_differ"),
    "nothing open": (lambda it: it["factors"][0].update(open=[]), "requirements_differ"),
    "no model": (lambda it: it["model"].clear(), "pack_invalid"),
}  # fmt: skip


@pytest.mark.parametrize(("forge", "code"), FORGED.values(), ids=FORGED)
def test_a_forged_statement_is_found(
    pack: Path, bundle_dir: Path, forge: Callable[[dict[str, Any]], Any], code: str
) -> None:
    """Although all digests are right again."""
    restate(pack, forge)
    assert codes(pack, bundle_dir) == [code]


@pytest.mark.parametrize("name", ["sample.json", "golden.json", "reference.json", "model_card.md", "manifest.json"])
def test_a_forged_file_of_the_model_is_found(pack: Path, bundle_dir: Path, name: str) -> None:
    """Since the model's own manifest names another digest."""
    path = pack / "bundle" / name
    path.write_bytes(path.read_bytes() + b"\n")
    restate(pack, lambda it: it["files"].update({f"bundle/{name}": sha256(path.read_bytes())}))
    assert "model_differs" in codes(pack, bundle_dir)


@pytest.mark.parametrize(
    "sample",
    [b"[]", b"{}", b'{"rows": [1], "answers": [2]}', b'{"rows": [{}], "answers": [{}]}', b"\xff", b"[" * 99999],
)
def test_a_sample_that_is_none_is_found(pack: Path, bundle_dir: Path, sample: bytes) -> None:
    """A hostile file raises nothing else."""
    (pack / "bundle" / "sample.json").write_bytes(sample)
    restate(pack, lambda it: it["files"].update({"bundle/sample.json": sha256(sample)}))
    assert "model_differs" in codes(pack, bundle_dir)


def _choose(sample: dict[str, Any]) -> None:
    """Take the sales with the smallest error, of the last ten as many as the first."""
    sample["draw"]["rows"][0] += 1


def _embellish(sample: dict[str, Any]) -> None:
    sample["prices"][5] = sample["evaluated"][5]["predicted_price"]


def _improve(sample: dict[str, Any]) -> None:
    sample["rows"][5]["sqft_living"] += 100


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (_choose, ["draw_differs"]),
        (_embellish, ["sample_differs"]),
        (_improve, ["answers_differ", "sample_differs"]),
        (lambda sample: sample["draw"]["split"].update(holdout_share=0.05), ["draw_differs"]),
        (lambda sample: sample["draw"]["split"].update(holdout_share=9), ["pack_invalid"]),
        (lambda sample: sample.pop("draw"), ["draw_missing"]),
        (lambda sample: sample["answers"].pop(), ["pack_invalid"]),
    ],
    ids=["chosen", "embellished", "improved", "other split", "no split", "no draw", "too few answers"],
)
def test_a_sample_that_the_data_do_not_give_is_found(
    spoil: Callable[[dict[str, Any]], Any], expected: list[str], resealed: Resealed, pipe: Pipeline, tmp_path: Path
) -> None:
    """Although it was sealed so: the trainer of the model is checked as well."""
    bundle = resealed(sample=spoil)
    try:
        pack = pack_of(bundle, tmp_path)
    except ValueError:
        assert expected == ["pack_invalid"]  # it cannot even be made
        return
    assert codes(pack, bundle, pipe.cleaned) == expected


def test_other_data_are_found(pack: Path, pipe: Pipeline, tmp_path: Path) -> None:
    """One sale less is another table, and a file that is not there says so."""
    less = tmp_path / "less.csv"
    less.write_text("".join(pipe.cleaned.read_text().splitlines(keepends=True)[:-1]))
    assert codes(pack, pipe.bundle, less) == ["data_differ"]
    assert codes(pack, pipe.bundle, tmp_path / "none.csv") == ["data_not_found"]


def test_a_model_that_hides_its_prices_has_a_pack(resealed: Resealed, tmp_path: Path) -> None:
    """Its answers replay; errors are stated as not measured."""
    bundle = resealed(sample=lambda sample: sample.update(prices=[]))
    pack = pack_of(bundle, tmp_path)
    assert codes(pack, bundle) == []
    stated = json.loads((pack / NAME).read_bytes())["random_sample"]
    assert stated["published"] is None
    assert stated["evaluated"] is None


def test_a_pack_is_about_one_image(pack: Path, bundle_dir: Path) -> None:
    """An image of the same model under another digest is another image."""
    image = {"digest": f"sha256:{'1' * 64}"}
    restate(pack, lambda it: it.update(image={**image}))
    subject = of_folder(bundle_dir)
    for digest, expected in (("1", []), ("2", ["image_differs"])):
        other = type(subject)(subject.bundle, {"digest": f"sha256:{digest * 64}"})
        assert [one.code for one in replay(open_pack(pack), other) if one.passed is False] == expected


def test_the_page_says_how_to_check_the_draw_without_this_project(
    root: Path, pack: Path, pipe: Pipeline, tmp_path: Path
) -> None:
    """Its program, run by a Python that has nothing installed, agrees, and does not with other data."""
    (program,) = re.findall(r"```python\n(.*?)```", (root / "docs" / "evidence.md").read_text(), re.DOTALL)
    table = tmp_path / "data" / "processed" / "cleaned_house_data.csv"
    table.parent.mkdir(parents=True)
    for content, code in ((pipe.cleaned.read_bytes(), 0), (pipe.cleaned.read_bytes() + b"\n", 1)):
        table.write_bytes(content)
        done = subprocess.run(["python3", "-SI", "-c", program], cwd=pack.parent, capture_output=True, check=False)
        assert done.returncode == code, done.stderr.decode()
