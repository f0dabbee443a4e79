"""The image as a stranger gets it: what it holds, how it is layered, and that it passes its test."""

import json
import os
import shutil
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from houseprice.errors import ImageError
from houseprice.release.docker_cli import Engine
from houseprice.release.image import build

pytestmark = pytest.mark.image
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def checkout(frozen: Path, bundle_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a checkout after a run, made with a mean umask: with data, pickles, tests and secrets beside the model."""
    home = tmp_path_factory.mktemp("checkout") / "home"
    shutil.copytree(frozen, home)
    shutil.copytree(bundle_dir, home / "models" / "bundle")
    for name in ("models/trained/preprocessor.pkl", "data/raw/x.csv", ".git/config", ".venv/x", "mlflow.db", ".env"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("must stay outside")
    for path in home.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return home


@pytest.fixture(params=["0", "1"], ids=["first builder", "BuildKit"])
def builder(request: pytest.FixtureRequest, engine: Engine) -> Engine:
    """Give the engine with one of its two builders."""
    found = Engine(environment={"DOCKER_BUILDKIT": request.param})
    if request.param == "1":
        said = found.run("build", "--help")
        if "buildx" in said.stderr:
            debian = Engine("/usr/bin/docker", found.environment)
            if not Path(debian.client).is_file() or "buildx" in debian.run("build", "--help").stderr:
                pytest.skip("this client has no BuildKit; scripts/docker-engine get buildx gives it one")
            return debian
    return found


def silent(_line: str) -> None:
    """Keep what a builder says."""


def listed(engine: Engine, image: str) -> list[str]:
    """Give back every file of the program and the model in an image."""
    script = "import os; print(*(os.path.join(d, f) for d, _, fs in os.walk('/app') for f in fs), sep='\\n')"
    return engine.ask("run", "--rm", "--entrypoint", "python", image, "-c", script).splitlines()


def test_the_good_image_passes(
    typed: Typed, engine: Engine, good: str, bundle_dir: Path, left_behind: Callable[[str], list[str]]
) -> None:
    """The image of the sealed model passes every check, and nothing of the test is left behind."""
    code, out, err = typed("image", "test", good, "--bundle", str(bundle_dir), "--json")
    assert code == 0, out + err
    told = json.loads(out)
    assert told["passed"]
    assert told["image_id"] == engine.image(good)["Id"]
    assert '"event": "serving"' in err
    assert left_behind(good) == []


def test_a_plain_docker_build_passes(
    builder: Engine, engine: Engine, checkout: Path, typed: Typed, name: str, base: str | None
) -> None:
    """`docker build .` in a checkout after a run gives an image that passes, with either builder."""
    image = f"{name}:plain"
    options = [f"--tag={image}", *([f"--build-arg=PYTHON_IMAGE={base}"] if base else [])]
    builder.build(checkout, *options, say=silent)
    try:
        code, out, err = typed("image", "test", image, "--bundle", str(checkout / "models" / "bundle"))
        assert code == 0, out + err
        files = listed(engine, image)
        assert "/app/models/bundle/model.onnx" in files
        assert "/app/houseprice/serving/app.py" in files
        assert not [file for file in files if "learning" in file or "release" in file or file.endswith(".pkl")]
        labels = engine.image(image)["Config"]["Labels"]
        assert labels["org.opencontainers.image.revision"] == "unknown"
        assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    finally:
        engine.run("rmi", "--no-prune", image)


def test_another_model_is_another_last_layer(
    frozen: Path, engine: Engine, good: str, name: str, base: str | None, other_bundle: Path
) -> None:
    """Only the last layer changes with the model."""
    image = f"{name}:other"
    build(frozen, other_bundle, other_bundle / "none", engine, environ={}, say=silent, tags=(image,), base=base)
    try:
        one, other = (engine.image(found)["RootFS"]["Layers"] for found in (good, image))
        assert one[:-1] == other[:-1]
        assert one[-1] != other[-1]
    finally:
        engine.run("rmi", "--no-prune", image)


def test_no_model_no_image(builder: Engine, checkout: Path, tmp_path: Path, base: str | None) -> None:
    """A checkout without a sealed model gives no image, and the builder names the folder."""
    empty = shutil.copytree(checkout, tmp_path / "empty", ignore=shutil.ignore_patterns("bundle"))
    shutil.copytree(checkout / "src" / "houseprice" / "bundle", empty / "src" / "houseprice" / "bundle")
    options = [f"--build-arg=PYTHON_IMAGE={base}"] if base else []
    with pytest.raises(ImageError, match=r"could not be built(.|\n)*models/bundle"):
        builder.build(empty, *options, say=silent)


def test_a_changed_model_no_image(builder: Engine, checkout: Path, tmp_path: Path, base: str | None) -> None:
    """A sealed folder with one changed byte gives no image, also with a plain `docker build`."""
    changed = shutil.copytree(checkout, tmp_path / "changed")
    (changed / "models" / "bundle" / "model_card.md").write_text("# Better than it is\n")
    options = [f"--build-arg=PYTHON_IMAGE={base}"] if base else []
    with pytest.raises(ImageError, match=r"is not what was sealed \(changed: model_card\.md\)"):
        builder.build(changed, *options, say=silent)


def test_the_image_holds_no_installer_and_keeps_quiet(root: Path, engine: Engine, good: str) -> None:
    """There is no pip in its environment, nothing is told to anybody outside, and it knows its version."""
    script = "import importlib.util as u, os; print(u.find_spec('pip'), os.environ['ORT_DISABLE_TELEMETRY'])"
    assert engine.ask("run", "--rm", "--entrypoint", "python", good, "-c", script) == "None 1"
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    assert engine.ask("run", "--rm", good, "--version") == version


@pytest.fixture
def running(engine: Engine, good: str) -> Iterator[str]:
    """Start the image as an unknown user, as some clusters do, and look at its health every second."""
    container = f"houseprice-test-{os.getpid()}"
    engine.start(good, container, "--read-only", "--cap-drop=ALL", "--user=54321:0", "--health-interval=1s")
    yield container
    engine.remove(container)


def test_the_engine_sees_its_health_whoever_runs_it(engine: Engine, running: str) -> None:
    """The engine's own health check gets green, also for a user whom the image does not know."""
    deadline = time.monotonic() + 30
    while (health := engine.state(running)["Health"]["Status"]) == "starting" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert health == "healthy", engine.logs(running)
