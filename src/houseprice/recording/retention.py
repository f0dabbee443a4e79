"""Deleting predictions that have been stored long enough."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from houseprice.errors import StoreError
from houseprice.recording.connection import StoreConnection

SECONDS = 3600.0
MAX_JUMP_SECONDS = 300.0
"""Difference between the clock and the time that has passed, from which on nothing is deleted this time."""
_log = logging.getLogger(__name__)


class Retention:
    """Deletes what is older than some days, unless the clock has jumped since it was last looked at."""

    def __init__(
        self,
        days: int,
        connection: StoreConnection,
        clock: Callable[[], float] = time.time,
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._days, self._connection = days, connection
        self._clock, self._passed = clock, passed
        self._last = clock(), passed()

    def run(self, stopping: threading.Event) -> None:
        """Look once an hour, until `stopping` is set."""
        while True:
            self.step()
            if stopping.wait(SECONDS):
                return

    def step(self) -> int:
        """Delete what is too old; return how many predictions that were."""
        (clock, passed), self._last = self._last, (self._clock(), self._passed())
        jump = (self._last[0] - clock) - (self._last[1] - passed)
        if abs(jump) > MAX_JUMP_SECONDS:
            _log.warning("clock has jumped; nothing is deleted", extra={"fields": {"seconds": round(jump)}})
            return 0
        before = datetime.fromtimestamp(self._last[0], UTC) - timedelta(days=self._days)
        try:
            deleted = self._connection.store().prune(before)
        except StoreError as err:
            self._connection.failed(err)
            return 0
        if deleted:
            _log.info("old predictions deleted", extra={"fields": {"count": deleted}})
        return deleted
