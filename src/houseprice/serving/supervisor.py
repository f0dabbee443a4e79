"""Several worker processes under uvicorn's supervisor, with metrics that outlive a worker."""

import os
import shutil
import socket
import tempfile

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from houseprice.errors import ServingError
from houseprice.serving.metrics import MULTIPROC_DIR


class Supervisor(Multiprocess):
    """uvicorn's supervisor, which also removes the gauges of workers that have died."""

    def keep_subprocess_alive(self) -> None:
        """Replace workers that died or hang."""
        from prometheus_client import multiprocess

        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


def run_workers(config: uvicorn.Config, listener: socket.socket) -> None:
    """Run the worker processes of a configuration on a listening socket until SIGTERM or SIGINT.

    Raises:
        ServingError: `worker_failed`, a worker could not start.
    """
    directory = tempfile.mkdtemp(prefix="houseprice-metrics-")
    os.environ[MULTIPROC_DIR] = directory
    try:
        supervisor = Supervisor(config, [listener])
        supervisor.run()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise ServingError("A worker process failed to start; the log has the reason.", code="worker_failed")
