"""The worker pool: bounded, fair, and at no work that nobody waits for."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from houseprice.serving import worker_pool
from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.worker_pool import BusyError, WorkerPool

SECONDS = 30


def until(ready: Callable[[], bool]) -> None:
    """Compute until something is so, with a checkpoint each time."""
    ends = time.monotonic() + SECONDS
    while not ready():
        assert time.monotonic() < ends
        checkpoint()


@pytest.fixture
def no_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pause at every checkpoint."""
    monkeypatch.setattr(worker_pool, "STEP_SECONDS", 0.0)


def test_a_function_runs_in_a_thread_and_returns() -> None:
    """Its value or its exception is that of the call; a checkpoint outside of the pool does nothing."""

    async def run() -> tuple[Any, Any]:
        pool = WorkerPool()
        with pytest.raises(ZeroDivisionError):
            await pool.run(lambda: 1 // 0)
        return await pool.run(threading.current_thread), await pool.run(lambda: 7)

    thread, number = asyncio.run(run())
    assert thread is not threading.current_thread()
    assert number == 7
    checkpoint()


def test_no_more_compute_at_once_than_there_are_threads(no_steps: None) -> None:
    """Of forty jobs that count themselves between checkpoints, two are between two checkpoints at a time."""
    now = most = 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal now, most
        for _ in range(5):
            checkpoint()
            with lock:
                now += 1
                most = max(most, now)
            with lock:
                now -= 1

    async def run() -> None:
        pool = WorkerPool(threads=2)
        await asyncio.gather(*(pool.run(work, is_long=number % 2 == 0) for number in range(40)))

    asyncio.run(run())
    assert 1 <= most <= 2


def test_short_work_passes_long_work(no_steps: None) -> None:
    """A short job ends while a long one is still at work, at its checkpoints, though there is one thread to compute."""
    short_is_done = threading.Event()

    async def run() -> None:
        pool = WorkerPool(threads=1)
        long_one = asyncio.ensure_future(pool.run(lambda: until(short_is_done.is_set), is_long=True))
        await pool.run(lambda: None)
        assert not long_one.done()
        short_is_done.set()
        await long_one

    asyncio.run(run())


def test_the_event_loop_runs_while_work_computes(no_steps: None) -> None:
    """Between checkpoints of a job the loop goes round."""
    rounds = 0

    async def run() -> None:
        nonlocal rounds
        job = asyncio.ensure_future(WorkerPool().run(lambda: until(lambda: rounds > 100)))
        while not job.done():
            rounds += 1
            await asyncio.sleep(0)

    asyncio.run(run())
    assert rounds > 100


def ended(work: Callable[[Callable[[], None]], Any]) -> bool:
    """Run a coroutine that gives work up, and see whether its thread came to an end."""
    over, began = threading.Event(), threading.Event()

    def endless() -> None:
        try:
            began.set()
            until(lambda: False)
        finally:
            over.set()

    async def run() -> bool:
        await work(endless)
        return await asyncio.to_thread(over.wait, SECONDS) if began.is_set() else True

    return asyncio.run(run())


def test_work_ends_when_its_request_is_cancelled(no_steps: None) -> None:
    """As by a timeout: its thread ends at the next checkpoint, and the next job finds room."""

    async def give_up(endless: Callable[[], None]) -> None:
        pool = WorkerPool(threads=1)
        began = asyncio.ensure_future(pool.run(endless))
        await asyncio.sleep(0.05)
        began.cancel()
        with pytest.raises(asyncio.CancelledError):
            await began
        assert await pool.run(lambda: 7) == 7

    assert ended(give_up)


@pytest.mark.parametrize("waits", [False, True], ids=["at work", "in the queue"])
def test_work_ends_when_the_client_has_gone(no_steps: None, waits: bool) -> None:
    """Whether it has begun or waits for another job."""

    async def give_up(endless: Callable[[], None]) -> None:
        pool = WorkerPool(threads=1)
        leave = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await leave.wait()
            return {"type": "http.disconnect"}

        first = asyncio.ensure_future(pool.run(endless, None if waits else receive))
        others = [asyncio.ensure_future(pool.run(lambda: 1, receive))] if waits else []
        await asyncio.sleep(0.05)
        leave.set()
        for left in others or [first]:
            with pytest.raises(ClientDisconnect):
                await left
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert await pool.run(lambda: 7) == 7

    assert ended(give_up)


def test_who_waits_too_long_is_told_to_come_back(no_steps: None) -> None:
    """With 503 and `Retry-After`; what has begun goes on, and the place in the queue is free again."""

    async def run() -> None:
        pool = WorkerPool(threads=1, queue_seconds=0.05)
        stop = threading.Event()
        first = asyncio.ensure_future(pool.run(lambda: until(stop.is_set)))
        await asyncio.sleep(0)
        with pytest.raises(BusyError) as caught:
            await pool.run(lambda: 1)
        assert (caught.value.status_code, caught.value.code) == (503, "busy")
        assert int((caught.value.headers or {})["Retry-After"]) > 0
        stop.set()
        await first
        assert await pool.run(lambda: 7) == 7

    asyncio.run(run())


def test_the_pool_works_on_one_event_loop_after_another() -> None:
    """What an ended loop left behind is forgotten."""
    pool = WorkerPool(threads=1)

    async def leave_work_behind() -> None:
        job = asyncio.ensure_future(pool.run(lambda: until(lambda: False)))
        await asyncio.sleep(0.05)
        job.cancel()

    asyncio.run(leave_work_behind())

    async def seven() -> int:
        return await pool.run(lambda: 7)

    assert asyncio.run(seven()) == 7
