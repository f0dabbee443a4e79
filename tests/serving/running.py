"""A server that runs as a process of its own, as a person starts it."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

START_SECONDS = 30
HANG_UP = pytest.param(
    signal.SIGHUP,
    marks=pytest.mark.skipif(
        signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, reason="under nohup, which the server heeds as well"
    ),
)
"""The signal of a terminal that goes."""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Address:
    """Where a server listens that runs already."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    def text(self, path: str) -> str:
        """Ask for a path; return the answer as it is."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=START_SECONDS)
        connection.request("GET", path)
        found = connection.getresponse().read().decode()
        connection.close()
        return found

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request and read the answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=START_SECONDS)
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
        connection.close()
        return found


class Server(Address):
    """A server that was started as a person starts it, on a port of its own choice."""

    def __init__(
        self,
        *options: str,
        log: int | None = None,
        before: Callable[[], None] | None = None,
        **environment: str,
    ) -> None:
        command = [sys.executable, "-m", "houseprice", "serve", *options]
        if log is not None:  # a file descriptor that cannot be read here, so the log cannot tell the port
            super().__init__("127.0.0.1", _free_port())
            command += ["--port", str(self.port)]
            self.process = subprocess.Popen(command, stderr=log, env={**os.environ, **environment})
            self._lines, self._reader = [], threading.Thread(target=lambda: None)
            self._reader.start()
            self._until_it_listens()
            return
        self.process = subprocess.Popen(
            command if "--port" in options else [*command, "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
            preexec_fn=before,  # noqa: PLW1509 - only limits are set there
        )
        self._lines = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read)  # a pipe that nobody reads would hold the server up
        self._reader.start()
        found = self.wait_for(r'"address": "http://(\S+):(\d+)".*')
        self.line = found[0]
        super().__init__(found[1], int(found[2]))

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._said:
                self._lines.append(line)
                self._said.notify_all()
        with self._said:
            self._lines.append("\n(the end)\n")
            self._said.notify_all()

    def wait_for(self, words: str) -> re.Match[str]:
        """Return where a pattern stands in the log, as soon as it does."""

        def there() -> re.Match[str] | None:
            return re.search(words, self.log())

        with self._said:
            self._said.wait_for(lambda: there() or "(the end)" in self.log(), START_SECONDS)
        found = there()
        assert found, self.log()
        return found

    def log(self) -> str:
        """Return what stands in the log by now."""
        return "".join(self._lines)

    def kill(self) -> None:
        """End it in any case."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        if self.process.stderr is not None:
            self.process.stderr.close()

    def _until_it_listens(self) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends and self.process.poll() is None:
            with suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
                return
            threading.Event().wait(0.05)
        raise AssertionError("it does not listen")

    def stop(self, sig: signal.Signals) -> tuple[int, str]:
        """Send a signal; return the exit code and the log."""
        self.process.send_signal(sig)
        code = self.process.wait(timeout=START_SECONDS)
        self._reader.join()
        return code, self.log()
