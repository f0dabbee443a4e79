"""The server as a process: how it starts, refuses and stops."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import START_SECONDS, Server
from toy import FULL, FULL_PRICE, altered_golden, seal

from houseprice.bundle import manifest as manifests
from houseprice.cli import main


def refused(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """Return the exit code and the last words of a server that does not start; the same way, in this process."""
    with pytest.raises(SystemExit) as caught:
        main(["serve", "--port", "0", *options])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert not said.out
    assert isinstance(caught.value.code, int)
    return caught.value.code, said.err


def test_it_answers_until_it_is_told_to_stop(start: Callable[..., Server], tmp_path: Path) -> None:
    """The log names address, model and reference date; SIGTERM ends it with 0, and nothing was written anywhere."""
    server = start(HOME=str(tmp_path), XDG_CACHE_HOME="", TMPDIR=str(tmp_path), CI="")
    assert '"model_version": "0123456789ab", "reference_date": "2015-05-27"' in server.line
    assert server.ask("GET", "/health")[0] == 200
    assert server.ask("GET", "/readyz")[0] == 200
    status, answer = server.ask("POST", "/predict", FULL)
    assert (status, answer["predicted_price"]) == (200, FULL_PRICE)
    code, log = server.stop(signal.SIGTERM)
    assert code == 0
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert ("stopping", "SIGTERM") in [(line["event"], line.get("signal")) for line in lines]
    assert list(tmp_path.iterdir()) == []


def test_a_request_that_was_accepted_is_answered_after_sigterm(start: Callable[..., Server]) -> None:
    """Half a request is sent, the server told to stop, and the other half sent: the answer comes, then the end."""
    server = start()
    body = json.dumps(FULL).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((server.host, server.port), timeout=START_SECONDS) as line:
        line.sendall(head.encode() + body[:10])
        assert server.ask("GET", "/livez")[0] == 200  # so the first half has been read
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("stopping")
        line.sendall(body[10:])
        answer = line.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"predicted_price" in answer
    assert server.process.wait(START_SECONDS) == 0


def test_an_option_is_heard_before_the_environment(start: Callable[..., Server]) -> None:
    """Option before environment; and Ctrl-C ends it with 0 as well."""
    server = start("--host", "127.0.0.1", HOUSEPRICE_HOST="no.such.host.invalid", HOUSEPRICE_PORT="1")
    assert server.ask("GET", "/livez")[0] == 200
    assert server.stop(signal.SIGINT)[0] == 0


def test_the_environment_is_heard_before_the_default() -> None:
    """A folder that is not there is refused by a real process: exit code 5, one sentence, no traceback."""
    command = [sys.executable, "-m", "houseprice", "serve"]
    environment = {**os.environ, "HOUSEPRICE_BUNDLE": "/no/such/bundle"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=START_SECONDS, check=False)
    assert done.returncode == 5
    assert done.stderr.startswith('houseprice: No bundle was found in "/no/such/bundle"')
    assert done.stderr.count("\n") == 1
    assert not done.stdout


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str], toy_dir: Path) -> None:
    """Exit code 8, and the sentence says which port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refused(capsys, "--bundle", str(toy_dir), "--port", str(port))
    assert code == 8
    assert f"port {port} of 127.0.0.1" in said
    assert "--port" in said


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_a_host_that_is_not_ours_is_named(capsys: pytest.CaptureFixture[str], toy_dir: Path, host: str) -> None:
    """An address of another machine cannot be listened on."""
    code, said = refused(capsys, "--bundle", str(toy_dir), "--host", host)
    assert (code, host in said) == (8, True)


def test_a_changed_byte_is_refused(capsys: pytest.CaptureFixture[str], toy_dir: Path, tmp_path: Path) -> None:
    """A folder that is not as it was sealed is not served."""
    spoilt = shutil.copytree(toy_dir, tmp_path / "bundle")
    content = bytearray((spoilt / manifests.MODEL).read_bytes())
    content[100] ^= 1
    (spoilt / manifests.MODEL).write_bytes(content)
    code, said = refused(capsys, "--bundle", str(spoilt))
    assert (code, "changed: model.onnx" in said) == (5, True)


