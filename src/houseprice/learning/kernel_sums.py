"""Sums of radial basis function kernels in the exported graph, without an exponential for each centre and house.

ONNX Runtime takes 3 ns for an exponential of a float64, more than for all else that a centre needs, and float32 is too
coarse: coefficients of thousands cancel. Kernels of two coordinates, such as a place, are therefore moved from their
centres to a grid, of which each house needs its surroundings (the idea of the fast Gauss transform, Greengard & Strain
1991). Others become broken lines, whose pieces come from a table. In King County, a price is off by 1e-7 of itself at
most.
"""

from collections.abc import Sequence
from typing import Any

import ndonnx as ndx
import numpy as np
import numpy.typing as npt
import spox.opset.ai.onnx.v21 as op
from spox import Var

from houseprice.learning.matrix_product import matmul
from houseprice.learning.rbf_kernel import RbfKernel, rbf

Floats = npt.NDArray[np.float64]
WIDTH = 16
"""Points of the grid, along each axis, that a house needs."""
STEP = 0.29
"""Between two points of the grid, in lengthscales."""
SHARPNESS = 4.0
"""Of the basis functions exp(−4 d²) on the grid."""
MAX_POINTS = 2**17
"""Of a grid; a kernel with a shorter lengthscale has a table."""
NEGLIGIBLE = 1e-30
"""Coefficients on a grid below it are 0; a product with a subnormal number can take a hundred times as long."""
LINES = 2**15
"""Of the table, between which the square root of the kernel, from 0 to 1, is divided."""
MAX_ROUNDED = 300.0
"""Squared distance from the origin, in lengthscales; of more, float32 is too coarse to choose among the lines."""
MAX_SPREAD = 400.0
"""Squared distance from corner to corner, in lengthscales; of more, many exponentials of float32 would be subnormal."""
MIN_LOG = -80.0
"""Of such an exponential; of less, it would be no normal number, with which the processor takes three times as long."""
MAX_NORM = 700.0
"""Of the coefficients of a kernel; larger ones need the exponentials themselves, as errors grow with the norm."""


def traced_sum(kernels: Sequence[RbfKernel], coordinates: Any, low: Floats, high: Floats) -> Any:
    """Trace the sum of some kernels for each house, whose coordinates are between `low` and `high`, or NaN."""
    known = ndx.where(ndx.isnan(coordinates), ndx.asarray(0.0), coordinates)  # NaN has no place in a table
    sums, on_grid, by_table = [], [], []
    for kernel in kernels:
        index, scale = kernel.column_index, kernel.inverse_lengthscale
        if np.linalg.norm(kernel.dual_coef) > MAX_NORM:
            sums.append(ndx.reshape(matmul(kernel.dual_coef[None, :], rbf(kernel.log_kernel(known))), (-1,)))
        elif len(index) == 2 and np.prod(grid_size(low[index] * scale, high[index] * scale)) <= MAX_POINTS:
            on_grid.append(kernel)
        else:
            by_table.append(kernel)
    if on_grid:
        sums.append(sum_on_grids(on_grid, known, low, high))
    if by_table:
        sums.append(sum_by_table(by_table, known, low, high))
    return sum(sums[1:], sums[0])


def grid_size(low: Floats, high: Floats) -> tuple[int, ...]:
    """Return the number of points along each axis of a grid for coordinates between `low` and `high`."""
    return tuple((np.ceil((high - low) / STEP).astype(np.int64) + WIDTH + 1).tolist())


def grid_of(centres: Floats, dual_coef: Floats, low: Floats, high: Floats) -> Floats:
    """Return the coefficients of basis functions exp(−4 |x − g|²) on a grid g whose sum is that of the kernels.

    exp(−(x − c)²) is the integral over g of exp(−a (x − g)²) · exp(−b (c − g)²) · √((a + b) / π), where 1/a + 1/b = 1;
    as a sum over equal steps it converges faster than any power of the step.
    """
    other = SHARPNESS / (SHARPNESS - 1.0)
    weight = STEP * np.sqrt((SHARPNESS + other) / np.pi)
    across, along = (
        weight * np.exp(-other * (_axis(start, points)[:, None] - centre) ** 2)
        for start, points, centre in zip(low, grid_size(low, high), centres.T, strict=True)
    )
    grid = (across * dual_coef) @ along.T
    return np.asarray(np.where(np.abs(grid) < NEGLIGIBLE, 0.0, grid))


