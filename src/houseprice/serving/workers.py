"""What one process does in, several that do it out, watched over by their parent.

The parent only listens and waits: the children share its socket. One that dies is replaced; one that cannot start ends
all, with its exit code. Each signal to stop is passed on, and the parent ends when all have.
"""

import logging
import os
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from types import FrameType

from houseprice.errors import HousePriceError
from houseprice.serving.metrics import FOLDER

STEADY_SECONDS = 5.0
"""A child that lived this long had started well, and is replaced when it dies."""
_log = logging.getLogger(__name__)


def supervise(count: int, work: Callable[[], None]) -> None:
    """Run `work` in so many processes until SIGTERM or SIGINT.

    Raises:
        SystemExit: a process could not start; the code is its own.
    """
    folder = tempfile.mkdtemp(prefix="houseprice-metrics-")
    os.environ[FOLDER] = folder
    parent = os.getpid()
    try:
        _Family(count, work).live()
    finally:
        if os.getpid() == parent:
            shutil.rmtree(folder, ignore_errors=True)


class _Family:
    def __init__(self, count: int, work: Callable[[], None]) -> None:
        self._count, self._work = count, work
        self._born: dict[int, float] = {}
        self._stopping = False

    def live(self) -> None:
        before = {sig: signal.signal(sig, self._stop) for sig in (signal.SIGTERM, signal.SIGINT)}
        code = 0
        try:
            while not self._stopping and len(self._born) < self._count:
                self._bear()
            while self._born:
                ended = self._wait()
                code = code or ended
        finally:
            for sig, handler in before.items():
                signal.signal(sig, handler)
        if code:
            raise SystemExit(code)

    def _stop(self, sig: int, _: FrameType | None = None) -> None:
        self._stopping = True
        for child in self._born:
            os.kill(child, sig)

    def _wait(self) -> int:
        """Wait for one child to end; give back the code to end with, 0 when all is well."""
        child, status = os.wait()
        lived = time.monotonic() - self._born.pop(child)
        _forget(child)
        if self._stopping:
            return 0
        code = os.waitstatus_to_exitcode(status)
        if code and lived < STEADY_SECONDS:
            self._stop(signal.SIGTERM)
            return code if code > 0 else 1
        _log.warning("replaced pid=%s exit_code=%s", child, code)
        self._bear()
        return 0

    def _bear(self) -> None:
        child = os.fork()
        if child:
            self._born[child] = time.monotonic()
            if self._stopping:  # the signal came in between
                os.kill(child, signal.SIGTERM)
            return
        code = 1
        try:
            for sig in (signal.SIGTERM, signal.SIGINT):
                signal.signal(sig, signal.SIG_DFL)
            self._work()
            code = 0
        except SystemExit as err:
            code = err.code if isinstance(err.code, int) else 1
        except HousePriceError as err:
            os.write(2, f"houseprice: {err}\n".encode())
            code = err.exit_code
        except BaseException:  # noqa: BLE001 - a child never returns into its parent's work
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)


def _forget(child: int) -> None:
    """Take a dead child's gauges out of what is told; its counters stay."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(child)  # type: ignore[no-untyped-call]
