"""A place of production without the command line: what is deployed there, who asks, and what has become of it."""

import json
import logging
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from houseprice.bundle import manifest as manifests
from houseprice.release.deployment.candidate import Candidate
from houseprice.release.deployment.commands import deploy, rollback
from houseprice.release.deployment.deployer import Move, Moved
from houseprice.release.deployment.host import Site
from houseprice.release.deployment.recovery import Patience
from houseprice.release.deployment.sealed import sealed
from houseprice.release.docker_cli import Engine
from houseprice.release.image_reference import Reference, Repository

ROOT = Path(__file__).parents[2]
PATIENCE = Patience(deadline=40, drain=20, watch=1)


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
        yield Production(site, port, repository, lambda line: logging.getLogger(project).info(line))
    finally:
        clear(engine, project)


def clear(engine: Engine, project: str) -> None:
    """Take away what a place of production left on the engine."""
    label = f"label=com.docker.compose.project={project}"
    for container in engine.ask("ps", "--all", "--quiet", "--filter", label).split():
        engine.remove(container)
    for network in engine.ask("network", "ls", "--quiet", "--filter", label).split():
        engine.ask("network", "rm", network)


@contextmanager
def loaded(production: Production, folder: Path, *right: Published, rate: int = 200) -> Iterator[dict[str, Any]]:
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


def free_port() -> int:
    """Give back a port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def silent(_line: str) -> None:
    """Keep what is said."""
