"""The command as it is typed: a pack is written and replayed, and whatever is wrong has a code and an exit code."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_image
from tiny_image import Tiny, both

from evidence.forging import restate
from pipeline import Pipeline
from programs import error_code

RunCli = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _nobody_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COSIGN_PRIVATE_KEY", "ACTIONS_ID_TOKEN_REQUEST_URL", "HOUSEPRICE_COSIGN_KEY", "HOUSEPRICE_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def test_a_pack_is_written_and_replayed(run_cli: RunCli, pipe: Pipeline, tmp_path: Path) -> None:
    """By anybody who has the bundle; with the data the draw is checked as well."""
    attached = tmp_path / "equity.json"
    attached.write_text("{}")
    output = tmp_path / "pack"
    code, out, _ = run_cli("evidence", "--bundle", pipe.bundle, "--output", output, "--include", attached, "--json")
    facts = json.loads(out)
    assert (code, facts["signed"], facts["sample"], facts["passed"]) == (0, False, 300, True)
    assert facts["bytes"] == sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    assert (output / "attachments" / "equity.json").is_file()
    replay = ("evidence", "--bundle", pipe.bundle, "--replay", output, "--data", pipe.cleaned)
    code, out, _ = run_cli(*replay, "--json")
    told = json.loads(out)
    assert (code, told["replayed"]) == (0, True)
    assert {check["passed"] for check in told["checks"]} == {True, None}
    code, out, _ = run_cli(*replay)
    assert code == 0
    assert len(out.splitlines()) == len(told["checks"])


def test_a_changed_byte_ends_with_one(run_cli: RunCli, pack: Path, bundle_dir: Path) -> None:
    """And so does a forged claim, after everything was checked."""
    restate(pack, lambda it: it["random_sample"].update(size=1))
    code, out, err = run_cli("evidence", "--bundle", bundle_dir, "--replay", pack, "--json")
    assert (code, error_code(err), json.loads(out)["replayed"]) == (1, "claims_differ", False)
    (pack / "index.html").write_bytes(b"")
    code, out, err = run_cli("evidence", "--bundle", bundle_dir, "--replay", pack, "--json")
    assert (code, error_code(err), out) == (1, "pack_changed", "")


def test_a_changed_bundle_cannot_replay(run_cli: RunCli, pack: Path, bundle_copy: Path) -> None:
    """It is refused before it answers."""
    path = bundle_copy / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    code, _, err = run_cli("evidence", "--bundle", bundle_copy, "--replay", pack)
    assert (code, error_code(err)) == (5, "bundle_changed")


MISPLACED: list[tuple[str, ...]] = [
    (),
    ("--output", "a", "--replay", "b"),
    ("name", "--layout", "x", "--output", "a"),
    ("--output", "a", "--data", "b"),
    ("--output", "a", "--allow-unsigned"),
    ("--replay", "a", "--include", "b"),
]


@pytest.mark.parametrize("words", MISPLACED)
def test_one_thing_is_asked_for(run_cli: RunCli, words: tuple[str, ...]) -> None:
    """A pack is written or replayed, of one model; an option that would do nothing is refused."""
    assert run_cli("evidence", *words)[0] == 2


def test_what_is_missing_has_its_code(run_cli: RunCli, bundle_dir: Path, tmp_path: Path) -> None:
    """No pack, no bundle, and an image without a policy."""
    for words, expected in (
        (("--bundle", bundle_dir, "--replay", tmp_path), (1, "pack_not_found")),
        (("--bundle", tmp_path, "--output", tmp_path / "pack"), (5, "bundle_not_found")),
        (("somebody/house-price-model", "--output", tmp_path / "pack"), (12, "policy_missing")),
    ):
        code, _, err = run_cli("evidence", *words)
        assert (code, error_code(err)) == expected


def test_an_image_is_replayed_like_its_bundle(run_cli: RunCli, bundle_dir: Path, tmp_path: Path) -> None:
    """Its bundle is read out of its layers; the pack names the image."""
    layout = tiny_image.lay(tmp_path / "layout", both(Tiny.of(bundle_dir)))
    of_image, of_bundle = tmp_path / "of-image", tmp_path / "of-bundle"
    assert run_cli("evidence", "--layout", layout.folder, "--output", of_image)[0] == 0
    assert run_cli("evidence", "--bundle", bundle_dir, "--output", of_bundle)[0] == 0
    assert json.loads((of_image / "evidence.json").read_bytes())["image"]["digest"] == layout.digest
    for pack in (of_image, of_bundle):
        for model in (("--layout", layout.folder), ("--bundle", bundle_dir)):
            assert run_cli("evidence", *model, "--replay", pack)[0] == 0
