"""The live monitor: what is known of the model in production, as a page, as JSON, and as a number of alarms."""

import json
import logging
import threading
import time
from collections.abc import Callable

from houseprice.errors import ArtifactError, HousePriceError, StoreError
from houseprice.monitoring.monitor import Monitor
from houseprice.production_data import monitor_store, profile_of
from houseprice.recording.connection import StoreConnection
from houseprice.recording.options import Options
from houseprice.recording.status import Status

FRESH_SECONDS = 60.0
"""How long what was found is shown, since all sales are looked at for it."""
WATCH_SECONDS = 900.0
"""Time between two counts of the alarms."""
_log = logging.getLogger(__name__)


class Watcher:
    """Monitors the model in production from time to time, and when it is asked."""

    def __init__(
        self,
        options: Options,
        project: str,
        connection: StoreConnection,
        status: Status,
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bundle, self._project = options.bundle, project
        self._connection, self._status, self._passed = connection, status, passed
        self._lock = threading.Lock()
        self._found: Monitor | None = None
        self._until = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Count the alarms now and then, until `stopping` is set."""
        while True:
            try:
                self.monitor()
            except ArtifactError as err:  # nothing will change that
                _log.warning("model cannot be monitored", extra={"fields": {"code": err.code, "reason": str(err)}})
                return
            except StoreError as err:
                self._connection.failed(err)
            except Exception:  # noqa: BLE001 - the outermost edge of a thread: the recorder goes on without its alarms
                _log.exception("monitoring failed")
            if stopping.wait(WATCH_SECONDS):
                return

    def monitor(self) -> Monitor:
        """Return what is known, of a minute ago at most.

        Raises:
            ArtifactError: The bundle does not say what to compare with.
            StoreError: The database cannot be used.
        """
        with self._lock:
            if self._found is None or self._passed() > self._until:
                self._found = monitor_store(self._connection.store(), profile_of(self._bundle))
                self._until = self._passed() + FRESH_SECONDS
                self._status.alarms_raised = len(self._found.raised)
            return self._found

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Return the status and the content of an answer: a page, or JSON where the body is `json`."""
        try:
            found = self.monitor()
            if body == b"json":
                return 200, json.dumps(found.as_dict()).encode()
            from houseprice.monitoring.report import render  # with Jinja2, which takes memory

            return 200, render(found, self._project)
        except HousePriceError as err:
            if isinstance(err, StoreError):
                self._connection.failed(err)
            status = 404 if isinstance(err, ArtifactError) else 503
            return status, json.dumps({"detail": str(err), "code": err.code}).encode()
