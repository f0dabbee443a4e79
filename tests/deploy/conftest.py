"""Fixtures: a real registry on loopback, a real proxy, and real images, good ones and broken ones."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.production import Production, Published, empty_host
from houseprice.errors import HousePriceError
from houseprice.release.docker_cli import Engine
from houseprice.release.image import build
from houseprice.release.image_reference import Repository
from houseprice.release.loopback_registry import loopback_registry
from image.conftest import resealed

PROXY = """
ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE}
RUN apt-get update -q && apt-get install -q -y --no-install-recommends haproxy && rm -rf /var/lib/apt/lists/*
"""
REVISIONS = {name: letter * 40 for name, letter in {"first": "a", "second": "b", "third": "c"}.items()}
Publish = Callable[[str, str, Path], Published]


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return the engine of this machine, or skip tests that need one with docker compose."""
    found = Engine()
    try:
        found.version()
        found.ask("compose", "version")
    except HousePriceError as err:
        pytest.skip(str(err))
    return found


@pytest.fixture(scope="session")
def proxy_image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the official HAProxy image, or where it cannot be pulled, Debian's HAProxy on the base image."""
    if named := os.environ.get("HAPROXY_IMAGE"):
        return named
    official = "haproxy:3.2-alpine"
    if engine.run("image", "inspect", official).code == 0 or engine.run("pull", "-q", official, seconds=60).code == 0:
        return official
    context = tmp_path_factory.mktemp("proxy")
    (context / "Dockerfile").write_text(PROXY)
    base = os.environ.get("PYTHON_IMAGE", "python:3.11-slim-bookworm")
    tag = "houseprice-test-haproxy"
    engine.ask("build", f"--build-arg=PYTHON_IMAGE={base}", f"--tag={tag}", str(context), seconds=600)
    return tag


@pytest.fixture(scope="session")
def repository() -> Iterator[Repository]:
    """Yield a repository in a registry on loopback."""
    with loopback_registry() as host:
        yield Repository(host, "tester/house-price-model")


@pytest.fixture(scope="session")
def publish(engine: Engine, repository: Repository) -> Iterator[Publish]:
    """Yield a function that pushes an image under the tag of its commit."""
    names = []

    def push(image: str, revision: str, bundle: Path) -> Published:
        name = repository.tagged(revision[:7])
        engine.ask("tag", image, name)
        names.append(name)
        digest = engine.ask("push", name, seconds=300).rpartition("digest: ")[2].split()[0]
        return Published(revision, digest, bundle)

    yield push
    engine.run("rmi", "--force", *names)


@pytest.fixture(scope="session")
def images(
    engine: Engine, frozen: Path, bundle_dir: Path, publish: Publish, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Published]]:
    """Publish three good images: the session's model, one with prices 3 % higher, and one with prices 5 % lower."""
    home, tags = tmp_path_factory.mktemp("bundles"), []
    bundles = {
        "first": bundle_dir,
        "second": resealed(bundle_dir, home / "second", 1.03),
        "third": resealed(bundle_dir, home / "third", 0.95),
    }
    published = {}
    for name, bundle in bundles.items():
        tags.append(f"houseprice-test-deploy:{name}-{uuid.uuid4().hex[:6]}")
        environ, base = {"GITHUB_SHA": REVISIONS[name]}, os.environ.get("PYTHON_IMAGE")
        build(frozen, bundle, bundle / "none", engine, environ=environ, say=str, tags=(tags[-1],), base=base)
        published[name] = publish(tags[-1], REVISIONS[name], bundle)
    yield published
    engine.run("rmi", "--force", "--no-prune", *tags)


@pytest.fixture(scope="session")
def broken(
    engine: Engine,
    images: dict[str, Published],
    publish: Publish,
    repository: Repository,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Published]:
    """Return a function that publishes the second image with another server, `faulty_api.py`, and a fault of it."""
    known: dict[str, Published] = {}

    def make(fault: str) -> Published:
        if fault not in known:
            context = tmp_path_factory.mktemp("broken")
            shutil.copy(Path(__file__).with_name("faulty_api.py"), context)
            good, revision = images["second"], f"{len(known):x}" * 40
            lines = [
                f"FROM {repository.at(good.digest)}",
                f"LABEL org.opencontainers.image.revision={revision}",
                "COPY faulty_api.py /faulty_api.py",
                f"ENV FAULT={fault}",
                'ENTRYPOINT ["python", "/faulty_api.py"]',
            ]
            (context / "Dockerfile").write_text("\n".join(lines))
            image = engine.ask("build", "--quiet", str(context), seconds=300)
            known[fault] = publish(image, revision, good.bundle)
        return known[fault]

    return make


@pytest.fixture
def production(engine: Engine, proxy_image: str, repository: Repository, tmp_path: Path) -> Iterator[Production]:
    """Yield a host on which nothing was deployed."""
    with empty_host(engine, tmp_path, proxy_image, repository) as found:
        yield found


@pytest.fixture
def show(pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Return a function that prints a measurement among the results."""
    reporter: Any = pytestconfig.pluginmanager.get_plugin("terminalreporter")

    def write(line: str) -> None:
        with capsys.disabled():
            reporter.write_line(f"\n{line}")

    return write
