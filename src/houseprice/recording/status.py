"""The status of the recorder, written to a file for the server's metrics and for people."""

import json
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from houseprice.serving.recorder_client import STATUS_NAME
from houseprice.spool.segments import folder_bytes

SECONDS = 1.0


class Status:
    """What the recorder has done and how it is; any of its threads changes the attributes of its own.

    Attributes:
        written, damaged: records that were stored, and that could not be.
        actuals: prices paid that were taken.
        waiting_since: time of the oldest record that is known to wait, seconds since 1970; None where none does.
        database_up: whether the database took the last write; None before the first.
        error: code of what went wrong last and still does.
        alarms_raised: alarms on the model in production that are raised; None before they were looked at.
        shadow_up, shadow_error: the same of the shadow model; None without one.
        shadow_written, shadow_failed, shadow_skipped_bytes: its predictions, failures, and what it was too slow for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written = self.damaged = self.actuals = 0
        self.shadow_written = self.shadow_failed = self.shadow_skipped_bytes = 0
        self.waiting_since: float | None = None
        self.database_up: bool | None = None
        self.error: str | None = None
        self.alarms_raised: int | None = None
        self.shadow_up: bool | None = None
        self.shadow_error: str | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)

    def start(self) -> None:
        """Write it once a second from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Remove it: there is no recorder any more."""
        self._ended.set()
        self._thread.join()
        with suppress(OSError):
            (self._folder / STATUS_NAME).unlink()

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        found = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        since = found.pop("waiting_since")
        lag = 0.0 if since is None else max(0.0, time.time() - since)  # clocks may be set back
        return {**found, "lag_seconds": round(lag, 1), "spool_bytes": folder_bytes(self._folder), "pid": os.getpid()}

    def write(self) -> None:
        """Write it at once; a full disk keeps the last one, which says by its age that it is old."""
        path = self._folder / STATUS_NAME
        with suppress(OSError):
            temporary = path.with_suffix(".new")
            temporary.write_text(json.dumps(self.as_dict()))
            temporary.replace(path)

    def _run(self) -> None:
        while not self._ended.wait(SECONDS):
            self.write()
