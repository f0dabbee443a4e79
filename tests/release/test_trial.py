"""The test of an image, without an engine: a stand-in container that can be good, or bad in one way."""

# ruff: noqa: ARG002, D102 - the stand-in has the verbs of the engine, which are described there

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import Bundle, open_bundle
from houseprice.errors import ImageError
from houseprice.release import checks
from houseprice.release.checks import CHECKS, LABELS
from houseprice.release.engine import Said
from houseprice.release.limits import Limits
from houseprice.release.offline import answers
from houseprice.release.trial import OPTIONS, Trial, examine

Answers = Callable[[dict[str, Any]], dict[str, Any]]


def good_config() -> dict[str, Any]:
    """Give back what a good image declares."""
    return {
        "User": "10001:10001",
        "Labels": {f"org.opencontainers.image.{name}": "known" for name in LABELS},
        "Healthcheck": {"Test": ["CMD", "python", "-m", "houseprice.serving.probe"]},
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


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    """The tiny sealed model, opened."""
    return open_bundle(tiny_bundle)


def test_a_good_image_passes_every_check(bundle: Bundle) -> None:
    """An image that answers like its sealed model passes, its logs are shown and its container is removed."""
    engine = FakeEngine(bundle)
    trial = tried(engine)
    assert failed(trial) == {}
    assert trial.passed
    trial.demand()
    assert [finding.name for finding in trial.findings] == [check.name for check in CHECKS]
    assert engine.events == ["start", "terminate", "logs", "what the container printed", "remove"]


def dearer(body: dict[str, Any]) -> dict[str, Any]:
    """Answer a tenth of a percent too high."""
    return body | {"predicted_price": body["predicted_price"] * 1.001}


REDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no labels": ({"config": good_config() | {"Labels": None}}, "labels", "without title, description"),
    "label of another model": (
        {"config": good_config() | {"Labels": good_config()["Labels"] | {"houseprice.model-version": "other"}}},
        "labels",
        "houseprice.model-version is other",
    ),
    "label of another sealed folder": (
        {"config": good_config() | {"Labels": good_config()["Labels"] | {"houseprice.manifest": "f" * 64}}},
        "labels",
        "houseprice.manifest is ffffffffffff",
    ),
    "evidence without a label": ({"evidence": "e" * 64}, "labels", "is None, the file inside is eeeeeeeeeeee"),
    "evidence that is missing": (
        {"config": good_config() | {"Labels": good_config()["Labels"] | {"houseprice.evidence": "e" * 64}}},
        "labels",
        "is eeeeeeeeeeee, the file inside is None",
    ),
    "too large": ({"size": 451_000_000}, "size", "451 MB unpacked, with its base; only a layout tells more; allowed"),
    "too slow": ({"slow": 0.06}, "latency", "allowed are 50 ms"),
    "no user": ({"config": good_config() | {"User": ""}}, "user", "declared root"),
    "user by name": ({"config": good_config() | {"User": "app"}}, "user", "declared app"),
    "user 0": ({"config": good_config() | {"User": "0:0"}}, "user", "declared 0:0"),
    "root in effect": ({"uids": "Uid:\t10001\t0\t0\t0"}, "user", "running as 10001"),
    "no ids": ({"uids": ""}, "user", "cannot be checked"),
    "a folder can be written": ({"folders": {"/": "EROFS", "/app": "written"}}, "read-only root", "/app (written)"),
    "refused for another reason": ({"folders": {"/": "EACCES"}}, "read-only root", "/ (EACCES)"),
    "nothing tried": ({"folders": {}}, "read-only root", "nothing was tried"),
    "a pickle inside": ({"workshop": ["sklearn"]}, "serving only", "holds sklearn"),
    "another folder": ({"manifest": "f" * 64}, "sealed model", "manifest ffffffffffff"),
    "no health command": ({"config": good_config() | {"Healthcheck": None}}, "health command", "no HEALTHCHECK"),
    "health command in a shell": (
        {"config": good_config() | {"Healthcheck": {"Test": ["CMD-SHELL", "true"]}}},
        "health command",
        "CMD-SHELL",
    ),
    "health command fails": ({"probe": 1}, "health command", "ends with 1 no answer"),
    "health names another model": ({"health": (200, {"model_version": "other"})}, "identity", "model_version other"),
    "health is no object": ({"health": (200, [])}, "identity", "model_version None"),
    "another price": ({"change": dearer}, "golden rows", "instead of"),
    "no price": ({"change": lambda _body: {}}, "golden rows", "model_version None"),
    "no number": ({"change": lambda body: body | {"predicted_price": float("nan")}}, "newest sales", "nan"),
    "a negative price": ({"change": lambda body: body | {"predicted_price": -1}}, "metric", "cannot be checked"),
    "another interval": (
        {"change": lambda body: body | {"prediction_interval": [1, 2]}},
        "golden rows, batch",
        "interval_",
    ),
    "an interval of one": ({"change": lambda body: body | {"prediction_interval": [1]}}, "newest sales", "ValueError"),
    "another model's name": ({"change": lambda body: body | {"model_version": "x"}}, "golden rows", "model_version x"),
    "killed at the end": ({"exit_code": 137}, "stop", "ended with 137"),
    "never stops": ({"exit_code": -1}, "stop", "did not end within 10 s"),
    "another stop signal": ({"config": good_config() | {"StopSignal": "SIGKILL"}}, "stop", "SIGKILL"),
}


