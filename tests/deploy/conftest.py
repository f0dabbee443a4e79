"""A place of production for tests: a real registry on loopback, a real proxy, real images, good ones and bad ones."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from houseprice.bundle import manifest as manifests
from houseprice.errors import ImageError
from houseprice.release.engine import Engine
from houseprice.release.image import build
from houseprice.release.operating.candidate import Candidate
from houseprice.release.operating.commands import deploy, rollback
from houseprice.release.operating.ending import Patience
from houseprice.release.operating.moving import Move, Moved
from houseprice.release.operating.sealed import sealed
from houseprice.release.operating.site import Site
from houseprice.release.registry.names import Reference, Repository
from image.conftest import resealed

ROOT = Path(__file__).parents[2]
PROXY = """
ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE}
RUN apt-get update -q && apt-get install -q -y --no-install-recommends haproxy && rm -rf /var/lib/apt/lists/*
"""
PATIENCE = Patience(deadline=40, drain=20, watch=1)
COMMITS = {name: character * 40 for name, character in {"first": "a", "second": "b", "third": "c"}.items()}


@dataclass(frozen=True)
class Published:
    """An image in the registry: the commit that it says it was built from, its digest and its model."""

    commit: str
    digest: str
    bundle: Path

    @property
    def version(self) -> str:
        """The model's own name."""
        return str(json.loads((self.bundle / manifests.NAME).read_bytes())["model_version"])

    @property
    def price(self) -> float:
        """What it says of its first golden row."""
        return float(json.loads((self.bundle / manifests.GOLDEN).read_bytes())["answers"][0]["predicted_price"])


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Give the engine of this machine with its compose, or skip what needs them."""
    found = Engine()
    try:
        found.version()
        found.ask("compose", "version")
    except ImageError as err:
        pytest.skip(str(err))
    return found


@pytest.fixture(scope="session")
def proxy_image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the proxy's image: the one that is named or pulled, else Debian's HAProxy on the base image."""
    usual = os.environ.get("HAPROXY_IMAGE", "haproxy:3.2-alpine")
    if engine.run("image", "inspect", usual).code == 0 or engine.run("pull", "--quiet", usual, seconds=60).code == 0:
        return usual
    context = tmp_path_factory.mktemp("proxy") / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(PROXY)
    base = os.environ.get("PYTHON_IMAGE", "python:3.11-slim-bookworm")
    engine.build(context, f"--build-arg=PYTHON_IMAGE={base}", "--tag=houseprice-test-haproxy", say=silent)
    return "houseprice-test-haproxy"


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """Run a registry on loopback for the session, and give a repository in it."""
    if not shutil.which("docker-registry"):
        pytest.skip("docker-registry was not found; install it with `apt-get install docker-registry`")
    folder = tmp_path_factory.mktemp("registry")
    host = f"127.0.0.1:{free_port()}"
    config = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "store")}},
        "http": {"addr": host, "secret": "of-the-tests"},
    }
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("wb") as log:
        command = ["docker-registry", "serve", str(folder / "config.yml")]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://{host}/v2/", timeout=1)
                break
            except OSError:
                time.sleep(0.05)
        yield Repository(host, "tester/house-price-model")
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def publish(engine: Engine, repository: Repository) -> Iterator[Callable[[str, str, Path], Published]]:
    """Push an image under the tag of its commit."""
    names = []

    def one(image: str, commit: str, bundle: Path) -> Published:
        name = repository.tagged(commit[:7])
        engine.ask("tag", image, name)
        said = engine.ask("push", name, seconds=300)
        names.append(name)
        digest = said.rpartition("digest: ")[2].split()[0]
        return Published(commit, digest, bundle)

    yield one
    engine.run("rmi", "--force", *names)


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what images are built from."""
    home = tmp_path_factory.mktemp("frozen")
    for name in ("Dockerfile", ".dockerignore", "pyproject.toml"):
        shutil.copy(ROOT / name, home / name)
    for name in ("requirements", "src"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__"))
    return home


@pytest.fixture(scope="session")
def made(engine: Engine, frozen: Path) -> Iterator[Callable[[Path, str], str]]:
    """Build the real image of a sealed folder, as if of a commit."""
    tags = []

    def one(bundle: Path, commit: str) -> str:
        tag = f"houseprice-test-deploy:{commit[:7]}-{uuid.uuid4().hex[:6]}"
        base = os.environ.get("PYTHON_IMAGE")
        environ = {"GITHUB_SHA": commit}
        build(frozen, bundle, bundle / "none", engine, environ=environ, say=silent, tags=(tag,), base=base)
        tags.append(tag)
        return tag

    yield one
    engine.run("rmi", "--force", "--no-prune", *tags)


@pytest.fixture(scope="session")
def images(
    bundle_dir: Path,
    made: Callable[[Path, str], str],
    publish: Callable[[str, str, Path], Published],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Published]:
    """Publish three good images: the session's model, one that is 3 % dearer, and one that is 5 % cheaper."""
    home = tmp_path_factory.mktemp("bundles")
    bundles = {
        "first": bundle_dir,
        "second": resealed(bundle_dir, home / "second", 1.03),
        "third": resealed(bundle_dir, home / "third", 0.95),
    }
    return {name: publish(made(path, COMMITS[name]), COMMITS[name], path) for name, path in bundles.items()}


@pytest.fixture(scope="session")
def spoiled(
    engine: Engine,
    images: dict[str, Published],
    publish: Callable[[str, str, Path], Published],
    repository: Repository,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Published]:
    """Publish a bad image, made from the second good one with a few more lines, once a session each."""
    known: dict[tuple[str, ...], Published] = {}

    def one(*lines: str) -> Published:
        if lines in known:
            return known[lines]
        context = tmp_path_factory.mktemp("spoiled") / "context"
        context.mkdir()
        shutil.copy(Path(__file__).with_name("pretender.py"), context)
        good, commit = images["second"], f"{len(known):x}" * 40
        label = f"LABEL org.opencontainers.image.revision={commit}"
        (context / "Dockerfile").write_text("\n".join((f"FROM {repository.at(good.digest)}", label, *lines, "")))
        image = engine.build(context, say=silent)
        known[lines] = publish(image, commit, good.bundle)
        return known[lines]

    return one


@dataclass
class Production:
    """A place of production, worked without the command line."""

    site: Site
    port: int
    repository: Repository
    say: Callable[[str], None]
    patience: Patience = PATIENCE

    def move(self) -> Move:
        """Give a way to go, where every image that can be pulled counts as verified."""
        return Move(self.site, self.verify, "tester@here", self.patience, self.say)

    def verify(self, reference: Reference) -> Candidate:
        """Give back what an image says of itself, believing all of it."""
        engine = self.site.engine
        engine.ask("pull", "--quiet", str(reference), seconds=300)
        found = engine.image(str(reference))
        digest = next(name.rpartition("@")[2] for name in found["RepoDigests"] if str(self.repository) in name)
        container = engine.ask("create", found["Id"])
        try:
            content = sealed(engine, container).manifest_bytes
        finally:
            engine.remove(container)
        revision = found["Config"]["Labels"]["org.opencontainers.image.revision"]
        return Candidate(self.repository, digest, revision, "e" * 64, "green", content)

    def deploy(self, image: Published) -> Moved:
        """Deploy by commit."""
        return deploy(self.move(), Reference(self.repository, tag=image.commit[:7]))

    def rollback(self, to: str = "") -> Moved:
        """Go back."""
        return rollback(self.move(), to, self.repository)

    def ask(self, image: Published) -> tuple[int, Any]:
        """Ask the public door for the first golden row of an image."""
        row = json.loads((image.bundle / manifests.GOLDEN).read_bytes())["rows"][0]
        return self.site.public().ask("POST", "/predict", row)

    def serves(self, image: Published) -> bool:
        """Tell whether the public gets the answers of an image."""
        status, body = self.ask(image)
        return status == 200 and body["model_version"] == image.version

    def running(self) -> list[str]:
        """Name the slots in which something runs."""
        found = {slot: self.site.container(slot) for slot in ("blue", "green")}
        return [slot for slot, container in found.items() if container and container.running]

    def outcomes(self) -> list[tuple[str, str, str, str]]:
        """Give back action, commits and outcome of each line of the ledger."""
        lines = self.site.ledger.read().lines
        return [(line.action, line.from_[:1], line.to[:1], line.outcome) for line in lines]


@contextmanager
def produced(engine: Engine, folder: Path, proxy_image: str, repository: Repository) -> Iterator[Production]:
    """Give an empty place of production, and clear it away."""
    port = free_port()
    project = f"houseprice-test-{uuid.uuid4().hex[:8]}"
    environ = {"HAPROXY_IMAGE": proxy_image, "HOUSEPRICE_PUBLISH": f"127.0.0.1:{port}"}
    site = Site(folder / "state", ROOT / "deploy" / "compose.yaml", project, environ)
    try:
        yield Production(site, port, repository, silent)
    finally:
        clear(engine, project)


def clear(engine: Engine, project: str) -> None:
    """Take away what a place of production left on the engine."""
    label = f"label=com.docker.compose.project={project}"
    for container in engine.ask("ps", "--all", "--quiet", "--filter", label).split():
        engine.remove(container)
    for network in engine.ask("network", "ls", "--quiet", "--filter", label).split():
        engine.ask("network", "rm", network)


@pytest.fixture
def production(engine: Engine, proxy_image: str, repository: Repository, tmp_path: Path) -> Iterator[Production]:
    """Give an empty place of production."""
    with produced(engine, tmp_path, proxy_image, repository) as found:
        yield found


@contextmanager
def _loaded(production: Production, folder: Path, *right: Published, rate: int = 200) -> Iterator[dict[str, Any]]:
    """Ask for a price again and again while the block runs; what was counted is there after it."""
    house = json.loads((right[0].bundle / manifests.GOLDEN).read_bytes())["rows"][0]
    told: Mapping[str, Any] = {"house": house, "right": {image.version: image.price for image in right}}
    (folder / "load.json").write_text(json.dumps(told))
    command = [sys.executable, str(Path(__file__).with_name("load.py")), str(production.port), str(rate)]
    counted: dict[str, Any] = {}
    with subprocess.Popen(
        [*command, str(folder / "load.json")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "under way\n"
        time.sleep(1)
        try:
            yield counted
            time.sleep(1)
        finally:
            counted |= json.loads(process.communicate("", timeout=60)[0])


@pytest.fixture(scope="session")
def loaded() -> Callable[..., Any]:
    """Put a place of production under load."""
    return _loaded


@pytest.fixture
def show(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Write a line of what was measured among the test's results."""
    reporter: Any = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    return lambda line: reporter.write_line(f"\n{line}")


def free_port() -> int:
    """Give back a port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def silent(_line: str) -> None:
    """Keep what is said."""
