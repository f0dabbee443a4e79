"""Several worker processes under uvicorn's supervisor, with metrics that outlive a worker."""

import multiprocessing
import os
import queue
import shutil
import signal
import socket
import tempfile
import threading
import time
from multiprocessing import resource_tracker

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors import multiprocess as uvicorn_multiprocess

from houseprice.errors import ServingError
from houseprice.serving.draining import DrainingServer
from houseprice.serving.metrics import MULTIPROC_DIR

_OF_TERMINALS = frozenset({signal.SIGINT, signal.SIGHUP})
STOP_SECONDS = 5.0
"""How long a worker may take to end beyond the grace period, before it is killed."""


class Worker(uvicorn_multiprocess.Process):
    """A worker process, which drains its connections before it ends, and ends when its parent has died."""

    _pinged: float | None = None

    @property
    def server(self) -> uvicorn.Server:
        """The server, which is made in the worker process."""
        if self._server is None:
            self._server = DrainingServer(self.config)
        return self._server

    def start(self) -> None:
        """Start the process, which ignores the signals that a terminal sends to all: the parent stops its workers.

        A worker that went by itself would leave the address to a parent that accepts nothing.
        """
        resource_tracker.ensure_running()  # its start ends with SIGINT unblocked
        signal.pthread_sigmask(signal.SIG_BLOCK, _OF_TERMINALS)
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_TERMINALS)

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve; called in the worker process."""
        threading.Thread(target=_terminate_with_parent, daemon=True).start()
        super().target(sockets)

    def is_alive(self, timeout: float = 5) -> bool:
        """Return whether the process runs and answers its pings in time.

        The supervisor asks twice a second; unlike uvicorn's, this does not wait for the answer, so that signals and
        other workers are seen to meanwhile.
        """
        if not self.process.is_alive():
            return False
        now = time.monotonic()
        try:
            if self._pinged is not None and self.parent_conn.poll():
                self.parent_conn.recv()
                self._pinged = None
            if self._pinged is None:
                self.parent_conn.send(b"ping")
                self._pinged = now
        except (OSError, EOFError):
            return False
        return now - self._pinged < timeout


class Supervisor(Multiprocess):
    """uvicorn's supervisor, which also removes the gauges of workers that have died, and stops on SIGHUP."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        ignores_hangup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        super().__init__(config, [listener])
        self._arrived: queue.SimpleQueue[int] = queue.SimpleQueue()
        stopping = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP} - ({signal.SIGHUP} if ignores_hangup else set())
        for sig in stopping:
            signal.signal(sig, lambda number, _: self._arrived.put(number))
        if ignores_hangup:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        threading.Thread(target=self._exit_on_signal, daemon=True).start()

    def _exit_on_signal(self) -> None:
        """Stop at once; uvicorn looks twice a second, and workers that were sent the signal, too, would be gone."""
        self._arrived.get()
        self.should_exit.set()

    def keep_subprocess_alive(self) -> None:
        """Replace workers that died or hang."""
        from prometheus_client import multiprocess

        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]

    def terminate_all(self) -> None:
        """Tell all workers to stop; the address belongs to nobody as soon as the last of them has closed it."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait for the end of all workers; kill those that take too long."""
        deadline = time.monotonic() + (self.config.timeout_graceful_shutdown or 0) + STOP_SECONDS
        for worker in self.processes:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.kill()
            worker.join()


def run_workers(config: uvicorn.Config, listener: socket.socket) -> None:
    """Run the worker processes of a configuration on a listening socket until SIGTERM, SIGINT or SIGHUP.

    Raises:
        ServingError: `worker_failed`, a worker could not start.
    """
    directory = tempfile.mkdtemp(prefix="houseprice-metrics-")
    os.environ[MULTIPROC_DIR] = directory
    uvicorn_multiprocess.Process = Worker  # type: ignore[misc]  # the supervisor takes no other class
    try:
        supervisor = Supervisor(config, listener)
        supervisor.run()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise ServingError("A worker process failed to start; the log has the reason.", code="worker_failed")


def _terminate_with_parent() -> None:
    """Stop this process when its parent has ended, however that came about."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
