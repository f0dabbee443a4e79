"""scripts/mlflow-container: a server that cannot be started, that never answers, and that ends too early."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "mlflow-container"
NAME = f"houseprice-mlflow-test-{os.getpid()}"
DOCKER = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case "$1 $2" in
"container inspect") [ -f "$(dirname "$0")/ended" ] || exit 1
  case "$4" in *ExitCode*) echo 3 ;; *) echo false ;; esac ;;
"logs --tail") echo "no such table: runs" ;;
"run --detach") echo "docker: Bind for 127.0.0.1:5000 failed: port is already allocated." >&2; exit 125 ;;
esac
"""


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """A Docker client without an engine, which records its calls."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    return tmp_path


@pytest.fixture
def port() -> int:
    """A port on which nothing listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def script(verb: str, client: Path, port: int, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a client and a port of the test."""
    environment = {
        "PATH": f"{client}:{os.environ['PATH']}",
        "HOUSEPRICE_MLFLOW_PORT": str(port),
        "HOUSEPRICE_MLFLOW_DEADLINE": "1",
        "HOUSEPRICE_MLFLOW_NAME": NAME,
        "HOUSEPRICE_MLFLOW_FOLDER": str(client / "history"),
        **more,
    }
    return subprocess.run([SCRIPT, verb], env=environment, capture_output=True, text=True, check=False, timeout=60)


class Health(BaseHTTPRequestHandler):
    """A server that answers /health with what it was given to say."""

    body = b"OK"

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A server on a free port that says it is well."""
    listening = HTTPServer(("127.0.0.1", 0), Health)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield listening
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_waiting_fails_when_nothing_answers(client: Path, port: int) -> None:
    """A server that never answers is a failure with one sentence, in time, and its logs are shown."""
    begin = time.monotonic()
    result = script("wait", client, port)
    assert result.returncode == 1
    assert time.monotonic() - begin < 10
    assert f"http://127.0.0.1:{port}/health" in result.stderr
    assert "no such table: runs" in result.stderr


def test_waiting_ends_when_the_container_has(client: Path, port: int) -> None:
    """A container that ended is not waited for; its exit code and its logs are shown."""
    (client / "ended").touch()
    begin = time.monotonic()
    result = script("wait", client, port, HOUSEPRICE_MLFLOW_DEADLINE="50")
    assert result.returncode == 1
    assert time.monotonic() - begin < 10
    assert "exit code 3" in result.stderr
    assert "no such table: runs" in result.stderr


def test_waiting_succeeds_when_mlflow_answers(client: Path, server: HTTPServer) -> None:
    """A server that is well is not waited for."""
    assert script("wait", client, server.server_port).returncode == 0


def test_another_program_is_not_taken_for_mlflow(
    client: Path, server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is not MLflow's own is no health."""
    monkeypatch.setattr(Health, "body", b"<html>AirPlay</html>")
    assert script("wait", client, server.server_port).returncode == 1


def test_a_taken_port_is_reported(client: Path, server: HTTPServer) -> None:
    """Nothing is started on a port that is taken; another is proposed only where training can be told of it."""
    result = script("start", client, server.server_port)
    assert result.returncode == 1
    assert str(server.server_port) in result.stderr
    assert "HOUSEPRICE_MLFLOW_PORT" in result.stderr
    assert "HOUSEPRICE_MLFLOW_PORT" not in script("start", client, server.server_port, GITHUB_ACTIONS="true").stderr
    assert "run --detach" not in (client / "calls").read_text()


def test_a_port_that_only_the_engine_sees_taken_is_reported(client: Path, port: int) -> None:
    """A refusal of the engine because of the port is reported likewise, and the half-made container is removed."""
    result = script("start", client, port)
    assert result.returncode == 1
    assert str(port) in result.stderr
    assert "HOUSEPRICE_MLFLOW_PORT" in result.stderr
    assert f"rm --force --volumes {NAME}" in (client / "calls").read_text().splitlines()[-1]


def test_stopping_nothing_is_no_fault(client: Path, port: int) -> None:
    """The clean-up always succeeds when there is nothing to remove."""
    result = script("stop", client, port)
    assert result.returncode == 0


def test_a_lock_without_mlflow_is_refused(tmp_path: Path) -> None:
    """Without a locked release no image is guessed."""
    (tmp_path / "scripts").mkdir()
    copy = tmp_path / "scripts" / "mlflow-container"
    copy.write_text(SCRIPT.read_text())
    (tmp_path / "requirements.txt").write_text("mlflow-skinny==1.0\n")
    result = subprocess.run(["bash", copy, "image"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert "requirements.txt" in result.stderr


def test_an_unknown_verb_is_refused(client: Path, port: int) -> None:
    """A mistyped verb ends with the code of wrong usage."""
    assert script("restart", client, port).returncode == 2
