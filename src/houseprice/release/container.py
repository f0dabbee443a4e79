"""The container under test: started as in production, asked over HTTP and from inside, and always removed."""

import json
import os
import secrets
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any, Self

from houseprice.errors import ImageError
from houseprice.release.docker_cli import DockerCli
from houseprice.release.expected_predictions import ExpectedPredictions, Prediction, prediction

PORT = 8000
"""The port on which the image serves."""
_CHUNK = 1 << 20
RUN_OPTIONS = (
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--memory=512m",
    "--pids-limit=256",
    "--log-driver=json-file",
    f"--publish=127.0.0.1::{PORT}",
    "--label=houseprice.role=image-test",
)  # fmt: skip


@dataclass(frozen=True)
class ContainerUnderTest:
    """A running container of the image under test.

    Attributes:
        docker: the engine on which it runs.
        name: of the container.
        config: what the image declares: user, entrypoint, health check, labels and more.
        size_bytes: of the image's layers as they are downloaded; 0 where it is still to be measured.
        expected: what the image must answer.
        times: `started` and `healthy`, of a monotonic clock.
        image: that it runs.
    """

    docker: DockerCli
    name: str
    config: Mapping[str, Any]
    size_bytes: int
    expected: ExpectedPredictions
    times: dict[str, float] = field(default_factory=dict)
    image: str = ""

    @cached_property
    def port(self) -> int:
        """Port of this machine that leads to the container."""
        return int(self.docker.output("port", self.name, f"{PORT}/tcp").splitlines()[0].rpartition(":")[2])

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of the image."""
        return self.config.get("Labels") or {}

    @cached_property
    def download_bytes(self) -> int:
        """Size of the image's layers as they are downloaded: compressed."""
        return self.size_bytes or SavedImage.read(self.docker, self.image).download_bytes

    @cached_property
    def served_sample(self) -> list[Prediction]:
        """Predictions of the container for the held-out sample."""
        return [prediction(one) for one in self.post("/batch-predict", self.expected.sample_rows)["predictions"]]

    def connection(self, seconds: float = 30) -> HTTPConnection:
        """Return a connection to the container that goes past any proxy."""
        return HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def request(self, method: str, path: str, body: Any = None, seconds: float = 30) -> tuple[int, Any]:
        """Send one request; return the status and the JSON of the response, or the beginning of its text."""
        connection = self.connection(seconds)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text[:200]

    def post(self, path: str, body: Any) -> Any:
        """Return the response to a POST that must succeed."""
        status, content = self.request("POST", path, body)
        if status != 200:
            raise ImageError(f"{path} answers {status}: {str(content)[:200]}", status=status)
        return content

    def python(self, script: str, *options: str) -> str:
        """Run Python code inside the container, and return what it printed."""
        result = self.docker.run("exec", *options, self.name, "python", "-c", script)
        if result.returncode != 0:
            raise ImageError(f"python in the container failed: {result.stderr.strip()[-200:]}")
        return result.stdout.strip()


@dataclass(frozen=True)
class SavedImage:
    """What `docker save` tells of an image, and `docker image inspect` of some engines does not.

    Attributes:
        config: what the image declares.
        download_bytes: of its layers, compressed; containerd's store has them so, Docker's own store only unpacked.
    """

    config: Mapping[str, Any]
    download_bytes: int

    @classmethod
    def read(cls, docker: DockerCli, image: str) -> Self:
        """Save an image, and read it."""
        with tempfile.TemporaryDirectory(prefix="houseprice-image-") as folder:
            path = Path(folder, "image.tar")
            docker.output("save", "--output", str(path), image, seconds=600)
            with tarfile.open(path) as archive:
                (saved, *_) = json.load(_member(archive, "manifest.json"))
                config = json.load(_member(archive, saved["Config"])).get("config") or {}
                return cls(config, sum(_compressed_size(_member(archive, name)) for name in saved["Layers"]))


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    member = archive.extractfile(name)
    if member is None:
        raise ImageError(f"The engine saved an image without {name}. Update Docker.", code="docker_failed")
    return member


def _compressed_size(layer: IO[bytes]) -> int:
    """Return the size of a layer as it is, or as it would be when it is a plain archive."""
    size, packer = 0, zlib.compressobj(1)
    chunk = layer.read(_CHUNK)
    if chunk.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):  # gzip, Zstandard
        return layer.seek(0, os.SEEK_END)
    while chunk:
        size += len(packer.compress(chunk))
        chunk = layer.read(_CHUNK)
    return size + len(packer.flush())


@contextmanager
def started(docker: DockerCli, image: str, show_logs: Callable[[str], None], *options: str) -> Iterator[str]:
    """Start a container as in production; yield its name, and show its logs and remove it whatever happens."""
    name = f"houseprice-test-{secrets.token_hex(6)}"
    try:
        arguments = ("--detach", "--pull", "never", "--name", name, *RUN_OPTIONS, *options)
        docker.output("run", *arguments, image, seconds=120)
        yield name
    finally:
        try:
            show_logs(docker.logs(name))
        finally:
            docker.remove(name)
