"""Fits beside each other."""

import threading
from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from houseprice.learning.side_by_side import side_by_side


def blas_threads() -> set[int]:
    """Return how many threads a product of matrices may take."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_results_come_in_the_order_of_the_tasks() -> None:
    """Whichever ends first."""
    last = threading.Event()
    tasks = [lambda: last.wait(10), lambda: last.set() or "second"]
    assert list(side_by_side(tasks, 2)) == [True, "second"]


def test_products_take_one_thread_meanwhile() -> None:
    """And as many as before afterwards."""
    np.ones((2, 2)) @ np.ones((2, 2))
    before = blas_threads()
    assert list(side_by_side([blas_threads], 2)) == [{1}]
    assert blas_threads() == before


def test_the_first_failure_ends_all() -> None:
    """What has not begun does not begin."""
    begun = []

    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - it is ours, without words
        list(side_by_side([fail, *(partial(begun.append, number) for number in range(1000))], 1))
    assert len(begun) < 1000
