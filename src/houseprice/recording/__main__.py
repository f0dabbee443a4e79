"""The recorder process; the server starts it, and tells it on its standard input what to record.

It ends when its standard input does, or on SIGTERM, when it has written what is left.
"""

import logging.config
import os
import signal
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

from houseprice.bundle import manifest as manifests
from houseprice.errors import DataError, FolderLockedError
from houseprice.folder_lock import lock_folders
from houseprice.recording.actuals import ActualsTaker
from houseprice.recording.connection import StoreConnection
from houseprice.recording.drain import SpoolDrain
from houseprice.recording.input_counts import input_counter
from houseprice.recording.operations import operations_socket
from houseprice.recording.options import Options, read_options
from houseprice.recording.retention import Retention
from houseprice.recording.status import Status
from houseprice.recording.watcher import Watcher
from houseprice.serving import json_logging
from houseprice.serving.recorder_process import DRAIN_SECONDS
from houseprice.serving.request import RequestModel

NICENESS, URGENT_NICENESS = 19, 10
LOCK_NAME = ".recorder.lock"
LOCK_SECONDS = 1.0
_log = logging.getLogger("houseprice.recording")


def main() -> int:
    """Record until the server ends; return the exit code."""
    stopping = threading.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: stopping.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the server decides what the end of a terminal means
    logging.config.dictConfig(json_logging.config())
    options = read_options(sys.stdin.buffer.readline())
    _yield_to_others(is_urgent=options.urgent)
    code = 0
    threading.Thread(target=_stop_with_server, args=(stopping,), daemon=True).start()
    with ExitStack() as stack:
        if _lock(options.spool, stopping, stack):
            code = record(options, stopping)
    json_logging.flush()
    return code


def record(options: Options, stopping: threading.Event) -> int:
    """Record until `stopping` is set, and then what is left; return the exit code."""
    manifest = manifests.read((options.bundle / manifests.NAME).read_bytes(), options.bundle)
    rules = RequestModel(manifest.schema_)
    counter = input_counter(options.bundle, manifest.model_version)
    status = Status(options.spool)
    connection = StoreConnection(options.store, status)
    threads = []
    shadow = None
    if options.shadow:
        from houseprice.recording.shadow import Shadow  # with onnxruntime, which takes memory

        shadow = Shadow(options, connection, status, rules)
        threads.append(threading.Thread(target=shadow.run, args=(options.shadow, stopping), name="shadow", daemon=True))
    if options.days:
        retention = Retention(options.days, connection)
        threads.append(threading.Thread(target=retention.run, args=(stopping,), name="retention", daemon=True))
    watcher = Watcher(options, manifest.project["name"], connection, status)
    threads.append(threading.Thread(target=watcher.run, args=(stopping,), name="watcher", daemon=True))
    taker = ActualsTaker(rules, connection, status, options.max_rows)
    drain = SpoolDrain(options, connection, status, rules, counter, shadow)
    status.start()
    with operations_socket(options.spool, {"actuals": taker.answer, "monitor": watcher.answer}):
        _log.info("recording predictions", extra={"fields": {"spool": str(options.spool), "pid": os.getpid()}})
        for thread in threads:
            thread.start()
        code = drain.run(stopping)
        if not code:
            drain.finish(DRAIN_SECONDS)
    status.stop()
    connection.close()
    _log.info("recorder ends", extra={"fields": {"written": status.written}})
    return code


def _yield_to_others(*, is_urgent: bool) -> None:
    """Compute when nobody else wants to: even a nice process would hold up an answer for a time slice."""
    with suppress(OSError):
        os.nice(URGENT_NICENESS if is_urgent else NICENESS)
    if hasattr(os, "SCHED_IDLE") and not is_urgent:
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _lock(folder: Path, stopping: threading.Event, stack: ExitStack) -> bool:
    """Wait until no other recorder reads the folder; return False when stopping before that."""
    said = ""
    while True:
        try:
            stack.enter_context(lock_folders(folder, name=LOCK_NAME))
        except (FolderLockedError, DataError) as err:
            if err.code != said:
                _log.warning("spool not available", extra={"fields": {"code": err.code, "reason": str(err)}})
            said = err.code
        else:
            return True
        if stopping.wait(LOCK_SECONDS):
            return False


def _stop_with_server(stopping: threading.Event) -> None:
    """Stop when the server's end of the standard input is closed, which the kernel does when it dies."""
    with suppress(OSError, ValueError):
        while os.read(sys.stdin.fileno(), 1024):
            pass
    stopping.set()


if __name__ == "__main__":
    sys.exit(main())
