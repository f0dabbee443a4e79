"""Settings of glibc's heap, so that the memory of a long request goes back to the system when it was answered.

By default glibc takes blocks of up to 32 MiB from the heap once such a block was freed, keeps twice as much at the end
of the heap and all that is freed before a block in use, and gives each thread a heap of its own: requests one after the
other then hold far more than each of them needs (`mallopt(3)`). The event loop shares no heap with other threads. Free
pages before a block in use, as a thousand connections leave them, are returned by a thread (`malloc_trim(3)`).
"""

import ctypes
import threading
import time
from collections.abc import Callable
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of malloc.h
_SETTINGS = {_MMAP_THRESHOLD: 2**20, _TRIM_THRESHOLD: 4 * 2**20, _ARENA_MAX: 2}
TRIM_SECONDS = 2.0
"""Between two looks whether the process has worked since the last one."""
WORK_SECONDS = 0.01
"""CPU time of work after which pages are returned, which itself takes some milliseconds."""


def return_freed_memory() -> None:
    """Return large blocks when they are freed and other memory soon after; do nothing with another C library."""
    with suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        for name, value in _SETTINGS.items():
            libc.mallopt(name, value)
        threading.Thread(target=_trim_after_work, args=(libc.malloc_trim,), name="heap", daemon=True).start()


def _trim_after_work(malloc_trim: Callable[[int], int]) -> None:
    while True:
        before = time.process_time()
        time.sleep(TRIM_SECONDS)
        if time.process_time() - before > WORK_SECONDS:
            malloc_trim(0)
