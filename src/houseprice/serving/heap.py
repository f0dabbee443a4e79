"""Settings of glibc's heap, so that the memory of a long request goes back to the system when it was answered.

By default glibc takes blocks of up to 32 MiB from the heap once such a block was freed, keeps twice as much at the end
of the heap and all that is freed before a block in use, and gives each thread a heap of its own: requests one after the
other then hold far more than each of them needs (`mallopt(3)`). The event loop shares no heap with other threads.
"""

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of malloc.h
_SETTINGS = {_MMAP_THRESHOLD: 2**20, _TRIM_THRESHOLD: 4 * 2**20, _ARENA_MAX: 2}


def return_freed_memory() -> None:
    """Return large blocks to the system when they are freed; do nothing where there is another C library."""
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        for name, value in _SETTINGS.items():
            mallopt(name, value)
