"""A real MLflow server for tests, and rules by which one that does not answer is given up at once."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from houseprice.config import Tracking
from houseprice.learning import tracking

RULES = Tracking(experiment="e", registered_model="m", retries=3, retry_seconds=0.0)


class Server:
    """A real MLflow server that is starting while other things are done."""

    def __init__(self, store: Path, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._uri = f"http://127.0.0.1:{port}"
        self._log = home / "server.log"
        shutil.copy(store, home)
        words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        words += [
            "--backend-store-uri",
            f"sqlite:///{home / store.name}",
            "--artifacts-destination",
            f"{home / 'kept'}",
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", *words], stdout=log, stderr=log, start_new_session=True,
                env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"},
            )  # fmt: skip

    @property
    def uri(self) -> str:
        """Where it answers; waits until it does."""
        many = Tracking(experiment="e", registered_model="m", retries=600, retry_seconds=0.2)

        def wait(seconds: float) -> None:
            try:
                code = self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                return
            pytest.fail(f"the MLflow server ended with {code}: {self._log.read_text()}")

        tracking.connect(self._uri, many, wait)
        return self._uri

    def stop(self) -> None:
        """End it, with all that it started."""
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
