"""A stand-in for docker with one container, which serves over real HTTP and can be bad in one way."""

import json
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

from predictions import answers

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import Bundle
from houseprice.errors import ImageError
from houseprice.release.container import RUN_OPTIONS
from houseprice.release.docker_cli import CommandResult, DockerCli
from houseprice.release.expected_predictions import ExpectedPredictions
from houseprice.release.image_checks import LABELS, MANIFEST_LABEL
from houseprice.release.image_test import ImageTest, ImageTester
from houseprice.release.performance_checks import Limits


def good_config(bundle: Bundle) -> dict[str, Any]:
    """Return what a good image declares."""
    manifest = manifests.sha256_of(bundle.directory / manifests.NAME)
    return {
        "User": "10001:10001",
        "Entrypoint": ["python", "-m", "houseprice"],
        "ExposedPorts": {"8000/tcp": {}},
        "Labels": dict.fromkeys(LABELS, "known") | {MANIFEST_LABEL: manifest},
        "Healthcheck": {"Test": ["CMD", "python", "-m", "houseprice.serving.healthcheck"]},
        "StopSignal": "SIGTERM",
    }


@dataclass(frozen=True)
class FakeDocker(DockerCli):
    """One image with one container; every attribute but the last two can make it bad.

    Attributes:
        bundle: the sealed bundle in the image.
        config: changes to what the image declares.
        health: response to /health.
        change: applied to each prediction.
        inside: what scripts inside the container print, by a word that the script contains.
        container_state: as `docker inspect` shows it.
        failing: docker command → exit code.
        printed: the container's logs.
        layers: of the image, as `docker save` writes them.
        slow: seconds that every prediction takes.
        events: what happened, in order.
        ports: port of this machine on which it serves.
    """

    bundle: Bundle = None  # type: ignore[assignment]
    config: dict[str, Any] = field(default_factory=dict)
    health: tuple[int, Any] | None = None
    change: Callable[[dict[str, Any]], dict[str, Any]] = dict
    inside: dict[str, str] = field(default_factory=dict)
    container_state: dict[str, Any] = field(default_factory=lambda: {"Running": True, "ExitCode": 0})
    failing: dict[str, int] = field(default_factory=dict)
    printed: str = "what the container printed\n"
    layers: tuple[bytes, ...] = (b"a layer" * 1000,)
    slow: float = 0.0
    events: list[str] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)

    def run(self, *arguments: str, seconds: float = 30, say: object = None) -> CommandResult:
        """Answer as docker would."""
        del seconds, say
        verb = arguments[0]
        self.events.append(verb)
        if code := self.failing.get(verb, 0):
            return CommandResult(code, "", "it failed")
        return CommandResult(0, self._answer(verb, arguments), "")

    def _answer(self, verb: str, arguments: tuple[str, ...]) -> str:
        if verb == "save":
            self._save(Path(arguments[2]))
        if verb == "run":
            assert set(RUN_OPTIONS) <= set(arguments)
            assert arguments[-1] == "sha256:abc", "the image is started by its id, whatever its name points to by then"
        if verb == "port" and not self.ports:
            raise ImageError("no public port")
        if verb == "exec":
            return self._script(arguments) if "-c" in arguments else ""
        config = good_config(self.bundle) | self.config
        return {
            "image": json.dumps([{"Id": "sha256:abc", "Config": config}]),
            "port": f"127.0.0.1:{[*self.ports, 0][0]}",
            "inspect": json.dumps(self.container_state),
            "wait": "0",
            "logs": self.printed,
        }.get(verb, "")

    def _save(self, target: Path) -> None:
        layers = {f"layer{number}": content for number, content in enumerate(self.layers)}
        saved = json.dumps([{"Config": "config", "Layers": list(layers)}]).encode()
        config = json.dumps({"config": good_config(self.bundle)}).encode()
        with tarfile.open(target, "w") as archive:
            for name, content in {"manifest.json": saved, "config": config, **layers}.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, BytesIO(content))

    def _script(self, arguments: tuple[str, ...]) -> str:
        answers_ = {
            "/proc/1/status": "Uid:\t10001\t10001\t10001\t10001",
            "errno": json.dumps({"/": "EROFS", "/app": "EROFS"}),
            "manifest.json": manifests.sha256_of(self.bundle.directory / manifests.NAME),
            "find_spec": "[]",
        } | self.inside
        word = next(word for word in answers_ if word in arguments[-1])
        if word == "errno":
            assert arguments[1:3] == ("--user", "0"), "only root shows that the mount itself is read-only"
        return answers_[word]


@contextmanager
def serving(docker: FakeDocker) -> Iterator[None]:
    """Serve as the API would, from the bundle of the fake image."""

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send(*(docker.health or (200, {"model_version": docker.bundle.manifest.model_version})))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            rows = body if isinstance(body, list) else [body]
            predicted = [
                docker.change(
                    {
                        "predicted_price": one["predicted_price"],
                        "prediction_interval": [one["interval_low"], one["interval_high"]],
                        "fsd": one["fsd"],
                        "model_version": docker.bundle.manifest.model_version,
                    }
                )
                for one in answers(docker.bundle, rows)
            ]
            time.sleep(docker.slow)
            self.send(200, {"predictions": predicted} if isinstance(body, list) else predicted[0])

        def send(self, status: int, body: Any) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    docker.ports[:] = [server.server_port]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_tester(
    docker: FakeDocker,
    bundle: Path | None = None,
    deadline: float = 0.5,
    say: Callable[[str], None] = lambda _line: None,
) -> ImageTester:
    """Return the test of a fake image."""
    expected = ExpectedPredictions.read(bundle or docker.bundle.directory)
    limits = Limits(requests=10, deadline_seconds=deadline, size_bytes=1_500_000)
    return ImageTester(docker, expected, limits, say, lambda logs: docker.events.append(logs.strip()))


def run_test(docker: FakeDocker, bundle: Path | None = None, deadline: float = 0.5) -> ImageTest:
    """Test a fake image."""
    with serving(docker):
        return make_tester(docker, bundle, deadline).test_image("some:image")


def failed(test: ImageTest) -> dict[str, str]:
    """Return what the failed checks found."""
    return {result.name: result.found for result in test.results if not result.passed}
