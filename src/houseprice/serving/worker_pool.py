"""A bounded pool of threads for work that takes longer than one prediction, such as batches and explanations.

So much work computes at once as there are threads, in steps of some milliseconds. At a `checkpoint` between two steps,
work ends when nobody waits for it any more, and otherwise lets the event loop and the other work go first: Python runs
one thread at a time, so that a thread which never pauses would take most of the time from requests for a single house.
Short work and long work have a queue each and take turns; who waits too long in a queue gets 503 with `Retry-After`.
"""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from fastapi import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from houseprice.serving.checkpoints import AbandonedError, thread

STEP_SECONDS = 0.004
"""Work pauses at the first checkpoint after so long."""
BUSY_SHARE = 0.05
"""The event loop is busy when it used more than this share of a step; then the next step comes after a rest."""
REST = 1.5
"""How long that rest is, in lengths of the step before."""
NICENESS = 5
RETRY_SECONDS = 5

T = TypeVar("T")


class BusyError(HTTPException):
    """The server has more to do than it can: 503 with `Retry-After`; `code` is stable."""

    code = "busy"

    def __init__(self, message: str) -> None:
        super().__init__(503, message, {"Retry-After": str(RETRY_SECONDS)})


class WorkerPool:
    """Runs functions in threads, `threads` at a time.

    Args:
        threads: how many compute at once, and how many of each queue have begun.
        queue_seconds: how long a request waits in a queue at most.
    """

    def __init__(self, threads: int = 1, queue_seconds: float = 20.0) -> None:
        self._threads, self._queue_seconds = threads, queue_seconds
        self._executor = ThreadPoolExecutor(2 * threads, "worker", _lower_priority)
        self._schedule: _Schedule | None = None

    async def run(self, work: Callable[[], T], receive: Receive | None = None, *, is_long: bool = False) -> T:
        """Return what a function returns that is called in a thread.

        Args:
            work: the function; it calls `checkpoint` from time to time.
            receive: receives the messages of the request, whose body was read; tells when its client has gone.
            is_long: whether it waits in the queue of long work.

        Raises:
            BusyError: It waited too long in the queue.
            ClientDisconnect: The client has gone.
        """
        loop = asyncio.get_running_loop()
        if self._schedule is None or self._schedule.loop is not loop:
            self._schedule = _Schedule(loop, self._threads)
        schedule = self._schedule
        queue = schedule.queues[is_long]
        gone = loop.create_task(_disconnected(receive)) if receive else loop.create_future()
        place = queue.enter()
        job = _Job(schedule)
        try:
            if not place.done():
                await _first(place, gone, self._queue_seconds)
            schedule.request(job)
            done = loop.run_in_executor(self._executor, job.call, work)
            done.add_done_callback(job.end)
            await _first(done, gone)
            return done.result()
        finally:
            job.abandon()
            gone.cancel()
            queue.leave(place)


class _Job:
    """One piece of work and the thread that it runs in."""

    def __init__(self, schedule: "_Schedule") -> None:
        self._schedule = schedule
        self._granted = threading.Event()
        self._began = 0.0
        self.is_abandoned = False

    def call(self, work: Callable[[], T]) -> T:
        """Call a function in this thread, as soon as it may compute."""
        thread.job = self
        try:
            self._wait()
            return work()
        finally:
            thread.job = None

    def pause(self) -> None:
        """Let others compute, when the step is over."""
        if self.is_abandoned:
            raise AbandonedError
        if time.perf_counter() - self._began > STEP_SECONDS:
            self._granted.clear()
            try:
                self._schedule.loop.call_soon_threadsafe(self._schedule.pause, self)
            except RuntimeError as err:  # the loop was closed
                raise AbandonedError from err
            self._wait()

    def _wait(self) -> None:
        if not self.is_abandoned:
            self._granted.wait()
        if self.is_abandoned:
            raise AbandonedError
        self._began = time.perf_counter()

    def grant(self) -> None:
        """Let it compute; called by the event loop."""
        self._granted.set()

    def abandon(self) -> None:
        """Let it end at its next checkpoint; called by the event loop."""
        self.is_abandoned = True
        self._granted.set()

    def end(self, done: asyncio.Future[Any]) -> None:
        """Make room for others; called by the event loop when the thread has finished."""
        if not done.cancelled():
            done.exception()  # that nobody may wait for
        self._schedule.end(self)


class _Schedule:
    """Decides which jobs compute; all of it runs on one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: int) -> None:
        self.loop = loop
        self.queues = {is_long: _Queue(loop, threads) for is_long in (False, True)}
        self._free = threads
        self._waiting: deque[_Job] = deque()
        self._computing: dict[_Job, tuple[float, float]] = {}

    def request(self, job: _Job) -> None:
        """Put a job behind the others that wait to compute."""
        self._waiting.append(job)
        self._grant()

    def pause(self, job: _Job) -> None:
        """End a step of a job; the next begins after a rest when the event loop is busy, and else soon."""
        began, used = self._computing.pop(job)
        seconds = time.perf_counter() - began
        self._waiting.append(job)
        is_busy = time.thread_time() - used > BUSY_SHARE * seconds
        self.loop.call_later(REST * seconds if is_busy else 0.0, self._release)

    def end(self, job: _Job) -> None:
        """Forget a job whose thread has finished."""
        if self._computing.pop(job, None):
            self._release()

    def _release(self) -> None:
        self._free += 1
        self._grant()

    def _grant(self) -> None:
        while self._waiting and self._free:
            job = self._waiting.popleft()
            if not job.is_abandoned:
                self._free -= 1
                self._computing[job] = time.perf_counter(), time.thread_time()
                job.grant()


class _Queue:
    """Lets so many enter, the others in the order of their arrival."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int) -> None:
        self._loop = loop
        self._free = most
        self._waiting: deque[asyncio.Future[None]] = deque()

    def enter(self) -> asyncio.Future[None]:
        """Return a place, which is done when it has been reached."""
        place: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(place)
        self._admit()
        return place

    def leave(self, place: asyncio.Future[None]) -> None:
        """Release a place, whether it was reached or not."""
        if not place.cancel():
            self._free += 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self._free:
            place = self._waiting.popleft()
            if not place.done():
                self._free -= 1
                place.set_result(None)


async def _first(future: asyncio.Future[Any], gone: asyncio.Future[None], seconds: float | None = None) -> None:
    """Wait for a future, as long as the client is there."""
    await asyncio.wait({future, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if future.done():
        return
    if gone.done():
        raise ClientDisconnect
    raise BusyError(f"The request waited for {seconds:g} seconds behind others, which is the limit; retry later.")


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _lower_priority() -> None:
    """Let the event loop's thread go first where there are fewer processors than threads."""
    with suppress(AttributeError, OSError):  # Linux gives each thread a priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
