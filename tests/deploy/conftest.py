"""A place of production for tests: a real registry on loopback, a real proxy, real images, good ones and bad ones."""

import json
import os
import shutil
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.places import Production, Published, free_port, produced, silent
from deploy.places import loaded as put_under_load
from houseprice.errors import ImageError
from houseprice.release.docker_cli import Engine
from houseprice.release.image import build
from houseprice.release.image_reference import Repository
from image.conftest import resealed
from programs import needs

ROOT = Path(__file__).parents[2]
PROXY = """
ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE}
RUN apt-get update -q && apt-get install -q -y --no-install-recommends haproxy && rm -rf /var/lib/apt/lists/*
"""
COMMITS = {name: character * 40 for name, character in {"first": "a", "second": "b", "third": "c"}.items()}


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
    if named := os.environ.get("HAPROXY_IMAGE"):
        return named
    usual = "haproxy:3.2-alpine"
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
    needs("docker-registry")
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


@pytest.fixture
def production(engine: Engine, proxy_image: str, repository: Repository, tmp_path: Path) -> Iterator[Production]:
    """Give an empty place of production."""
    with produced(engine, tmp_path, proxy_image, repository) as found:
        yield found


@pytest.fixture(scope="session")
def loaded() -> Callable[..., Any]:
    """Put a place of production under load."""
    return put_under_load


@pytest.fixture
def show(pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Write a line of what was measured among the test's results."""
    reporter: Any = pytestconfig.pluginmanager.get_plugin("terminalreporter")

    def one(line: str) -> None:
        with capsys.disabled():
            reporter.write_line(f"\n{line}")

    return one
