"""The recorder process, which the server starts, watches and stops.

It moves predictions from the spool to the database, and is one for all workers. It gets its settings on its standard
input, which stays open as long as the server lives; when that ends, however the server did, it reads the spool to its
end and ends, too.
"""

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from houseprice.serving.settings import Settings

COMMAND = (sys.executable, "-m", "houseprice.recording")
FIRST_DELAY, MAX_DELAY = 1.0, 60.0
"""Seconds before a recorder that ended is started again: each time twice as many."""
STABLE_SECONDS = 60.0
"""Time after which a recorder counts as one that has started well."""
BEHIND_EXIT, AHEAD_EXIT = 75, 76
"""Exit codes of a recorder that wants to be started again with more priority, since it falls behind, or with less."""
DRAIN_SECONDS = 5.0
"""How long the recorder reads on when the server has ended."""
_log = logging.getLogger(__name__)


@contextmanager
def recorder_process(directory: Path, settings: Settings) -> Iterator[None]:
    """Run the recorder of a server, if predictions are stored; at the end it writes what is left, for some seconds."""
    if not settings.store:
        yield
        return
    recorder = RecorderProcess(recorder_options(directory, settings))
    recorder.start()
    try:
        yield
    finally:
        recorder.stop()


def recorder_options(directory: Path, settings: Settings) -> dict[str, object]:
    """Return what the recorder must know, as JSON can hold it."""
    return {
        "bundle": str(directory),
        "store": settings.store,
        "spool": str(settings.spool_folder),
        "spool_bytes": settings.store_spool_bytes,
        "inputs": settings.store_inputs,
        "days": settings.store_days,
        "shadow": settings.shadow,
        "max_rows": settings.max_rows,
    }


class RecorderProcess:
    """A recorder that is started again when it ends."""

    def __init__(self, options: dict[str, object]) -> None:
        self._options, self._is_urgent = options, False
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Start it, and whatever replaces it."""
        self._thread.start()

    def stop(self) -> None:
        """Let it write what is left and end; kill it when that takes too long, which loses nothing of the spool."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is None:
            return
        _close_input(process)
        try:
            process.wait(DRAIN_SECONDS + 2.0)
        except subprocess.TimeoutExpired:
            process.kill()
        self._thread.join()

    def _run(self) -> None:
        delay = FIRST_DELAY
        while True:
            with self._lock:
                if self._stopping.is_set():
                    return
                process = self._process = self._started()
            if process is not None:
                begun = time.monotonic()
                code = process.wait()
                _close_input(process)
                if self._stopping.is_set():
                    return
                if code in (BEHIND_EXIT, AHEAD_EXIT):
                    self._is_urgent = code == BEHIND_EXIT
                    continue
                delay = FIRST_DELAY if time.monotonic() - begun > STABLE_SECONDS else delay
                _log.error("recorder ended", extra={"fields": {"exit_code": code, "restart_seconds": delay}})
            self._stopping.wait(delay)
            delay = min(2 * delay, MAX_DELAY)

    def _started(self) -> subprocess.Popen[bytes] | None:
        try:
            # A process group of its own, since Ctrl-C at the terminal is for the server, which ends the recorder last;
            # but not a session of its own, to which Linux would give as much of the processor as to the server's.
            process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, process_group=0)
        except OSError as err:
            _log.error("recorder not started", extra={"fields": {"reason": str(err)}})
            return None
        if process.stdin is not None:
            with suppress(OSError):  # it has ended already
                process.stdin.write(json.dumps({**self._options, "urgent": self._is_urgent}).encode() + b"\n")
                process.stdin.flush()
        return process


def _close_input(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