def sum_on_grids(kernels: Sequence[RbfKernel], coordinates: Any, low: Floats, high: Floats) -> Any:
    """Trace the sum of kernels of two coordinates for each house, whose coordinates are between `low` and `high`."""
    count = len(kernels)
    scale = np.stack([_spread(kernel, np.diag(kernel.inverse_lengthscale), len(low)) for kernel in kernels])
    scale = scale.reshape(2 * count, -1) / STEP  # of each kernel the first coordinate, then the second
    grids = []
    for kernel in kernels:
        ends = (end[kernel.column_index] * kernel.inverse_lengthscale for end in (low, high))
        grids.append(grid_of(kernel.centres, kernel.dual_coef, *ends))
    place = matmul(_transposed(coordinates), scale.T.copy()) - ndx.asarray(scale @ low)
    cell = ndx.astype(ndx.astype(place, ndx.int32), ndx.float64)
    offsets = np.arange(WIDTH) - (WIDTH / 2 - 1)
    distance = ndx.reshape(place - cell, (-1, 2 * count, 1)) - ndx.asarray(offsets)
    basis = ndx.reshape(ndx.exp(distance * distance * (-SHARPNESS * STEP**2)), (-1, count, 2, WIDTH))
    steps, numbers = np.array([grid.shape[1] for grid in grids]), np.arange(WIDTH)
    starts = np.cumsum([0, *(grid.size for grid in grids[:-1])])
    around = starts[:, None, None] + numbers[:, None] * steps[:, None, None] + numbers
    to_first = np.kron(np.eye(count), [[1.0], [1.0]])
    to_first[::2] *= steps
    first = ndx.reshape(ndx.astype(matmul(cell, to_first), ndx.int32), (-1, count, 1))
    index = ndx.reshape(first + ndx.asarray(around.reshape(count, -1).astype(np.int32)), (1, -1))
    values = _look_up(op.const(np.concatenate([grid.ravel() for grid in grids])[None, :]), index)
    across = ndx.reshape(basis[:, :, :1, :], (-1, 1, WIDTH))
    rows = matmul(across, ndx.reshape(values, (-1, WIDTH, WIDTH)))
    along = ndx.reshape(basis[:, :, 1:, :], (-1, count * WIDTH))
    return ndx.sum(ndx.reshape(rows, (-1, count * WIDTH)) * along, axis=1)


def sum_by_table(kernels: Sequence[RbfKernel], coordinates: Any, low: Floats, high: Floats) -> Any:
    """Trace the sum of all centres of some kernels for each house, whose coordinates are between `low` and `high`.

    Between two entries of the table, a kernel exp(−e) is a line in e, which an exponential of float32 may choose: near
    the ends of its interval, the next line is as good. As e = |x − c|² is linear in the house's x, |x|² and 1, the
    lines of all centres add up to one, so that e is never needed as float64.
    """
    squares = np.stack([_spread(kernel, kernel.inverse_lengthscale**2, len(low)) for kernel in kernels])
    norms = matmul(np.vstack([squares, np.zeros(len(low))]), coordinates * coordinates)
    terms = ndx.concat([coordinates, norms + ndx.asarray(np.eye(len(kernels) + 1)[:, -1:])], axis=0)
    exponent = np.hstack([_exponent(kernel, number, squares.shape) for number, kernel in enumerate(kernels)])
    dual_coef = np.concatenate([kernel.dual_coef for kernel in kernels])[:, None]
    of_root = -0.5 * exponent
    of_root[-1] += np.log(LINES)
    if (squares @ np.maximum(low**2, high**2)).max() > MAX_ROUNDED:
        root = ndx.astype(matmul(_transposed(terms), of_root), ndx.float32)
    else:
        root = matmul(_transposed(ndx.astype(terms, ndx.float32)), of_root.astype(np.float32))
    if (squares @ (high - low) ** 2).max() > MAX_SPREAD:
        root = ndx.maximum(root, ndx.asarray(np.float32(MIN_LOG)))
    line = ndx.reshape(ndx.astype(ndx.exp(root), ndx.int32), (1, -1))
    slopes, heights = (
        ndx.reshape(_look_up(op.const(table[None, :]), line), (-1, len(dual_coef))) for table in _lines()
    )
    # The constant is left, where ONNX Runtime does not copy it into another order, which one house would wait for.
    falls = ndx.sum(matmul(dual_coef.T * exponent, _transposed(slopes)) * terms, axis=0)
    return ndx.reshape(matmul(heights, dual_coef), (-1,)) - falls


def _exponent(kernel: RbfKernel, number: int, shape: tuple[int, ...]) -> Floats:
    """Return the coefficients of |x − c|² for each centre: those of x, of each kernel's |x|², and of 1."""
    kernels, columns = shape
    own = np.zeros((kernels, len(kernel.centres)))
    own[number] = 1.0
    products = _spread(kernel, -2.0 * kernel.centres * kernel.inverse_lengthscale, columns)
    return np.vstack([products.T, own, (kernel.centres**2).sum(axis=1)])


def _axis(start: float, points: int) -> Floats:
    return np.asarray(start + STEP * (np.arange(points) - (WIDTH // 2 - 1)))


def _lines() -> tuple[Floats, Floats]:
    """Return s and h of the line h − s · e that is nearest to exp(−e) for exp(−e / 2) in each step of 1 / LINES."""
    root = (np.arange(LINES + 16) + 0.5) / LINES  # some beyond 1, as float32 may exceed it
    slope = root**2
    height = slope * (1.0 - 2.0 * np.log(root)) + 1.0 / (6.0 * LINES**2)  # of the tangent, and its mean error
    slope[0] = height[0] = 0.0
    return slope, height


def _spread(kernel: RbfKernel, values: Floats, columns: int) -> Floats:
    """Return values of the coordinates that a kernel sees in the places of all coordinates, with 0 for the others."""
    spread = np.zeros((*values.shape[:-1], columns))
    spread[..., kernel.column_index] = values
    return spread


def _transposed(matrix: Any) -> Any:
    """Trace a transposed matrix, which ONNX Runtime makes a part of the product that it is for."""
    return ndx.permute_dims(matrix, (1, 0))


def _look_up(table: Var, index: Any) -> Any:
    """Trace a look-up of one long row as GatherElements, which takes a quarter of the time of Gather."""
    return ndx.asarray(op.gather_elements(table, index.unwrap_spox(), axis=1))
