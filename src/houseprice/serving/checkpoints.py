"""Places where work may pause or end, for functions that also run without the pool of threads and web framework."""

import threading
from typing import Protocol


class Pausable(Protocol):
    """Work that pauses, or raises `AbandonedError`."""

    def pause(self) -> None:
        """Let others compute, when the step is over."""


class _Thread(threading.local):
    job: Pausable | None = None


thread = _Thread()
"""Holds the work of the pool that a thread does."""


class AbandonedError(Exception):
    """Nobody waits for the work any more; raised in its thread."""


def checkpoint() -> None:
    """Pause work in a thread of the pool when its step is over; do nothing elsewhere.

    Raises:
        AbandonedError: The request was given up.
    """
    if thread.job:
        thread.job.pause()
