"""Checks before a build, and the folder that the builder gets."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from houseprice.errors import ArtifactError, GateError, ImageError
from houseprice.release.build_context import check_bundle, default_base, dockerfile_inputs, staged_context

ROOT = Path(__file__).parents[2]
INPUTS = {
    "page",
    "requirements/page.txt",
    "requirements/sbom.txt",
    "requirements/serving.txt",
    "scripts/finish-sbom",
    "src/houseprice",
    "pyproject.toml",
}


def test_dockerfile_inputs_of_this_repository() -> None:
    """Continued lines, several stages and several sources in one line are understood."""
    assert set(dockerfile_inputs(ROOT)) == INPUTS


def test_a_missing_dockerfile(tmp_path: Path) -> None:
    """Outside of a checkout there is nothing to build from."""
    with pytest.raises(ImageError) as refused:
        dockerfile_inputs(tmp_path)
    assert refused.value.code == "dockerfile_missing"


def test_all_missing_inputs_are_named(tmp_path: Path) -> None:
    """Every file that the builder would not find is named at once."""
    (tmp_path / "Dockerfile").write_text("FROM x\nCOPY a.txt \\\n  b /app/\ncopy --from=x c d\nADD e f\n")
    (tmp_path / "b").mkdir()
    with pytest.raises(ImageError) as refused:
        dockerfile_inputs(tmp_path)
    assert (refused.value.code, refused.value.details["missing"]) == ("build_input_missing", ["a.txt", "e"])


def test_the_context_holds_the_inputs_and_nothing_else(tmp_path: Path, seal: Callable[..., Path]) -> None:
    """No data, pickles or bytecode reach the builder; the bundle may be anywhere; every file has one time."""
    for name in ("Dockerfile", "pyproject.toml", "src/a.py", "src/__pycache__/a.pyc", "data/raw.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("\n")
    with staged_context(tmp_path, ("pyproject.toml", "src"), seal("elsewhere/bundle"), 1_500_000_000) as context:
        found = {str(path.relative_to(context)) for path in context.rglob("*") if path.is_file()}
        assert {path.stat().st_mtime for path in (context, *context.rglob("*"))} == {1_500_000_000}
    assert not context.exists()
    assert {
        "Dockerfile",
        "pyproject.toml",
        "src/a.py",
        "models/bundle/manifest.json",
        "models/bundle/model.onnx",
    } <= found
    assert not [name for name in found if "data" in name or "pycache" in name]


def test_a_good_bundle(seal: Callable[..., Path], tmp_path: Path) -> None:
    """The manifest is returned; a folder without any pickle is not compared."""
    manifest = check_bundle(seal(), tmp_path / "none", allow_failed=False)
    assert manifest["model_version"] == manifest["files"]["model.onnx"][:12]


def test_a_missing_bundle(tmp_path: Path) -> None:
    """Without a bundle there is no image."""
    with pytest.raises(ArtifactError) as refused:
        check_bundle(tmp_path, tmp_path, allow_failed=False)
    assert refused.value.code == "bundle_missing"


def _append(bundle: Path) -> None:
    (bundle / "model_card.md").write_text("# Better than it is\n")


def _remove(bundle: Path) -> None:
    (bundle / "model_card.md").unlink()


@pytest.mark.parametrize("damage", [_append, _remove])
def test_a_changed_bundle(seal: Callable[..., Path], tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """A changed and a missing file are named."""
    bundle = seal()
    damage(bundle)
    with pytest.raises(ArtifactError) as refused:
        check_bundle(bundle, tmp_path, allow_failed=True)
    assert (refused.value.code, refused.value.details["files"]) == ("bundle_changed", ["model_card.md"])


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"\xff", b"null", b"[" * 100_000, b"{}",
        b'{"files": {}, "sources": {}, "verdict": {"a": {}}, "model_version": "1"}',
        b'{"files": {}, "sources": {}, "verdict": {"a": {"passed": "yes"}}, "model_version": "1"}',
        b'{"files": {"../x": "1"}, "sources": {}, "verdict": {}, "model_version": "1"}',
        b'{"files": [], "sources": {}, "verdict": {}, "model_version": "1"}',
    ],
    ids=range(10),
)  # fmt: skip
def test_a_manifest_that_is_none(tmp_path: Path, content: bytes) -> None:
    """Whatever stands in manifest.json, the bundle is refused and nothing else is raised."""
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ArtifactError) as refused:
        check_bundle(tmp_path, tmp_path, allow_failed=True)
    assert refused.value.code == "bundle_changed"


def test_a_model_that_failed_its_gates(seal: Callable[..., Path], tmp_path: Path) -> None:
    """It becomes an image only on purpose."""
    bundle = seal(green=False)
    with pytest.raises(GateError) as refused:
        check_bundle(bundle, tmp_path, allow_failed=False)
    assert refused.value.details["gates"] == ["log_rmse"]
    assert check_bundle(bundle, tmp_path, allow_failed=True)["verdict"]


def test_a_model_that_was_never_judged(seal: Callable[..., Path], tmp_path: Path) -> None:
    """A missing verdict is no good verdict."""
    bundle = seal()
    manifest: dict[str, Any] = json.loads((bundle / "manifest.json").read_bytes())
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"verdict": {}}))
    with pytest.raises(GateError):
        check_bundle(bundle, tmp_path, allow_failed=False)


@pytest.mark.parametrize(
    ("present", "wrong"),
    [
        ({"preprocessor.pkl": "preprocessor.pkl"}, ["house_price_model.pkl"]),
        (
            {"preprocessor.pkl": "of another run", "house_price_model.pkl": "house_price_model.pkl"},
            ["preprocessor.pkl"],
        ),
        ({"preprocessor.pkl": "preprocessor.pkl", "house_price_model.pkl": "house_price_model.pkl"}, []),
    ],
    ids=["one is missing", "one is of another run", "both belong"],
)
def test_pickles_beside_the_bundle(
    seal: Callable[..., Path], tmp_path: Path, present: dict[str, str], wrong: list[str]
) -> None:
    """Where the folder of pickles holds one, both must be those that the bundle was built from."""
    for name, content in present.items():
        (tmp_path / name).write_text(content)
    if not wrong:
        check_bundle(seal(), tmp_path, allow_failed=False)
        return
    with pytest.raises(ArtifactError) as refused:
        check_bundle(seal(), tmp_path, allow_failed=False)
    assert (refused.value.code, refused.value.details["files"]) == ("sources_mismatch", wrong)


def test_the_dockerfile_states_the_version_of_the_project() -> None:
    """A plain `docker build` labels the image with the version of pyproject.toml."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\nARG VERSION={version}\n" in (ROOT / "Dockerfile").read_text()


def test_the_dockerfile_needs_no_new_builder() -> None:
    """It builds with Docker's first builder, from the official base; commands are in exec form, for signals."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert f"ARG PYTHON_IMAGE={default_base(ROOT).partition('@')[0]}" in lines
    assert not [line for line in lines if "--mount" in line or "--chmod" in line or "<<" in line or "syntax=" in line]
    for word in ("HEALTHCHECK", "ENTRYPOINT", "CMD"):
        declared = next(line for line in lines if line.startswith(word))
        assert json.loads(declared[declared.index("[") :])


def test_the_dockerignore_lets_every_input_through() -> None:
    """A plain `docker build` gets the same inputs."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert allowed == INPUTS | {"models/bundle"}
