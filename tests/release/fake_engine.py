"""An engine that is none, with a stand-in container that can be good, or bad in one way, and the test of it."""

# ruff: noqa: ARG002, D102 - the stand-in has the verbs of the engine, which are described there

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import Bundle
from houseprice.errors import ImageError
from houseprice.release.docker_cli import Said
from houseprice.release.image_checks import LABELS
from houseprice.release.image_test import OPTIONS, Trial, examine
from houseprice.release.limits import Limits
from houseprice.release.reference_predictions import answers

Answers = Callable[[dict[str, Any]], dict[str, Any]]


def good_config() -> dict[str, Any]:
    """Give back what a good image declares."""
    return {
        "User": "10001:10001",
        "Labels": {f"org.opencontainers.image.{name}": "known" for name in LABELS},
        "Healthcheck": {"Test": ["CMD", "python", "-m", "houseprice.serving.healthcheck"]},
        "StopSignal": "SIGTERM",
    }


@dataclass
class FakeEngine:
    """An engine with one container, which answers over real HTTP from a sealed model."""

    bundle: Bundle
    config: dict[str, Any] = field(default_factory=good_config)
    health: tuple[int, dict[str, Any]] | None = None
    change: Answers = dict
    uids: str = "Uid:\t10001\t10001\t10001\t10001"
    folders: dict[str, str] = field(default_factory=lambda: {"/": "EROFS", "/tmp": "EROFS"})  # noqa: S108
    workshop: list[str] = field(default_factory=list)
    manifest: str = ""
    evidence: str = ""
    size: int = 275_000_000
    slow: float = 0.0
    probe: int = 0
    exit_code: int = 0
    dead: dict[str, Any] | None = None
    start_fault: ImageError | None = None
    events: list[str] = field(default_factory=list)
    container: str = ""
    listening: int = 0

    def image(self, name: str) -> dict[str, Any]:
        return {"Id": "sha256:abc", "Config": self.config, "Size": self.size}

    def start(self, image: str, name: str, *options: str) -> None:
        assert image == "sha256:abc", "the very image is started, whatever its name points to by then"
        assert options == OPTIONS
        self.container = name
        self.events.append("start")
        if self.start_fault:
            raise self.start_fault

    def port(self, name: str, inside: int) -> int:
        if self.dead:
            raise ImageError("no public port")
        return self.listening

    def state(self, name: str) -> dict[str, Any]:
        return self.dead or {"Running": True, "ExitCode": 0}

    def execute(self, name: str, *command: str, options: tuple[str, ...] = ()) -> Said:
        if command[:2] != ("python", "-c"):
            return Said(self.probe, "", "no answer" if self.probe else "")
        script = command[2]
        if "/proc/1/status" in script:
            return Said(0, self.uids, "")
        if "errno" in script:
            assert options == ("--user", "0"), "only root shows that the mount itself is read-only"
            return Said(0, json.dumps(self.folders), "")
        if "evidence.json" in script:
            return Said(0, self.evidence, "")
        if "sha256" in script:
            return Said(0, self.manifest or manifests.sha256_of(self.bundle.directory / manifests.NAME), "")
        return Said(0, json.dumps(self.workshop), "")

    def logs(self, name: str) -> str:
        self.events.append("logs")
        return "what the container printed\n"

    def terminate(self, name: str) -> None:
        self.events.append("terminate")

    def wait(self, name: str, seconds: float) -> int:
        if self.exit_code < 0:
            raise ImageError(f"did not end within {seconds:g} s")
        return self.exit_code

    def remove(self, name: str) -> None:
        assert name == self.container
        self.events.append("remove")


@contextmanager
def serving(engine: FakeEngine) -> Iterator[None]:
    """Answer as the API would, from the sealed model of the engine's container."""

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send(*(engine.health or (200, {"model_version": engine.bundle.manifest.model_version})))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            rows = body if isinstance(body, list) else [body]
            said = [
                engine.change(
                    {
                        "predicted_price": one["predicted_price"],
                        "prediction_interval": [one["interval_low"], one["interval_high"]],
                        "model_version": engine.bundle.manifest.model_version,
                    }
                )
                for one in answers(engine.bundle, rows)
            ]
            time.sleep(engine.slow)
            self.send(200, {"predictions": said} if isinstance(body, list) else said[0])

        def send(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: the test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    engine.listening = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def tried(engine: FakeEngine, local: Bundle | None = None, deadline: float = 0.5) -> Trial:
    """Put an engine's container to the test."""
    with serving(engine):
        return examine(
            "some:image",
            local or engine.bundle,
            engine,  # type: ignore[arg-type]
            deadline=deadline,
            say=lambda _line: None,
            show_logs=lambda logs: engine.events.append(logs.strip()),
            limits=Limits(requests=10),
        )


def failed(trial: Trial) -> dict[str, str]:
    """Give back what the failed checks found."""
    return {finding.name: finding.found for finding in trial.findings if not finding.passed}
