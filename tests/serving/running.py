"""A server that runs as a process of its own, as a person starts it."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from typing import Any

START_SECONDS = 30


class Server:
    """A server that was started as a person starts it, on a port of its own choice."""

    def __init__(self, *options: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "houseprice", "serve", "--port", "0", *options],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self._lines: list[str] = []
        self._said = threading.Condition()
        self._reader = threading.Thread(target=self._read)  # a pipe that nobody reads would hold the server up
        self._reader.start()
        found = self.wait_for(r"address=http://(\S+):(\d+).*")
        self.line = found[0]
        self.host, self.port = found[1], int(found[2])

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
        """Give back where a pattern stands in the log, as soon as it does."""

        def there() -> re.Match[str] | None:
            return re.search(words, self.log())

        with self._said:
            self._said.wait_for(lambda: there() or "(the end)" in self.log(), START_SECONDS)
        found = there()
        assert found, self.log()
        return found

    def log(self) -> str:
        """Give back what stands in the log by now."""
        return "".join(self._lines)

    def kill(self) -> None:
        """End it in any case."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request and read the answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=START_SECONDS)
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
        connection.close()
        return found

    def stop(self, sig: signal.Signals) -> tuple[int, str]:
        """Send a signal; give back the exit code and the log."""
        self.process.send_signal(sig)
        code = self.process.wait(timeout=START_SECONDS)
        self._reader.join()
        return code, self.log()
