"""Pacing of long work on the event loop: all of it takes a quarter of the time at most, when there is other work."""

import time

REST = 3.0
"""Time for everything else, as a multiple of the time of the work."""
IDLE = 1.5
"""CPU time of the event loop from one step to the next, as a multiple of the work, with hardly anything else to do."""
BYTE_SECONDS, HEAD_BYTE_SECONDS = 2e-9, 30e-9
"""What a byte takes about: of all that a connection sends, and of a head of more than `LONG_HEAD_BYTES`."""
LONG_HEAD_BYTES = 6 * 2**10
DISCARD_SECONDS = 0.001
"""What a read of what is discarded takes about, most of it in the system."""
MAX_DELAY_SECONDS = 3.0
"""Longest rest: that of a thousand steps of a millisecond. Clients that leave would prolong it without end."""


class Pacer:
    """Tells when work may go on; the steps of all connections are spread over one clock.

    Args:
        longest: seconds of a rest at most.
    """

    def __init__(self, longest: float = MAX_DELAY_SECONDS) -> None:
        self._longest = longest
        self._free = self._used = 0.0
        self._last: object = None

    @property
    def is_busy(self) -> bool:
        """Whether work that begins now would not be followed by the rest of what came before."""
        return self._free > time.perf_counter()

    def delay(self, seconds: float, connection: object = None) -> float:
        """Return how long to wait after a step that took so many seconds.

        That is nothing after another step of the same connection when there was hardly anything else to do meanwhile.
        """
        now, used = time.perf_counter(), time.thread_time()
        is_alone = connection is not None and connection == self._last
        is_idle = is_alone and self._free <= now and used - self._used < IDLE * seconds
        self._last, self._used = connection, used
        rest = 0.0 if is_idle else REST * seconds
        self._free = min(max(self._free, now) + rest, now + self._longest)
        return self._free - now
