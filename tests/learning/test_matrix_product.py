"""Matrix products: the same numbers in Python and in a graph, where each is one node."""

from collections.abc import Callable
from typing import Any

import ndonnx as ndx
import numpy as np
import onnxruntime
import pytest
from onnx.shape_inference import InferenceError

from houseprice.learning.matrix_product import matmul

DRAW = np.random.default_rng(5)
LEFT, RIGHT = DRAW.normal(size=(3, 4)), DRAW.normal(size=(4, 2))
PRODUCTS: list[Callable[[Any, Any], Any]] = [
    matmul,
    lambda left, _: matmul(left, RIGHT),
    lambda _, right: matmul(LEFT, right),
]


@pytest.mark.parametrize("product", PRODUCTS, ids=["both traced", "right is numpy", "left is numpy"])
def test_a_traced_product_is_one_node(product: Callable[[Any, Any], Any]) -> None:
    """And it gives what numpy gives, whichever side is known when it is traced."""
    traced = {
        "left": ndx.argument(shape=("rows", 4), dtype=ndx.float64),
        "right": ndx.argument(shape=(4, "columns"), dtype=ndx.float64),
    }
    graph = ndx.build(traced, {"product": product(traced["left"], traced["right"])})
    assert [node.op_type for node in graph.graph.node if node.op_type not in {"Constant", "Identity"}] == ["MatMul"]
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"left": LEFT, "right": RIGHT})
    np.testing.assert_allclose(found, LEFT @ RIGHT, rtol=1e-15, atol=1e-15)


def test_numbers_stay_numbers() -> None:
    """Two numpy arrays give a numpy array."""
    assert np.array_equal(matmul(LEFT, RIGHT), LEFT @ RIGHT)


def test_arrays_that_do_not_fit_are_refused() -> None:
    """A wrong shape is found when the graph is made, not when it is asked."""
    houses = ndx.argument(shape=(2, "houses"), dtype=ndx.float64)
    with pytest.raises(InferenceError):
        matmul(LEFT, houses)
