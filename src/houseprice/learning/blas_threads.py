"""Threads of the linear algebra, by the size of what is learned from."""

from typing import Any

from threadpoolctl import threadpool_limits

ENOUGH_ROWS = 50_000
"""Below, a second thread gains nothing, and costs much where its core is busy, since the first waits for it at every
step: a Cholesky factor of 463 rows then took 98 ms on two threads and 2 ms on one. King County's 21,612 sales took two
minutes on two idle cores with either, and 206 against 186 CPU seconds."""


def blas_threads(rows: int) -> Any:
    """Return a context in which a table of so many rows is learned from: with one thread where it is small."""
    return threadpool_limits(1 if rows < ENOUGH_ROWS else None, "blas")
