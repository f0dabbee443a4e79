"""Worker processes: replaced when they die, gone when their parent dies, and with one log."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from running import HANG_UP, START_SECONDS, Server
from toy import FULL, FULL_PRICE

Start = Callable[..., Server]


def workers_of(server: Server) -> set[int]:
    """Return the worker processes, as soon as there are some: children whose standard error is the log."""
    parent = server.process.pid
    return {
        int(pid)
        for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        if "spawn_main" in command_of(pid)
    }


def command_of(pid: str) -> str:
    """Return the command line of a process, nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def wait_until(there: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Ask again and again until something is true."""
    ends = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < ends, "it never came"
        threading.Event().wait(0.01)


def imports(pid: str) -> bool:
    """Return whether a process has loaded a library."""
    return "numpy" in Path(f"/proc/{pid}/maps").read_text()


def is_running(pid: int) -> bool:
    """Return whether a process has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def is_free(port: int) -> bool:
    """Return whether a port can be listened on."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            return False
        return True


@pytest.mark.long
@pytest.mark.parametrize("sig", [signal.SIGKILL, HANG_UP])
def test_workers_end_with_their_parent(start: Start, sig: signal.Signals) -> None:
    """A killed parent leaves nobody behind who would hold the address; SIGHUP is a stop, with exit code 0."""
    server = start(HOUSEPRICE_WORKERS="2")
    server.wait_for('(?s)"pid".*"pid"')
    workers = workers_of(server)
    assert len(workers) == 2
    server.process.send_signal(sig)
    assert server.process.wait(START_SECONDS) == (0 if sig == signal.SIGHUP else -sig)
    wait_until(lambda: not any(map(is_running, workers)))
    assert is_free(server.port)


@pytest.mark.long
def test_a_worker_that_is_killed_at_its_birth_is_replaced(start: Start) -> None:
    """Also before it has begun to serve, and at once; the other one serves meanwhile."""
    server = start(HOUSEPRICE_WORKERS="2")
    server.wait_for('(?s)"pid".*"pid"')
    first, second = workers_of(server)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(workers_of(server) - {first, second}) == 1)
    (newborn,) = workers_of(server) - {first, second}
    os.kill(newborn, signal.SIGKILL)
    wait_until(lambda: len(workers_of(server) - {first, second, newborn}) == 1, 5)
    assert server.ask("POST", "/predict", FULL)[1]["predicted_price"] == FULL_PRICE
    assert server.stop(signal.SIGTERM)[0] == 0


def test_ctrl_c_while_workers_start_leaves_no_traceback(toy_dir: Path) -> None:
    """A terminal sends it to all processes, also to those that have only begun to import."""
    command = [sys.executable, "-m", "houseprice", "serve", "--bundle", str(toy_dir), "--port", "0"]
    environment = {**os.environ, "HOUSEPRICE_WORKERS": "2"}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        wait_until(
            lambda: sum("spawn_main" in command_of(pid) and imports(pid) for pid in children.read_text().split()) > 1
        )
        os.killpg(process.pid, signal.SIGINT)
        _, log = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0
    assert all(json.loads(line)["level"] != "error" for line in log.splitlines())


@pytest.mark.long
def test_a_server_stops_although_a_worker_hangs(start: Start) -> None:
    """A worker that was halted is killed after the grace period."""
    server = start(HOUSEPRICE_WORKERS="2", HOUSEPRICE_GRACE_SECONDS="1")
    server.wait_for('(?s)"pid".*"pid"')
    halted = workers_of(server).pop()
    os.kill(halted, signal.SIGSTOP)
    assert server.stop(signal.SIGTERM)[0] == 0
    assert not is_running(halted)


@pytest.mark.long
def test_lines_of_two_workers_never_mix(start: Start) -> None:
    """Each line of the log is one object, and there is one for each request."""
    server = start(HOUSEPRICE_WORKERS="2")
    server.wait_for('(?s)"pid".*"pid"')
    path = "/" + "x" * 190
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()

    def ask() -> None:
        with socket.create_connection((server.host, server.port), timeout=START_SECONDS) as connection:
            for _ in range(20):
                connection.sendall(request * 25)
                held = b""
                while held.count(b"HTTP/1.1 404") < 25 or not held.endswith(b"}"):
                    held += connection.recv(2**16)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    code, log = server.stop(signal.SIGTERM)
    assert code == 0
    lines = [json.loads(line) for line in log.removesuffix("\n(the end)\n").splitlines()]
    assert sum(line.get("path") == path for line in lines) == 8 * 20 * 25
