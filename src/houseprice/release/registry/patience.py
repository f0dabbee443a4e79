"""Work that may fail in passing in, its result out: how long a registry is waited for, and how often it is asked."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from houseprice.errors import RegistryError

Say = Callable[[str], None]
"""Where progress goes, a line at a time."""
Result = TypeVar("Result")


def silent(line: str) -> None:
    """Say nothing."""
    del line


class PassingError(Exception):
    """What a later try may not meet again: a broken network, a registry that is busy.

    Attributes:
        wait: seconds that the registry asked to be left alone.
    """

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        self.wait = wait
        super().__init__(reason)


class GaveUpError(RegistryError):
    """Every try failed in passing: what the last one asked for may have been done, and its answer lost."""

    code = "registry_unreachable"


@dataclass(frozen=True)
class Patience:
    """Time limits, and how failures in passing are met.

    Attributes:
        connect_seconds: until an address must have taken the connection.
        silent_seconds: that a connection may carry nothing.
        total_seconds: that one thing may take, with all its tries and the pauses between them.
        tries: how often it is tried.
        first_seconds: the pause after the first try; each further one is twice as long.
        longest_seconds: that a pause of our own may take; a registry may ask for a longer one.
        sleep: how a pause is made.
        jitter: a number below one, so that those who failed together do not come back together.
    """

    connect_seconds: float = 15.0
    silent_seconds: float = 60.0
    total_seconds: float = 900.0
    tries: int = 5
    first_seconds: float = 1.0
    longest_seconds: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def persist(self, work: Callable[[float], Result], *, what: str, say: Say) -> Result:
        """Do something until it succeeds, within the limits.

        Args:
            work: given the moment, by `time.monotonic`, when it must be done.
            what: it is, as the subject of a sentence.
            say: told of every try that failed.

        Raises:
            GaveUpError: every try failed in passing.
        """
        end = time.monotonic() + self.total_seconds
        attempt = 1
        while True:
            try:
                return work(end)
            except PassingError as err:
                wait = max(err.wait, self._pause(attempt))
                if attempt >= self.tries or time.monotonic() + wait >= end:
                    asked = f"; it asks to be left alone for {err.wait:.0f} s" if err.wait else ""
                    raise GaveUpError(
                        f"{what} failed in {attempt} {'try' if attempt == 1 else 'tries'} ({err}{asked}); expected "
                        f"an answer within {self.total_seconds:.0f} s; see whether the registry is up, and try again."
                    ) from err
                attempt += 1
                say(f"{what} failed ({err}); try {attempt} of {self.tries} in {wait:.0f} s")
            self.sleep(wait)

    def _pause(self, attempt: int) -> float:
        grown = self.first_seconds * 2.0 ** (attempt - 1)
        return min(self.longest_seconds, grown) * (0.5 + self.jitter() / 2)
