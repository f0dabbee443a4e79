"""Fits beside each other."""

import threading
from functools import partial

import pytest
from threadpoolctl import threadpool_limits

from houseprice.learning.side_by_side import side_by_side
from threads import threads_of_blas


def test_results_come_in_the_order_of_the_tasks() -> None:
    """Whichever ends first."""
    last = threading.Event()

    def second() -> bool:
        last.set()
        return False

    assert list(side_by_side([partial(last.wait, 10), partial(second)], 2)) == [True, False]


def test_products_take_one_thread_meanwhile() -> None:
    """And as many as before afterwards."""
    with threadpool_limits(2, "blas"):
        assert list(side_by_side([partial(threads_of_blas)], 2)) == [{1}]
        assert threads_of_blas() == {2}


def test_the_first_failure_ends_all() -> None:
    """What has not begun does not begin."""
    begun = []

    def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - it is ours, without words
        list(side_by_side([partial(fail), *(partial(begun.append, number) for number in range(1000))], 1))
    assert len(begun) < 1000
