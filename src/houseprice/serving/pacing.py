"""Pacing of long work on the event loop: all of it together takes a quarter of the time at most."""

import time

REST = 3.0
"""Time for everything else, as a multiple of the time of the work."""


class Pacer:
    """Tells when work may go on; the steps of all connections are spread over one clock."""

    def __init__(self) -> None:
        self._free = 0.0

    def delay(self, seconds: float) -> float:
        """Return how long to wait after a step that took so many seconds."""
        now = time.perf_counter()
        self._free = max(self._free, now) + REST * seconds
        return self._free - now