@pytest.mark.parametrize(("fault", "check", "found"), REDS.values(), ids=REDS)
def test_one_fault_is_enough(bundle: Bundle, fault: dict[str, Any], check: str, found: str) -> None:
    """An image that is bad in one way fails the check for it, and its container is removed."""
    engine = FakeEngine(bundle, **fault)
    trial = tried(engine)
    assert found in failed(trial)[check]
    assert engine.events[-1] == "remove"
    with pytest.raises(ImageError, match=r"failed \d+ of 18 checks .* do not publish it"):
        trial.demand()


def test_a_slow_image_is_not_asked_for_long(bundle: Bundle) -> None:
    """As soon as it is known that more than one in a hundred answers are slow, no more are waited for."""
    trial = tried(FakeEngine(bundle, slow=0.06))
    assert re.search(r"p99 \d+\.\d ms of 1 requests in round 3; allowed are 50 ms", failed(trial)["latency"])


def test_an_image_that_never_gets_healthy_fails(bundle: Bundle) -> None:
    """A /health that never answers 200 fails at the deadline, and nothing that needs it is taken for passed."""
    trial = tried(FakeEngine(bundle, health=(503, {"status": "failing"})), deadline=0.3)
    assert failed(trial)["health"].startswith("503")
    assert failed(trial)["golden rows"] == "not asked, the container is not healthy"


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ({"Running": False, "ExitCode": 5}, "ended with 5 after"),
        ({"Running": False, "ExitCode": 137, "OOMKilled": True}, "ended with 137, out of memory after"),
    ],
)
def test_a_crash_is_told_at_once(bundle: Bundle, state: dict[str, Any], found: str) -> None:
    """A container that has ended is not waited for until the deadline."""
    trial = tried(FakeEngine(bundle, dead=state), deadline=60)
    assert found in failed(trial)["health"]
    assert failed(trial)["stop"] == "not asked, the container is not healthy"
    assert trial.seconds < 10


def test_another_model_is_found_out(bundle: Bundle, seal: Callable[..., Path]) -> None:
    """An image that is whole in itself, but holds another model than the local one, fails."""
    other = open_bundle(seal("other", 210.0))
    found = failed(tried(FakeEngine(other), local=bundle))
    assert {"sealed model", "identity", "golden rows", "golden rows, batch", "newest sales", "metric"} <= set(found)


@pytest.mark.parametrize("part", ["golden", "sample"])
def test_sealed_answers_are_recomputed(seal: Callable[..., Path], part: str) -> None:
    """A sealed folder whose stored answers are not its own model's makes the test fail, whatever the image says."""
    wrong = [{"predicted_price": 1.0, "interval_low": 1.0, "interval_high": 1.0}] * 3
    sealed = open_bundle(seal(**{part: {"answers": wrong}}))
    assert "instead of 1.00" in failed(tried(FakeEngine(sealed)))["offline answers"]


def test_a_metric_that_is_not_reached_fails(seal: Callable[..., Path]) -> None:
    """The sealed metric is demanded of the image's own answers."""
    assert "log-RMSE 0.09" in failed(tried(FakeEngine(open_bundle(seal(sample={"log_rmse": 0.05})))))["metric"]


def test_no_rows_prove_nothing(seal: Callable[..., Path]) -> None:
    """A sealed folder without golden rows or sample does not let an image pass."""
    empty = {"rows": [], "answers": [], "prices": []}
    found = failed(tried(FakeEngine(open_bundle(seal(golden=empty, sample=empty)))))
    assert {"golden rows", "golden rows, batch", "newest sales", "metric"} <= set(found)


def test_ctrl_c_leaves_nothing_behind(bundle: Bundle) -> None:
    """An interruption in the middle of the test shows the logs, removes the container and is passed on."""
    engine = FakeEngine(bundle)

    def interrupted(line: str) -> None:
        if "golden" in line:
            raise KeyboardInterrupt

    with serving(engine), pytest.raises(KeyboardInterrupt):
        examine("i", bundle, engine, deadline=1, say=interrupted, show_logs=engine.events.append)  # type: ignore[arg-type]
    assert engine.events == ["start", "logs", "what the container printed\n", "remove"]


def test_a_container_that_does_not_start_is_removed_too(bundle: Bundle) -> None:
    """When the engine cannot start the container, what it has made of it is removed."""
    engine = FakeEngine(bundle, start_fault=ImageError("no such program"))
    with pytest.raises(ImageError, match="no such program"):
        tried(engine)
    assert engine.events[-1] == "remove"


def test_logs_that_cannot_be_shown_do_not_keep_the_container(bundle: Bundle) -> None:
    """The container is removed even when showing its logs fails."""
    engine = FakeEngine(bundle)

    def broken(_logs: str) -> None:
        raise BrokenPipeError

    with serving(engine), pytest.raises(BrokenPipeError):
        examine("i", bundle, engine, deadline=1, say=lambda _line: None, show_logs=broken)  # type: ignore[arg-type]
    assert engine.events[-1] == "remove"


def test_an_unfinished_trial_has_not_passed(bundle: Bundle) -> None:
    """A trial that lacks a check has not passed, even if all that it has are green."""
    trial = tried(FakeEngine(bundle))
    assert not Trial(trial.image, trial.image_id, trial.findings[:-1], 1.0).passed


def test_whatever_an_image_does_is_a_finding(bundle: Bundle) -> None:
    """An error that nobody thought of, while a check looks, is a failed check."""

    def surprised(_subject: object) -> tuple[bool, str]:
        raise RuntimeError("never seen before")

    finding = checks.look(checks.Check("new", "anything", surprised), None, healthy=True)  # type: ignore[arg-type]
    assert (finding.passed, finding.found) == (False, "cannot be checked (RuntimeError: never seen before)")
