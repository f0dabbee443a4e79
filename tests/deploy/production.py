"""A deployment host for tests: published images, a host without the command line, and load on its public address."""

import json
import logging
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from houseprice.bundle import manifest as manifests
from houseprice.release.deployment.audit_log import Entry
from houseprice.release.deployment.deployer import Deployer, Deployment
from houseprice.release.deployment.host import DeploymentHost
from houseprice.release.deployment.recovery import Timeouts
from houseprice.release.deployment.smoke_test import ContainerModel
from houseprice.release.deployment.verified_cache import Candidate
from houseprice.release.docker_cli import DockerCli
from houseprice.release.image_reference import Reference, Repository

ROOT = Path(__file__).parents[2]
TIMEOUTS = Timeouts(deadline=40, drain=20, watch=1)


@dataclass(frozen=True)
class Published:
    """An image in the registry: the revision in its label, its digest and its model."""

    revision: str
    digest: str
    bundle: Path

    @property
    def version(self) -> str:
        """The version of its model."""
        return str(json.loads((self.bundle / manifests.NAME).read_bytes())["model_version"])

    @property
    def golden(self) -> tuple[Any, float]:
        """Its first golden row, and the price of that."""
        golden = json.loads((self.bundle / manifests.GOLDEN).read_bytes())
        return golden["rows"][0], float(golden["answers"][0]["predicted_price"])


@dataclass
class Production:
    """A host, controlled without the command line."""

    host: DeploymentHost
    port: int
    repository: Repository
    say: Callable[[str], None]
    timeouts: Timeouts = TIMEOUTS

    @property
    def deployer(self) -> Deployer:
        """A deployer for which every image that can be pulled counts as verified."""
        return Deployer(self.host, self.verify, "tester@here", self.timeouts, self.say)

    def verify(self, reference: Reference, _entries: Sequence[Entry]) -> Candidate:
        """Return what an image says about itself."""
        docker = self.host.docker
        docker.output("pull", "--quiet", str(reference), seconds=300)
        found = docker.image(str(reference))
        digest = next(name.rpartition("@")[2] for name in found["RepoDigests"] if str(self.repository) in name)
        container = docker.output("create", found["Id"])
        try:
            manifest = ContainerModel.read(docker, container).manifest_bytes
        finally:
            docker.remove(container)
        revision = found["Config"]["Labels"]["org.opencontainers.image.revision"]
        return Candidate(self.repository, digest, revision, "passed", manifest)

    def deploy(self, image: Published) -> Deployment:
        """Deploy by the tag of the commit."""
        return self.deployer.deploy(Reference(self.repository, tag=image.revision[:7]))

    def rollback(self, to: str = "") -> Deployment:
        """Roll back."""
        return self.deployer.rollback(to, self.repository)

    def serves(self, image: Published) -> bool:
        """Return whether the public address gives the answers of an image."""
        status, body = self.host.public().request("POST", "/predict", image.golden[0])
        return status == 200 and body["model_version"] == image.version

    def running(self) -> list[str]:
        """Return the slots with a running container."""
        found = {slot: self.host.container(slot) for slot in ("blue", "green")}
        return [slot for slot, container in found.items() if container and container.running]

    def outcomes(self) -> list[tuple[str, str, str, str]]:
        """Return action, first letters of the revisions, and outcome of each audit log entry."""
        entries = self.host.audit_log.read().entries
        return [(one.action, one.from_revision[:1], one.to_revision[:1], one.outcome) for one in entries]


@contextmanager
def empty_host(docker: DockerCli, folder: Path, proxy_image: str, repository: Repository) -> Iterator[Production]:
    """Yield a host on which nothing was deployed, and remove its containers, networks and volumes afterwards."""
    port, project = free_port(), f"houseprice-test-{uuid.uuid4().hex[:8]}"
    environ = {"HAPROXY_IMAGE": proxy_image, "HOUSEPRICE_PUBLISH": f"127.0.0.1:{port}"}
    host = DeploymentHost(folder / "state", ROOT / "deploy" / "compose.yaml", project, environ)
    try:
        yield Production(host, port, repository, logging.getLogger(project).info)
    finally:
        label = f"label=com.docker.compose.project={project}"
        for container in docker.output("ps", "--all", "--quiet", "--filter", label).split():
            docker.remove(container)
        for network in docker.output("network", "ls", "--quiet", "--filter", label).split():
            docker.output("network", "rm", network)
        for volume in docker.output("volume", "ls", "--quiet", "--filter", label).split():
            docker.output("volume", "rm", volume)


@contextmanager
def under_load(production: Production, folder: Path, *right: Published, rate: int = 50) -> Iterator[dict[str, Any]]:
    """Send requests while the block runs; the dictionary holds the counts afterwards."""
    expected = {"house": right[0].golden[0], "right": {image.version: image.golden[1] for image in right}}
    (folder / "load.json").write_text(json.dumps(expected))
    program = str(Path(__file__).with_name("load.py"))
    command = [sys.executable, program, str(production.port), str(rate), str(folder / "load.json")]
    counts: dict[str, Any] = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        time.sleep(1)
        try:
            yield counts
            time.sleep(1)
        finally:
            counts |= json.loads(process.communicate("", timeout=60)[0])


def scaled(bundle: Path, target: Path, factor: float) -> Path:
    """Copy a bundle so that its model multiplies every price by a factor."""
    shutil.copytree(bundle, target)
    model = onnx.load(target / manifests.MODEL)
    for output in model.graph.output:
        for node in model.graph.node:
            node.output[:] = [f"{name}_unscaled" if name == output.name else name for name in node.output]
            node.input[:] = [f"{name}_unscaled" if name == output.name else name for name in node.input]
        dtype = helper.tensor_dtype_to_np_dtype(output.type.tensor_type.elem_type)
        model.graph.initializer.append(numpy_helper.from_array(np.array(factor, dtype=dtype), f"{output.name}_factor"))
        inputs = [f"{output.name}_unscaled", f"{output.name}_factor"]
        model.graph.node.append(helper.make_node("Mul", inputs, [output.name]))
    (target / manifests.MODEL).write_bytes(model.SerializeToString())
    for name in (manifests.GOLDEN, manifests.SAMPLE):
        content = json.loads((target / name).read_bytes())
        content["answers"] = [{key: value * factor for key, value in one.items()} for one in content["answers"]]
        (target / name).write_bytes(manifests.canonical(content))
    files = {name: manifests.sha256_of(target / name) for name in manifests.CONTENT}
    manifest = manifests.read((target / manifests.NAME).read_bytes(), target / manifests.NAME)
    manifest = manifest.model_copy(update={"files": files, "model_version": files[manifests.MODEL][:12]})
    (target / manifests.NAME).write_bytes(manifests.write(manifest))
    return target


def free_port() -> int:
    """Return a port on which nothing listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
