"""The recorder's connection to the database, which may be away at any time."""

import logging
import threading
from collections.abc import Callable

from houseprice.errors import StoreError
from houseprice.recording.status import Status
from houseprice.store import Store, open_store

FIRST_DELAY, MAX_DELAY = 0.5, 30.0
"""Seconds before a database that failed is asked again: each time twice as many."""
_log = logging.getLogger(__name__)


class StoreConnection:
    """Opens the store when it is needed, and says in the log and the status when it is away and when it is back."""

    def __init__(self, url: str, status: Status) -> None:
        self._url, self._status = url, status
        self._lock = threading.Lock()
        self._store: Store | None = None

    def store(self) -> Store:
        """Return the open store.

        Raises:
            StoreError: It cannot be opened.
        """
        with self._lock:
            if self._store is None:
                self._store = open_store(self._url)
            return self._store

    def succeeded(self) -> None:
        """Note that the database answers."""
        if self._status.database_up is False:
            _log.warning("database answers again")
        self._status.database_up, self._status.error = True, None

    def failed(self, err: StoreError) -> None:
        """Note that the database does not answer, or refuses; it is logged once for each reason."""
        if self._status.error != err.code:
            _log.error("database cannot be used", extra={"fields": {"code": err.code, "reason": str(err)}})
        self._status.database_up, self._status.error = False, err.code

    def close(self) -> None:
        """Close it."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None


def retried(action: Callable[[], bool], failed: Callable[[StoreError], None], stopping: threading.Event) -> bool:
    """Return what an action returns, which is tried again and again while the database fails; False when stopping."""
    delay = FIRST_DELAY
    while True:
        try:
            return action()
        except StoreError as err:
            failed(err)
        if stopping.wait(delay):
            return False
        delay = min(2 * delay, MAX_DELAY)