def test_a_newer_format_is_refused(capsys: pytest.CaptureFixture[str], toy_dir: Path, tmp_path: Path) -> None:
    """A folder of tomorrow asks for the program of tomorrow."""
    newer = shutil.copytree(toy_dir, tmp_path / "bundle")
    path = newer / manifests.NAME
    path.write_text(path.read_text().replace(f'"format": {manifests.FORMAT}', f'"format": {manifests.FORMAT + 1}'))
    code, said = refused(capsys, "--bundle", str(newer))
    assert (code, f"has format {manifests.FORMAT + 1}" in said) == (5, True)


def test_a_model_that_does_not_give_its_own_answers_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A folder may be sealed honestly and still be wrong: it does not start."""
    code, said = refused(capsys, "--bundle", str(seal(tmp_path / "bundle", altered_golden())))
    assert (code, "1 of 1" in said) == (5, True)


FAILED = {"log_rmse": {"passed": True, "required": "at most 1"}, "parity": {"passed": False, "required": "at most 1"}}


@pytest.mark.parametrize("verdict", [FAILED, {}])
def test_a_model_that_failed_its_gates_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, verdict: dict[str, Any]
) -> None:
    """With exit code 6 and the names of the gates; so is one that was never judged."""
    code, said = refused(capsys, "--bundle", str(seal(tmp_path / "bundle", verdict=verdict)))
    assert code == 6
    assert "[gate_failed]" in said
    assert ("parity" in said) == bool(verdict)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("allowed", ["option", "environment"])
def test_a_model_that_failed_its_gates_is_served_on_purpose_and_the_log_says_so(
    tmp_path: Path, workers: str, allowed: str
) -> None:
    """By the option or the variable, in every worker."""
    bundle = str(seal(tmp_path / "bundle", verdict=FAILED))
    options = ("--allow-red",) if allowed == "option" else ()
    environment = {} if options else {"HOUSEPRICE_ALLOW_RED": "on"}
    server = Server("--bundle", bundle, *options, HOUSEPRICE_WORKERS=workers, **environment)
    try:
        server.wait_for("(?s)" + '"gates": \\["parity"\\].*' * int(workers))
        assert server.ask("POST", "/predict", FULL)[0] == 200
    finally:
        server.stop(signal.SIGTERM)


@pytest.mark.long
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_accepted_requests_are_answered_when_the_server_stops(
    start: Callable[..., Server], workers: str, sig: signal.Signals
) -> None:
    """Sixteen requests are half sent before the signal and completed after it: all are answered, the exit code is 0."""
    server = start(HOUSEPRICE_WORKERS=workers)
    server.wait_for("(?s)" + '"pid".*' * int(workers))
    body = json.dumps(FULL).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    clients = [socket.create_connection((server.host, server.port), timeout=START_SECONDS) for _ in range(16)]
    for client in clients:
        client.sendall(head + body[:10])
    server.ask("GET", "/livez")
    for _ in range(START_SECONDS * 10):  # until all of them were read
        in_progress = next(
            line for line in server.text("/metrics").splitlines() if line.startswith("houseprice_requests_in_progress")
        )
        if float(in_progress.split()[-1]) > len(clients):
            break
        threading.Event().wait(0.1)
    server.process.send_signal(sig)
    server.wait_for("stopping")
    for client in clients:
        client.sendall(body[10:])
    answers = [client.makefile("rb").read() for client in clients]
    for client in clients:
        client.close()
    assert [answer.partition(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * len(clients)
    assert server.process.wait(START_SECONDS) == 0


def test_head_is_answered_on_a_connection_that_goes_on(start: Callable[..., Server]) -> None:
    """As GET without a body; the next request of the connection is answered, and nothing is an error in the log."""
    server = start()
    connection = http.client.HTTPConnection(server.host, server.port, timeout=START_SECONDS)
    for path in ("/health", "/livez", "/metrics", "/docs", "/openapi.json", "/none", "/predict"):
        connection.request("HEAD", path)
        head = connection.getresponse()
        assert head.read() == b""
        connection.request("GET", path)
        answer = connection.getresponse()
        assert len(answer.read()) > 0
        assert head.status == answer.status
        assert path == "/metrics" or head.headers["Content-Length"] == answer.headers["Content-Length"]
        assert head.headers["Connection"] is None
    connection.close()
    _, log = server.stop(signal.SIGTERM)
    assert '"level": "error"' not in log
    assert '"status": 500' not in log
