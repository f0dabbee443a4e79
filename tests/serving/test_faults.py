"""What goes wrong around a running server: signals under load, dawdling clients, dead workers, a full disk, a cap."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from running import START_SECONDS, Server
from toy import FULL, FULL_PRICE, LEAST

from houseprice.bundle import manifest as manifests

pytestmark = pytest.mark.long
Start = Callable[..., Server]
BODY = json.dumps(FULL).encode()
REQUEST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


def until_closed(server: Server, answers: list[int]) -> None:
    """Ask over one connection until the server closes it; note the status of each answer, 0 for one cut short."""
    with socket.create_connection((server.host, server.port), timeout=START_SECONDS) as line:
        file = line.makefile("rb")
        while True:
            try:
                line.sendall(REQUEST)
            except OSError:
                return
            try:
                status = file.readline()
            except ConnectionResetError:
                status = b""
            if not status:
                return
            length = 0
            while (header := file.readline().strip()) != b"":
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            whole = file.read(length).count(b"predicted_price") == 1
            answers.append(int(status.split()[1]) if whole else 0)


def crowd(server: Server, count: int) -> tuple[list[threading.Thread], list[int]]:
    """Return clients that ask without end, and what they are answered."""
    answers: list[int] = []
    threads = [threading.Thread(target=until_closed, args=(server, answers)) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, answers


def counted(server: Server, name: str) -> float:
    """Return a number of /metrics."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", server.text("/metrics"), re.MULTILINE)
    return float(found[1]) if found else 0.0


def wait_for(there: Callable[[], bool]) -> None:
    """Look until something is there; whoever is looked at is asked each time, so this is no busy waiting."""
    ends = time.monotonic() + START_SECONDS
    while not there():
        assert time.monotonic() < ends, "it never came"


def test_every_accepted_request_is_answered_when_told_to_stop_under_load(start: Start) -> None:
    """SIGTERM among eight clients: no answer is cut short, the process ends with 0, and another one serves again."""
    server = start(HOUSEPRICE_ACCESS_LOG="off")
    threads, answers = crowd(server, 8)
    wait_for(lambda: counted(server, 'houseprice_requests_total{route="/predict",status="200"}') > 100)
    code, _ = server.stop(signal.SIGTERM)
    for thread in threads:
        thread.join()
    assert code == 0
    assert len(answers) > 100
    assert set(answers) == {200}


def test_after_a_kill_another_start_serves_again(start: Start) -> None:
    """Nothing is left behind that would be in the way."""
    server = start()
    threads, _ = crowd(server, 2)
    server.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()
    again = start()
    assert again.ask("POST", "/predict", FULL)[0] == 200


def test_a_client_that_dawdles_over_the_head_of_a_request_is_cut_off(start: Start) -> None:
    """A connection that says nothing, one that drips, and one whose headers never end; others are served meanwhile."""
    server = start(HOUSEPRICE_BODY_TIMEOUT_SECONDS="0.5")
    silent = socket.create_connection((server.host, server.port), timeout=START_SECONDS)
    dripping = socket.create_connection((server.host, server.port), timeout=START_SECONDS)
    dripping.sendall(b"POST /predict HTTP/1.1\r\nHos")
    assert server.ask("POST", "/predict", FULL)[0] == 200
    for line in (silent, dripping):
        assert closed(line)
    endless = socket.create_connection((server.host, server.port), timeout=START_SECONDS)
    with endless:
        try:
            endless.sendall(b"GET / HTTP/1.1\r\n" + b"".join(b"a%d: %s\r\n" % (n, b"x" * 1000) for n in range(500)))
            assert b" 431 " in endless.recv(100)
        except OSError:
            pass
    assert server.ask("GET", "/health")[0] == 200


def closed(line: socket.socket) -> bool:
    """Tell whether the other side ends the connection without an answer."""
    with line:
        try:
            return line.recv(1) == b""
        except ConnectionResetError:
            return True


def test_two_workers_answer_as_one_and_count_together(start: Start) -> None:
    """Both serve; their numbers are added up whichever is asked; a dead one is replaced; SIGTERM ends all with 0."""
    server = start(HOUSEPRICE_WORKERS="2")
    for _ in range(40):
        assert server.ask("POST", "/predict", FULL)[1]["predicted_price"] == FULL_PRICE
    name = 'houseprice_requests_total{route="/predict",status="200"}'
    wait_for(lambda: counted(server, name) == 40)  # a request is counted when its answer has left
    assert [counted(server, name) for _ in range(6)] == [40.0] * 6
    server.wait_for('(?s)"pid".*"pid"')
    workers = [int(pid) for pid in re.findall(r'"pid": (\d+)', server.log())]
    assert len(set(workers)) == 2
    os.kill(workers[0], signal.SIGKILL)
    server.wait_for('(?s)"pid".*"pid".*"pid"')
    assert server.ask("POST", "/predict", FULL)[0] == 200
    wait_for(lambda: counted(server, name) == 41)
    assert server.stop(signal.SIGTERM)[0] == 0


