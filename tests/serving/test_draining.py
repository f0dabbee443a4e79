"""How a server stops: what came in is answered, and what a client is told holds."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable

import pytest
from running import HANG_UP, START_SECONDS, Server
from toy import FULL

from houseprice.serving.draining import IDLE_SECONDS

Start = Callable[..., Server]
BODY = json.dumps(FULL).encode()
REQUEST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Client(threading.Thread):
    """Asks until no connection can be opened, over keep-alive connections or over one for each request.

    Attributes:
        answered: requests with a whole answer.
        lost: requests without one, on a connection that had answered and whose end was not announced.
        reset: connections that were closed without an answer to their first request.
    """

    def __init__(self, server: Server, *, keeps_alive: bool) -> None:
        super().__init__()
        self._address = server.host, server.port
        self._request = REQUEST if keeps_alive else REQUEST.replace(b"Host: x", b"Host: x\r\nConnection: close")
        self.answered = self.lost = self.reset = 0
        self.start()

    def run(self) -> None:
        """Ask until the server is gone."""
        while True:
            try:
                connection = socket.create_connection(self._address, timeout=START_SECONDS)
            except OSError:
                return
            with connection, connection.makefile("rb") as file:
                is_open, is_new = True, True
                while is_open:
                    try:
                        connection.sendall(self._request)
                        head, body = read_answer(file)
                    except (OSError, ValueError):
                        self.lost += not is_new
                        self.reset += is_new
                        break
                    assert body.count(b"predicted_price") == 1
                    self.answered += 1
                    is_new = False
                    is_open = b"\r\nconnection: close\r\n" not in head.lower()


def read_answer(file: "socket.SocketIO") -> tuple[bytes, bytes]:
    """Return head and body of an answer.

    Raises:
        ValueError: the connection was closed before its end.
    """
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = file.readline()
        if not line:
            raise ValueError("no answer")
        head += line
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    body = file.read(length)
    if body is None or len(body) < length:
        raise ValueError("half an answer")
    return head, body


def listens(address: tuple[str, int]) -> bool:
    """Return whether a connection can be opened, or was reset in the very moment when the address was closed."""
    try:
        socket.create_connection(address, timeout=START_SECONDS).close()
    except ConnectionResetError:
        return True
    except ConnectionRefusedError:
        return False
    return True


def stop_under_load(server: Server, sig: signal.Signals, *, as_group: bool = False) -> None:
    """Stop a server, or all of its processes at once, among eight clients, of which none loses a request.

    A connection that reaches the kernel in the very moment when the address is closed is reset: no server can help it.
    """
    clients = [Client(server, keeps_alive=number % 2 == 0) for number in range(8)]
    while sum(client.answered for client in clients) < 200:
        threading.Event().wait(0.01)
    if as_group:
        os.killpg(server.process.pid, sig)
        code = server.process.wait(START_SECONDS)
    else:
        code, _ = server.stop(sig)
    for client in clients:
        client.join()
    assert code == 0
    assert sum(client.lost for client in clients) == 0
    assert sum(client.reset for client in clients) <= 1


@pytest.mark.long
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_no_request_is_lost_when_a_server_stops_under_load(start: Start, workers: str, sig: signal.Signals) -> None:
    """Neither on connections that were open, nor on those that were opened meanwhile."""
    server = start(HOUSEPRICE_WORKERS=workers)
    server.wait_for("(?s)" + '"pid".*' * int(workers))
    stop_under_load(server, sig)


@pytest.mark.long
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, HANG_UP])
def test_no_request_is_lost_when_all_processes_are_stopped(start: Start, sig: signal.Signals) -> None:
    """As a terminal does by Ctrl-C and when it goes, and systemd by default."""
    server = start(before=os.setsid, HOUSEPRICE_WORKERS="2")
    server.wait_for("(?s)" + '"pid".*' * 2)
    stop_under_load(server, sig, as_group=True)


@pytest.mark.long
@pytest.mark.parametrize("workers", ["1", "3"])
def test_no_request_is_lost_in_many_stops(start: Start, workers: str) -> None:
    """Ten times one after the other."""
    for _ in range(10):
        server = start(HOUSEPRICE_WORKERS=workers, HOUSEPRICE_ACCESS_LOG="off")
        server.wait_for("(?s)" + '"pid".*' * int(workers))
        stop_under_load(server, signal.SIGTERM)


def test_an_idle_connection_gets_one_more_answer(start: Start) -> None:
    """After the signal: the answer says that it is the last; a connection that stays idle is closed without a word.

    It stays open for a second; a machine that is too busy to send a request within it gets further tries.
    """
    for _ in range(3):
        server = start()
        address = server.host, server.port
        used, idle = (socket.create_connection(address, timeout=START_SECONDS) for _ in range(2))
        with used, idle, used.makefile("rb") as file:
            used.sendall(REQUEST)
            assert b"connection: close" not in read_answer(file)[0].lower()
            server.process.send_signal(signal.SIGTERM)
            signalled = time.monotonic()
            server.wait_for("stopping")
            while listens(address):
                pass
            try:
                used.sendall(REQUEST)
                head, _ = read_answer(file)
            except (OSError, ValueError):
                assert time.monotonic() - signalled >= IDLE_SECONDS
                continue
            assert b"connection: close" in head.lower()
            assert file.read() == b""
            assert idle.recv(1) == b""
        assert server.process.wait(START_SECONDS) == 0
        return
    pytest.fail("no request was answered after the signal")


def test_connections_that_wait_to_be_accepted_are_answered(start: Start) -> None:
    """A server that was halted for a moment takes what came meanwhile, although it was asked to stop before."""
    server = start()
    server.process.send_signal(signal.SIGSTOP)
    address = server.host, server.port
    clients = [socket.create_connection(address, timeout=START_SECONDS) for _ in range(50)]
    for client in clients:
        client.sendall(REQUEST)
    server.process.send_signal(signal.SIGTERM)
    server.process.send_signal(signal.SIGCONT)
    for client in clients:
        with client, client.makefile("rb") as file:
            assert read_answer(file)[0].startswith(b"HTTP/1.1 200")
    assert server.process.wait(START_SECONDS) == 0


def test_half_a_head_is_waited_for(start: Start) -> None:
    """A request whose head had begun to arrive when the signal came is answered."""
    server = start()
    client, idle = (socket.create_connection((server.host, server.port), timeout=START_SECONDS) for _ in range(2))
    with client, idle:
        client.sendall(REQUEST[:20])
        assert server.ask("GET", "/livez")[0] == 200
        server.process.send_signal(signal.SIGTERM)
        assert idle.recv(1) == b""  # a connection without a request is kept no longer
        client.sendall(REQUEST[20:])
        with client.makefile("rb") as file:
            head, _ = read_answer(file)
            assert b"connection: close" in head.lower()
            assert file.read() == b""
    assert server.process.wait(START_SECONDS) == 0
