"""A real Prometheus with the files of deploy/, which scrapes a server of the tests instead of the slots."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
SECONDS = 60
"""How long things may take on a busy machine."""


class Prometheus:
    """A Prometheus that answers queries at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer; an HTTP error is raised for a query that does not parse."""
        with urlopen(f"{self.url}{path}?{urlencode(parameters)}", timeout=SECONDS) as answer:
            return json.load(answer)["data"]

    def samples(self, query: str) -> list[Any]:
        """Return what a query finds now."""
        found = self.get("/api/v1/query", query=query)["result"]
        assert isinstance(found, list)
        return found

    def is_ready(self) -> bool:
        """Return whether it answers queries."""
        with suppress(OSError), urlopen(f"{self.url}/-/ready", timeout=SECONDS) as answer:
            return bool(answer.status == 200)
        return False


def wait_until(there: Callable[[], object]) -> None:
    """Ask again and again until something is true, or for some time."""
    ends = time.monotonic() + SECONDS
    while not there() and time.monotonic() < ends:
        threading.Event().wait(0.2)


@contextmanager
def scraping(target: str, key: str, folder: Path) -> Iterator[Prometheus]:
    """Run Prometheus with the configuration and rules of deploy/ but another target, and short intervals."""
    config = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())
    config["global"] = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
    file = folder / "prometheus.yaml"
    file.write_text(json.dumps(config))  # JSON is YAML
    shutil.copy(DEPLOY / "alerts.yaml", folder)
    (folder / "metrics-key").write_text(key)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    options = (f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}")
    with (folder / "log").open("w") as log, subprocess.Popen(["prometheus", *options], stderr=log) as process:
        try:
            found = Prometheus(f"http://{address}")
            wait_until(lambda: found.is_ready() or process.poll() is not None)
            assert found.is_ready(), (folder / "log").read_text()
            yield found
        finally:
            process.kill()
