"""The image that is published: what it holds, how it is layered, and that it passes its test."""

import json
import os
import shutil
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from houseprice.errors import ImageError
from houseprice.release.build import BuildInputs, build_image
from houseprice.release.docker_build import run_build
from houseprice.release.docker_cli import DockerCli

pytestmark = pytest.mark.image
RunCli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def checkout(build_context: Path, bundle_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout after a run under a strict umask: with data, pickles and secrets beside the bundle.

    The locks keep their mode, so that BuildKit finds the libraries that it has installed for the good image.
    """
    home = tmp_path_factory.mktemp("checkout") / "home"
    shutil.copytree(build_context, home)
    shutil.copytree(bundle_dir, home / "models" / "bundle")
    for name in ("models/trained/preprocessor.pkl", "data/raw/x.csv", ".git/config", ".venv/x", "mlflow.db", ".env"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("must stay outside")
    for path in home.rglob("*"):
        if path.parent.name != "requirements":
            path.chmod(0o700 if path.is_dir() else 0o600)
    return home


@pytest.fixture(params=["0", "1"], ids=["first builder", "BuildKit"])
def builder(request: pytest.FixtureRequest, docker: DockerCli) -> DockerCli:
    """Return the engine with one of its two builders."""
    found = DockerCli(docker.client, {"DOCKER_BUILDKIT": request.param, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"})
    if request.param == "1" and "buildx" in found.run("build", "--help").stderr:
        pytest.skip("this client has no BuildKit; `scripts/docker-engine get buildx` installs it")
    return found


def listed(docker: DockerCli, image: str) -> list[str]:
    """Return every file of the program and the model in an image."""
    script = "import os; print(*(os.path.join(d, f) for d, _, fs in os.walk('/app') for f in fs), sep='\\n')"
    return docker.output("run", "--rm", "--entrypoint", "python", image, "-c", script).splitlines()


def test_the_good_image_passes(
    run_cli: RunCli, docker: DockerCli, good: str, bundle_dir: Path, left_behind: Callable[[str], list[str]]
) -> None:
    """The image of the bundle passes every check, and nothing of the test is left behind."""
    code, out, err = run_cli("image", "test", good, "--bundle", str(bundle_dir), "--json")
    assert code == 0, out + err
    report = json.loads(out)
    assert report["passed"]
    assert report["image_id"] == docker.image(good)["Id"]
    assert '"event": "serving"' in err
    assert left_behind(good) == []


def test_a_plain_docker_build_passes(
    builder: DockerCli, docker: DockerCli, checkout: Path, run_cli: RunCli, name: str, base: str
) -> None:
    """`docker build .` in a checkout after a run gives an image that passes, with either builder."""
    image = f"{name}:plain"
    options = [f"--tag={image}", f"--build-arg=PYTHON_IMAGE={base}"]
    run_build(builder, print, "build", *options, str(checkout))
    try:
        code, out, err = run_cli("image", "test", image, "--bundle", str(checkout / "models" / "bundle"))
        assert code == 0, out + err
        files = listed(docker, image)
        assert "/app/models/bundle/model.onnx" in files
        assert "/app/houseprice/serving/page/built/index.html.br" in files
        assert "/app/houseprice/serving/app.py" in files
        assert not [file for file in files if "learning" in file or "release" in file or file.endswith(".pkl")]
        labels = docker.image(image)["Config"]["Labels"]
        assert labels["org.opencontainers.image.revision"] == "unknown"
        assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    finally:
        docker.run("rmi", "--no-prune", image)


def test_another_model_changes_the_last_layers_only(
    build_context: Path, docker: DockerCli, good: str, name: str, base: str, other_bundle: Path
) -> None:
    """Only the layers of the bundle and the bill of materials change with the model."""
    image = f"{name}:other"
    build_image(
        BuildInputs(build_context, other_bundle, other_bundle / "none", {}), docker, say=print, tags=(image,), base=base
    )
    try:
        one, other = (docker.image(found)["RootFS"]["Layers"] for found in (good, image))
        assert one[:-2] == other[:-2]
        assert one[-2] != other[-2]
    finally:
        docker.run("rmi", "--no-prune", image)


def test_no_model_no_image(docker: DockerCli, checkout: Path, tmp_path: Path, base: str) -> None:
    """A checkout without a bundle gives no image, and the builder names the folder."""
    empty = shutil.copytree(checkout, tmp_path / "empty", ignore=shutil.ignore_patterns("bundle"))
    shutil.copytree(checkout / "src" / "houseprice" / "bundle", empty / "src" / "houseprice" / "bundle")
    options = [f"--build-arg=PYTHON_IMAGE={base}"]
    with pytest.raises(ImageError, match=r"models/bundle") as refused:
        run_build(docker, print, "build", *options, str(empty))
    assert refused.value.code == "build_failed"


def test_a_changed_model_no_image(docker: DockerCli, checkout: Path, tmp_path: Path, base: str) -> None:
    """A bundle with one changed byte gives no image, also with a plain `docker build`."""
    changed = shutil.copytree(checkout, tmp_path / "changed")
    (changed / "models" / "bundle" / "model_card.md").write_text("# Better than it is\n")
    options = [f"--build-arg=PYTHON_IMAGE={base}"]
    with pytest.raises(ImageError, match=r"model_card\.md") as refused:
        run_build(docker, print, "build", *options, str(changed))
    assert refused.value.code == "build_failed"


def test_the_image_holds_no_installer_and_keeps_quiet(root: Path, docker: DockerCli, good: str) -> None:
    """There is no pip in its environment, nothing is sent to anybody outside, and it knows its version."""
    script = "import importlib.util as u, os; print(u.find_spec('pip'), os.environ['ORT_DISABLE_TELEMETRY'])"
    assert docker.output("run", "--rm", "--entrypoint", "python", good, "-c", script) == "None 1"
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    assert docker.output("run", "--rm", good, "--version") == version


@pytest.fixture
def running(docker: DockerCli, good: str) -> Iterator[str]:
    """Start the image as an unknown user, as some clusters do, with a health check every second."""
    container = f"houseprice-test-{os.getpid()}"
    options = ("--read-only", "--cap-drop=ALL", "--user=54321:0", "--health-interval=1s", f"--name={container}")
    docker.output("run", "--detach", *options, good, seconds=120)
    yield container
    docker.remove(container)


def test_the_engine_sees_its_health_whoever_runs_it(docker: DockerCli, running: str) -> None:
    """The engine's own health check gets green, also for a user whom the image does not know."""
    deadline = time.monotonic() + 30
    while (health := docker.state(running)["Health"]["Status"]) == "starting" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert health == "healthy", docker.logs(running)
