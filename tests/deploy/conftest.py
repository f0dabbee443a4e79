"""Fixtures: a real registry on loopback, a real proxy, and real images, good ones and broken ones."""

import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.production import Production, Published, empty_host, scaled
from houseprice.errors import HousePriceError
from houseprice.release.build import BuildInputs, build_image
from houseprice.release.docker_cli import DockerCli
from houseprice.release.image_reference import Repository
from houseprice.release.loopback_registry import loopback_registry
from pipeline import make_once
from programs import base_image

PROXY = """
ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE}
RUN apt-get update -q && apt-get install -q -y --no-install-recommends haproxy && rm -rf /var/lib/apt/lists/*
"""
REVISIONS = {name: letter * 40 for name, letter in {"first": "a", "second": "b", "third": "c"}.items()}
Publish = Callable[[str, str, Path], Published]


@pytest.fixture(scope="session")
def docker() -> DockerCli:
    """Return the Docker client of this machine, or skip tests that need one with docker compose."""
    found = DockerCli()
    try:
        found.version()
        found.output("compose", "version")
    except HousePriceError as err:
        pytest.skip(str(err))
    return found


@pytest.fixture(scope="session")
def proxy_image(docker: DockerCli, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the official HAProxy image, or where it cannot be pulled, Debian's HAProxy on the base image."""
    if named := os.environ.get("HAPROXY_IMAGE"):
        return named
    official = "haproxy:3.2-alpine"
    if (
        docker.run("image", "inspect", official).returncode == 0
        or docker.run("pull", "-q", official, seconds=60).returncode == 0
    ):
        return official

    def build(context: Path) -> str:
        (context / "Dockerfile").write_text(PROXY)
        options = (f"--build-arg=PYTHON_IMAGE={base_image()}", "--tag=houseprice-test-haproxy")
        docker.output("build", *options, str(context), seconds=600)
        return "houseprice-test-haproxy"

    return make_once(tmp_path_factory, "proxy", build)


@pytest.fixture(scope="session")
def repository() -> Iterator[Repository]:
    """Yield a repository in a registry on loopback."""
    with loopback_registry() as host:
        yield Repository(host, "tester/house-price-model")


@pytest.fixture(scope="session")
def publish(docker: DockerCli, repository: Repository) -> Iterator[Publish]:
    """Yield a function that pushes an image under the tag of its commit."""
    names = []

    def push(image: str, revision: str, bundle: Path) -> Published:
        name = repository.tagged(revision[:7])
        docker.output("tag", image, name)
        names.append(name)
        digest = docker.output("push", name, seconds=300).rpartition("digest: ")[2].split()[0]
        return Published(revision, digest, bundle)

    yield push
    docker.run("rmi", "--force", *names)


@pytest.fixture(scope="session")
def images(
    docker: DockerCli, build_context: Path, bundle_dir: Path, publish: Publish, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Published]]:
    """Publish three good images: the session's model, one with prices 3 % higher, and one with prices 5 % lower."""
    home, tags = tmp_path_factory.mktemp("bundles"), []
    bundles = {
        "first": bundle_dir,
        "second": scaled(bundle_dir, home / "second", 1.03),
        "third": scaled(bundle_dir, home / "third", 0.95),
    }
    published = {}
    for name, bundle in bundles.items():
        tags.append(f"houseprice-test-deploy:{name}-{uuid.uuid4().hex[:6]}")
        inputs = BuildInputs(build_context, bundle, bundle / "none", {"GITHUB_SHA": REVISIONS[name]})
        build_image(inputs, docker, say=lambda _: None, tags=(tags[-1],), base=base_image())
        published[name] = publish(tags[-1], REVISIONS[name], bundle)
    yield published
    docker.run("rmi", "--force", "--no-prune", *tags)


@pytest.fixture(scope="session")
def broken(
    docker: DockerCli,
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
            image = docker.output("build", "--quiet", str(context), seconds=300)
            known[fault] = publish(image, revision, good.bundle)
        return known[fault]

    return make


@pytest.fixture
def production(docker: DockerCli, proxy_image: str, repository: Repository, tmp_path: Path) -> Iterator[Production]:
    """Yield a host on which nothing was deployed."""
    with empty_host(docker, tmp_path, proxy_image, repository) as found:
        yield found


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Return a function that prints a measurement among the results."""

    def write(line: str) -> None:
        with capsys.disabled():
            sys.stderr.write(f"\n{line}\n")  # which also the processes of pytest-xdist have

    return write
