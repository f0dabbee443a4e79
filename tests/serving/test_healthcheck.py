"""The health check of an image."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from houseprice.serving.healthcheck import look, main


@pytest.fixture
def answering(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the address of a server that answers as the test says."""
    status, body = request.param

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.handle_request, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/health"
    server.server_close()


@pytest.mark.parametrize("answering", [(200, b'{"status": "ok", "model_version": "x"}')], indirect=True)
def test_a_healthy_server_is_zero(answering: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line on stdout holds the facts."""
    assert main(["--url", answering]) == 0
    assert capsys.readouterr().out == f"{answering} answers 200 status=ok model_version=x\n"


@pytest.mark.parametrize(
    "answering",
    [
        (503, b'{"status": "failing"}'),
        (200, b'{"status": "failing"}'),
        (200, b'{"state": "ok"}'),
        (200, b'["ok"]'),
        (200, b"ok"),
        (200, b"\xff"),
        (503, b'{"status": "ok"}'),
    ],
    indirect=True,
)
def test_anything_else_is_one(answering: str) -> None:
    """A server that says too little is not healthy."""
    assert main(["--url", answering]) == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/health", "http://no.such.host.invalid/", "nonsense", "http://x:y/"]
)
def test_no_server_is_one(url: str) -> None:
    """Nobody there is one line, not a traceback."""
    healthy, line = look(url, 1.0)
    assert not healthy
    assert url in line


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        (None, None, "http://127.0.0.1:8000/health"),
        ("0.0.0.0", "8123", "http://127.0.0.1:8123/health"),  # noqa: S104 - nothing listens here
        ("::1", "8123", "http://[::1]:8123/health"),
        ("10.0.0.7", "", "http://10.0.0.7:8000/health"),
    ],
)
def test_the_address_is_the_servers_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str | None, port: str | None, url: str
) -> None:
    """The probe listens to the same environment as the server."""
    for name, value in (("HOUSEPRICE_HOST", host), ("HOUSEPRICE_PORT", port)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        main(["--help"])
    assert url in "".join(capsys.readouterr().out.split())


def test_the_probe_is_light() -> None:
    """It runs every few seconds: nothing of the server or the model is imported for it."""
    script = "import sys, houseprice.serving.healthcheck; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "onnxruntime", "fastapi", "pydantic", "click"} & set(modules)
