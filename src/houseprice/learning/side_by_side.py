"""Fits beside each other, each on a thread of its own, or elsewhere.

A fit of some sales keeps two cores busy for only part of its time; two fits do so for nearly all of it. Products of
matrices take one thread each meanwhile, so that sums are added up in the same order however many fits run at once, and
wherever: on a cluster (`houseprice.ray_tasks`) they give the same model.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

T = TypeVar("T")
Runner = Callable[[Sequence[partial[Any]]], Iterator[Any]]
"""Function that yields the result of each task, in their order."""
_runner: ContextVar[Runner | None] = ContextVar("runner", default=None)


@contextmanager
def elsewhere(runner: Runner) -> Iterator[None]:
    """Let a runner compute the tasks within the block."""
    token = _runner.set(runner)
    try:
        yield
    finally:
        _runner.reset(token)


def side_by_side(tasks: Sequence[partial[T]], threads: int) -> Iterator[T]:
    """Yield the result of each task, in their order; so many are computed at once, on this machine."""
    with threadpool_limits(1, "blas"):
        if (runner := _runner.get()) is not None:
            yield from runner(tasks)
            return
        pool = ThreadPoolExecutor(threads)
        try:
            for future in [pool.submit(task) for task in tasks]:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)
