"""Leaf values of oblivious trees by the array API, three nodes in the exported graph."""

from typing import Any

import numpy as np
import numpy.typing as npt


def leaf_values(above: Any, table: npt.NDArray[np.float64]) -> Any:
    """Return the value of each tree for each house [trees, houses].

    In the graph, leaf numbers are a product of bytes, and values are gathered row by row: ONNX Runtime takes a fifth
    of the time that sums and gathering from one long row take.

    Args:
        above: for each level and tree, whether the house exceeds the threshold, as uint8 0 or 1 [depth × trees,
            houses]; the first level is the lowest bit of the leaf's number. The depth is 8 at most.
        table: value of each leaf [trees, 2^depth].
    """
    trees, leaves = table.shape
    depth = leaves.bit_length() - 1
    bits = 2 ** np.arange(depth)[None, :]
    if isinstance(above, np.ndarray):
        number = bits.astype(np.float32) @ above.reshape(depth, -1).astype(np.float32)
        return np.take_along_axis(table, number.reshape(trees, -1).astype(np.int64), axis=1)
    import ndonnx as ndx
    import spox.opset.ai.onnx.v21 as op

    levels = ndx.reshape(above, (depth, -1)).unwrap_spox()
    number = op.reshape(op.matmul_integer(op.const(bits.astype(np.uint8)), levels), op.const([trees, -1]))
    first = op.const(np.arange(trees, dtype=np.int32)[:, None] * leaves)
    index = op.reshape(op.add(number, first), op.const([1, -1]))
    found = op.gather_elements(op.const(table.reshape(1, -1)), index, axis=1)
    return ndx.asarray(op.reshape(found, op.const([trees, -1])))
