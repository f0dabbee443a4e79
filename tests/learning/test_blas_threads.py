"""Threads of the linear algebra."""

from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from houseprice.learning import evaluation, feature_table
from houseprice.learning.blas_threads import ENOUGH_ROWS, blas_threads
from pipeline import Pipeline
from threads import threads_of_blas


@pytest.mark.parametrize(("rows", "threads"), [(1, 1), (ENOUGH_ROWS - 1, 1), (ENOUGH_ROWS, 2), (10**9, 2)])
def test_a_small_table_takes_one(rows: int, threads: int) -> None:
    """A large one takes as many as before."""
    with threadpool_limits(2, "blas"):
        with blas_threads(rows):
            assert threads_of_blas() == {threads}
        assert threads_of_blas() == {2}


def test_a_model_of_few_sales_is_learned_on_one(pipe: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the caller takes."""
    seen, fit = [], evaluation.PriceModel.fit

    def watched(model: evaluation.PriceModel, *arguments: Any) -> evaluation.PriceModel:
        seen.append(threads_of_blas())
        return fit(model, *arguments)

    monkeypatch.setattr(evaluation.PriceModel, "fit", watched)
    table = feature_table.read(pipe.featured, pipe.config.schema_)
    with threadpool_limits(2, "blas"):
        evaluation.fit(table, np.arange(300), pipe.config)
    assert seen == [{1}]
