"""Pacing of long work on the event loop: all of it together takes a quarter of the time at most."""

import time

REST = 3.0
"""Time for everything else, as a multiple of the time of the work."""
BYTE_SECONDS, HEAD_BYTE_SECONDS = 2e-9, 30e-9
"""What a byte takes about: of all that a connection sends, and of a head of more than `LONG_HEAD_BYTES`."""
LONG_HEAD_BYTES = 6 * 2**10
DISCARD_SECONDS = 0.001
"""What a read of what is discarded takes about, most of it in the system."""

MAX_DELAY_SECONDS = 3.0
"""Longest rest: that of a thousand steps of a millisecond. Clients that leave would prolong it without end."""


class Pacer:
    """Tells when work may go on; the steps of all connections are spread over one clock."""

    def __init__(self) -> None:
        self._free = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether work that begins now would not be followed by the rest of what came before."""
        return self._free > time.perf_counter()

    def delay(self, seconds: float) -> float:
        """Return how long to wait after a step that took so many seconds."""
        now = time.perf_counter()
        self._free = min(max(self._free, now) + REST * seconds, now + MAX_DELAY_SECONDS)
        return self._free - now
