"""Fits beside each other, each on a thread of its own.

A fit of some sales keeps two cores busy for only part of its time; two fits do so for nearly all of it. Products of
matrices take one thread each meanwhile, so that sums are added up in the same order however many fits run at once.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

T = TypeVar("T")


def side_by_side(tasks: Sequence[Callable[[], T]], threads: int) -> Iterator[T]:
    """Yield the result of each task, in their order; so many are computed at once."""
    pool = ThreadPoolExecutor(threads)
    with threadpool_limits(1, "blas"):
        try:
            for future in [pool.submit(task) for task in tasks]:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)
