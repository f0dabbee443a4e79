"""Matrix products by the array API, one node each in the exported graph."""

from typing import Any

import numpy as np


def matmul(left: Any, right: Any) -> Any:
    """Return the matrix product of two arrays, either of which may be a plain numpy array.

    The tracer's own product is a condition with a branch for empty arrays, which takes a second to trace. A request
    holds at least one house, so the bare product is enough.
    """
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return np.matmul(left, right)
    import ndonnx as ndx
    import spox.opset.ai.onnx.v21 as op

    return ndx.asarray(op.matmul(ndx.asarray(left).unwrap_spox(), ndx.asarray(right).unwrap_spox()))
