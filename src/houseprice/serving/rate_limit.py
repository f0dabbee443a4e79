"""Rate limiting by a token bucket per caller."""

import time
from collections import OrderedDict
from collections.abc import Callable

MAX_CALLERS = 10_000
"""Callers whose bucket is kept; the one that has been quiet for longest is forgotten first."""


class TokenBucket:
    """One bucket per caller: so many requests a minute, and as many at once after a quiet minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = float(per_minute)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> float:
        """Take one token of a caller; return 0, or the seconds until there is one."""
        if not self._capacity:
            return 0.0
        now = self._clock()
        tokens, then = self._buckets.pop(caller, (self._capacity, now))
        tokens = min(self._capacity, tokens + max(now - then, 0.0) * self._capacity / 60.0)
        granted = tokens >= 1.0
        self._buckets[caller] = (tokens - 1.0 if granted else tokens, now)
        if len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if granted else (1.0 - tokens) * 60.0 / self._capacity
