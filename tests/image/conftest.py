"""The real image, built once a session with the real Dockerfile, and ways to damage it."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from predictions import answers

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import open_bundle, read_manifest
from houseprice.errors import ImageError
from houseprice.release.build import BuildInputs, build_image
from houseprice.release.docker_build import run_build
from houseprice.release.docker_cli import DockerCli
from houseprice.release.expected_predictions import log_rmse
from programs import base_image

ROOT = Path(__file__).parents[2]
Derived = Callable[..., str]
RunCli = Callable[..., tuple[int, str, str]]
LeftBehind = Callable[[str], list[str]]


@pytest.fixture(scope="session")
def docker() -> DockerCli:
    """Return the engine of this machine, or skip tests that need one."""
    found = DockerCli()
    try:
        found.version()
    except ImageError as err:
        pytest.skip(str(err))
    return found


@pytest.fixture(scope="session")
def name() -> str:
    """Return a repository name that nobody else uses."""
    return f"houseprice-test-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def base() -> str:
    """Return the base image."""
    return base_image()


@pytest.fixture(scope="session")
def good(docker: DockerCli, build_context: Path, name: str, base: str, bundle_dir: Path) -> Iterator[str]:
    """Build the image of the session's model bundle."""
    tag = f"{name}:good"
    inputs = BuildInputs(build_context, bundle_dir, bundle_dir / "none", {})
    build_image(inputs, docker, say=print, tags=(tag,), base=base)
    yield tag
    docker.run("rmi", "--no-prune", tag)  # the layers stay for the next session


@pytest.fixture(scope="session")
def other_bundle(bundle_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the bundle of another valid model, whose predictions are 3 % higher."""
    return resealed(bundle_dir, tmp_path_factory.mktemp("other") / "bundle", 1.03)


@pytest.fixture
def derived(docker: DockerCli, good: str, name: str, tmp_path: Path) -> Iterator[Derived]:
    """Build a damaged image from the good one, with a few lines and files."""
    tags = []

    def made(*lines: str, files: dict[str, str | Path] | None = None) -> str:
        context = tmp_path / f"context{len(tags)}"
        context.mkdir()
        for path, content in (files or {}).items():
            if isinstance(content, Path):
                shutil.copytree(content, context / path)
            else:
                (context / path).write_text(content)
        (context / "Dockerfile").write_text("\n".join((f"FROM {good}", *lines, "")))
        tags.append(f"{name}:bad-{uuid.uuid4().hex[:8]}")
        run_build(docker, print, "build", f"--tag={tags[-1]}", str(context))
        return tags[-1]

    yield made
    for tag in tags:
        docker.run("rmi", tag)


@pytest.fixture
def left_behind(docker: DockerCli) -> LeftBehind:
    """Return the containers of an image, running or not."""
    return lambda image: docker.output("ps", "--all", "--quiet", "--filter", f"ancestor={image}").split()


def resealed(bundle: Path, target: Path, factor: float) -> Path:
    """Build the bundle of a copy of a model whose every prediction is multiplied by a factor."""
    shutil.copytree(bundle, target)
    model = onnx.load(target / manifests.MODEL)
    for output in model.graph.output:
        for node in model.graph.node:
            node.output[:] = [f"{found}_before" if found == output.name else found for found in node.output]
            node.input[:] = [f"{found}_before" if found == output.name else found for found in node.input]
        dtype = helper.tensor_dtype_to_np_dtype(output.type.tensor_type.elem_type)
        model.graph.initializer.append(numpy_helper.from_array(np.array(factor, dtype=dtype), f"{output.name}_factor"))
        model.graph.node.append(
            helper.make_node("Mul", [f"{output.name}_before", f"{output.name}_factor"], [output.name])
        )
    (target / manifests.MODEL).write_bytes(model.SerializeToString())
    seal(target)
    opened = open_bundle(target)
    golden, sample = opened.golden, opened.sample
    golden["answers"] = answers(opened, golden["rows"])
    sample["answers"] = answers(opened, sample["rows"])
    sample["log_rmse"] = log_rmse(sample["answers"], sample["prices"])
    (target / manifests.GOLDEN).write_bytes(manifests.canonical(golden))
    (target / manifests.SAMPLE).write_bytes(manifests.canonical(sample))
    seal(target)
    return target


def seal(directory: Path) -> None:
    """Write the manifest again, so that it names the files as they are now."""
    files = {name: manifests.sha256_of(directory / name) for name in manifests.CONTENT}
    found = read_manifest(directory).model_copy(update={"files": files, "model_version": files[manifests.MODEL][:12]})
    (directory / manifests.NAME).write_bytes(manifests.write(found))
