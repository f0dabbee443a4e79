"""Settings of glibc's heap, so that the memory of a long request goes back to the system when it was answered.

By default glibc takes blocks of up to 32 MiB from the heap once such a block was freed, keeps twice as much at the end
of the heap and all that is freed before a block in use, and gives each thread a heap of its own: requests one after the
other then hold far more than each of them needs (`mallopt(3)`). The event loop shares no heap with other threads. After
work that took long, free pages between blocks in use are returned as well (`malloc_trim(3)`).
"""

import ctypes
import time
from collections.abc import Callable
from contextlib import suppress

TRIM_SECONDS = 1.0
"""Between two trims, at least; one takes some milliseconds."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of malloc.h
_SETTINGS = {_MMAP_THRESHOLD: 2**20, _TRIM_THRESHOLD: 4 * 2**20, _ARENA_MAX: 2}


def return_freed_memory() -> None:
    """Return large blocks to the system when they are freed; do nothing where there is another C library."""
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        for name, value in _SETTINGS.items():
            mallopt(name, value)


class HeapTrimmer:
    """Returns free pages to the system that lie between blocks in use, which glibc keeps by itself."""

    def __init__(self) -> None:
        self._trim: Callable[[int], int] = lambda _: 0
        with suppress(AttributeError, OSError):
            self._trim = ctypes.CDLL(None).malloc_trim
        self._last = 0.0

    def __call__(self) -> None:
        """Trim the heap, unless that was done a moment ago."""
        if (now := time.monotonic()) - self._last > TRIM_SECONDS:
            self._last = now
            self._trim(0)