def test_workers_that_cannot_start_end_the_server_with_their_code(toy_dir: Path, tmp_path: Path) -> None:
    """A changed bundle: exit 5, the reason told, nobody left behind."""
    command = [sys.executable, "-m", "houseprice", "serve", "--port", "0", "--bundle", str(spoilt(toy_dir, tmp_path))]
    done = subprocess.run(
        command, env={**os.environ, "HOUSEPRICE_WORKERS": "2"}, capture_output=True, text=True, timeout=START_SECONDS,
        check=False,
    )  # fmt: skip
    assert (done.returncode, "does not match its manifest" in done.stderr) == (5, True)


def spoilt(toy_dir: Path, tmp_path: Path) -> Path:
    """Return a bundle with one changed byte."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    for path in toy_dir.iterdir():
        content = path.read_bytes()
        (folder / path.name).write_bytes(content[:-1] + b"?" if path.name == manifests.MODEL else content)
    return folder


def test_a_bundle_that_changes_under_a_server_changes_no_answer(start: Start, toy_dir: Path, tmp_path: Path) -> None:
    """What was checked at the start is what answers; the next start refuses."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    for path in toy_dir.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    server = start("--bundle", str(folder))
    (folder / manifests.MODEL).write_bytes(b"changed")
    assert server.ask("POST", "/predict", FULL)[1]["predicted_price"] == FULL_PRICE
    assert server.ask("GET", "/health")[0] == 200
    command = [sys.executable, "-m", "houseprice", "serve", "--port", "0", "--bundle", str(folder)]
    assert subprocess.run(command, capture_output=True, timeout=START_SECONDS, check=False).returncode == 5


def test_a_log_that_cannot_be_written_costs_no_answer(toy_dir: Path) -> None:
    """A full disk under the log: requests are answered all the same."""
    full = os.open("/dev/full", os.O_WRONLY)
    server = Server("--bundle", str(toy_dir), log=full)
    os.close(full)
    try:
        assert [server.ask("POST", "/predict", house)[0] for house in (FULL, LEAST) * 20] == [200] * 40
        assert server.stop(signal.SIGTERM)[0] == 0
    finally:
        server.kill()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_log_that_nobody_reads_costs_no_answer(toy_dir: Path, workers: str) -> None:
    """The pipe is full: requests are answered, lost lines are counted, and told as soon as somebody reads."""
    reader, writer = os.pipe()
    server = Server("--bundle", str(toy_dir), log=writer, HOUSEPRICE_WORKERS=workers)
    os.close(writer)
    name = "houseprice_log_lines_dropped_total"
    try:
        wait_for(lambda: serves(server))
        request = b"GET /livez?" + b"x" * 300 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
        for _ in range(int(workers)):
            for _ in range(300):
                with socket.create_connection((server.host, server.port), timeout=START_SECONDS) as client:
                    client.sendall(request * 50)
                    held = b""
                    while held.count(b"alive") < 50:
                        held += client.recv(2**16)
        assert server.ask("POST", "/predict", FULL)[0] == 200
        wait_for(lambda: counted(server, name) > 0)
        with os.fdopen(reader, closefd=False) as file:
            told = 0
            server.process.send_signal(signal.SIGTERM)
            for line in file:
                found = json.loads(line)
                told += found.get("count", 0) if found["event"] == "log lines dropped" else 0
        assert told > 0
        assert server.process.wait(START_SECONDS) == 0
    finally:
        server.kill()
        os.close(reader)


def serves(server: Server) -> bool:
    """Tell whether a server answers its probe."""
    try:
        return server.ask("GET", "/livez")[0] == 200
    except OSError:
        return False


def test_no_pickle_is_opened_from_start_to_end(start: Start, tmp_path: Path) -> None:
    """An audit hook in the process sees no module unpickled, by any library, while it starts, answers and stops."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "def watch(event, told):\n"
        "    if event.startswith('pickle.'):\n"
        "        sys.stderr.write(f'UNPICKLED {told}\\n')\n"
        "sys.addaudithook(watch)\n"
        "sys.stderr.write('watching\\n')\n"
    )
    server = start(PYTHONPATH=str(tmp_path))
    for path in ("/predict", "/explain", "/comparables", "/history"):
        assert server.ask("POST", path, FULL)[0] == 200
    assert server.ask("POST", "/batch-predict", [FULL, LEAST])[0] == 200
    code, log = server.stop(signal.SIGTERM)
    assert code == 0
    assert "watching" in log
    assert "UNPICKLED" not in log


def test_256_megabytes_are_enough(start: Start) -> None:
    """With no more data memory than that, it starts, prices and explains."""
    limit = 256 * 2**20

    def capped() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    server = start(before=capped)
    assert server.ask("POST", "/batch-predict", [LEAST] * 2000)[0] == 200
    resident = Path(f"/proc/{server.process.pid}/status").read_text()
    assert int(re.findall(r"VmRSS:\s+(\d+) kB", resident)[0]) * 1024 < limit
