"""A budget for the bytes of requests and answers in memory, so that no number of legal requests ends the process.

A long request reserves its size before its body is read, waits while there is no room, and gives it back when it has
been answered. The budget is a part of what the memory limit leaves beside the model: bodies are only some of the memory
that a batch needs, and the worker pool bounds the rest.
"""

import asyncio
import os
from collections import deque
from contextlib import suppress
from pathlib import Path

from houseprice.serving.worker_pool import BusyError

SHARE = 0.25
"""Part of the memory beside the model that is for bytes in flight."""
MAX_BYTES = 64 * 2**20
MIN_BYTES = 4 * 2**20
_CGROUPS, _MEMBERSHIP, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"), Path("/proc/self/statm")


class MemoryBudget:
    """Bytes that requests may hold together.

    Attributes:
        total: how many.
        used: how many are reserved now.
    """

    def __init__(self, total: int, queue_seconds: float = 20.0) -> None:
        self.total, self.used = total, 0
        self._queue_seconds = queue_seconds
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def reserve(self, size: int) -> "Reservation":
        """Reserve bytes in the order of arrival; more than there are at all count as all.

        Raises:
            BusyError: There was no room for too long.
        """
        size = min(size, self.total)
        if self._waiting or self.used + size > self.total:
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((size, place))
            try:
                async with asyncio.timeout(self._queue_seconds):
                    await place
            except BaseException as err:
                if place.done() and not place.cancelled():
                    self.release(size)
                place.cancel()
                self._admit()
                if isinstance(err, TimeoutError):
                    raise BusyError("Other requests hold the memory there is for them; retry later.") from err
                raise
        else:
            self.used += size
        return Reservation(self, size)

    def release(self, size: int) -> None:
        """Release some bytes."""
        self.used -= size
        self._admit()

    def _admit(self) -> None:
        while self._waiting:
            size, place = self._waiting[0]
            if not place.done():
                if self.used + size > self.total:
                    return
                self.used += size
                place.set_result(None)
            self._waiting.popleft()


class Reservation:
    """Bytes that one request holds."""

    def __init__(self, budget: MemoryBudget, size: int) -> None:
        self._budget, self._size = budget, size

    @property
    def is_over(self) -> bool:
        """Whether all requests together hold more than the budget."""
        return self._budget.used > self._budget.total

    def resize(self, size: int) -> None:
        """Hold another number of bytes from now on, which are in memory already."""
        self._budget.release(self._size - size)
        self._size = size

    def release(self) -> None:
        """Release all bytes."""
        self.resize(0)


def default_budget(workers: int, memory_limit: int = 0) -> int:
    """Return the bytes for the requests of one of some worker processes, by the memory limit of this process."""
    left = (memory_limit or find_memory_limit()) / workers - _resident_bytes()
    return int(min(max(left * SHARE, MIN_BYTES), MAX_BYTES))


def find_memory_limit(cgroups: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> int:
    """Return the memory limit of this process in bytes: of its cgroup or one above it, version 2 or 1, or the machine.

    A container sees its own cgroup as the root.
    """
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with suppress(OSError):
        for line in membership.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            name = "memory.limit_in_bytes" if controllers else "memory.max"
            if controllers and "memory" not in controllers.split(","):
                continue
            root = cgroups / "memory" if controllers else cgroups
            folder = root / path.strip("/")
            for one in (folder, *folder.parents):
                with suppress(OSError, ValueError):  # not there, or "max"
                    found.append(int((one / name).read_text()))
                if one == root:
                    break
    return min(found)


def _resident_bytes() -> int:
    try:
        return int(_OWN.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 128 * 2**20
