"""Sums of radial basis function kernels in the exported graph, without an exponential for each centre and house.

ONNX Runtime takes 3 ns for an exponential of a float64, more than for all else that a centre needs, and float32 is too
coarse: coefficients of thousands cancel. Kernels of two coordinates, such as a place, are therefore moved from their
centres to a grid, of which each house needs its surroundings (the idea of the fast Gauss transform, Greengard & Strain
1991). Others take their exponentials from a table, times a parabola between its entries. In King County, a price is off
by 1e-7 of itself at most.
"""

from collections.abc import Sequence
from typing import Any

import ndonnx as ndx
import numpy as np
import numpy.typing as npt
import spox.opset.ai.onnx.v21 as op

from houseprice.learning.matrix_product import matmul
from houseprice.learning.rbf_kernel import MIN_LOG_KERNEL, RbfKernel, rbf

Floats = npt.NDArray[np.float64]
WIDTH = 18
"""Points of the grid, along each axis, that a house needs."""
STEP = 0.28
"""Between two points of the grid, in lengthscales."""
SHARPNESS = 4.0
"""Of the basis functions exp(−4 d²) on the grid."""
MAX_POINTS = 2**17
"""Of a grid; a kernel with a shorter lengthscale has a table."""
NEGLIGIBLE = 1e-30
"""Coefficients on a grid below it are 0; a product with a subnormal number can take a hundred times as long."""
STEPS = 255.5
"""Of the table, for each unit of the exponent."""
VERTEX = 256
"""STEPS + ½, of the parabola between two entries: a whole number, which is added sooner than any other."""
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
    seen = np.array([kernel.column_index for kernel in kernels]).T.ravel()  # of each kernel the first, then the second
    scale = np.array([kernel.inverse_lengthscale for kernel in kernels]).T.ravel()
    grids = []
    for kernel in kernels:
        ends = (end[kernel.column_index] * kernel.inverse_lengthscale for end in (low, high))
        grids.append(grid_of(kernel.centres, kernel.dual_coef, *ends))
    place = ndx.take(coordinates, ndx.asarray(seen), axis=0) * ndx.asarray(scale[:, None] / STEP)
    place = place - ndx.asarray((low[seen] * scale)[:, None] / STEP)
    cell = ndx.astype(ndx.astype(place, ndx.int32), ndx.float64)
    offsets = np.arange(WIDTH) - (WIDTH / 2 - 1)
    distance = ndx.reshape(place - cell, (2 * count, 1, -1)) - ndx.asarray(offsets[None, :, None])
    basis = ndx.exp(distance * distance * (-SHARPNESS * STEP**2))
    weights = ndx.reshape(basis[:count, :, :], (count, WIDTH, 1, -1)) * ndx.reshape(
        basis[count:, :, :], (count, 1, WIDTH, -1)
    )
    steps, numbers = np.array([grid.shape[1] for grid in grids]), np.arange(WIDTH)
    starts = np.cumsum([0, *(grid.size for grid in grids[:-1])])
    around = starts[:, None, None] + numbers[:, None] * steps[:, None, None] + numbers
    first = ndx.astype(matmul(np.hstack([np.diag(steps), np.eye(count)]), cell), ndx.int32)
    index = ndx.asarray(around.reshape(count, -1, 1).astype(np.int32)) + ndx.reshape(first, (count, 1, -1))
    values = _look_up(np.concatenate([grid.ravel() for grid in grids]), ndx.reshape(index, (1, -1)))
    return ndx.sum(ndx.reshape(values, (around.size, -1)) * ndx.reshape(weights, (around.size, -1)), axis=0)


def sum_by_table(kernels: Sequence[RbfKernel], coordinates: Any, low: Floats, high: Floats) -> Any:
    """Trace the sum of all centres of some kernels for each house, whose coordinates are between `low` and `high`.

    With n whole steps of 1/s in the exponent and a rest of r steps, exp(−(n + r) / s) is exp(−n / s) from the table
    times a parabola of r, off by 4e-10 of itself at most.
    """
    norms = matmul(
        np.stack([_spread(kernel, kernel.inverse_lengthscale**2, len(low)) for kernel in kernels]),
        coordinates * coordinates,
    )
    rows = [
        np.column_stack(
            [
                _spread(kernel, -2.0 * kernel.centres * kernel.inverse_lengthscale, len(low)),
                np.tile(np.eye(len(kernels))[number], (len(kernel.centres), 1)),
                (kernel.centres**2).sum(axis=1),
            ]
        )
        for number, kernel in enumerate(kernels)
    ]
    dual_coef = np.concatenate([kernel.dual_coef for kernel in kernels])
    bound = max(
        float((((high - low)[kernel.column_index] * kernel.inverse_lengthscale) ** 2).sum()) for kernel in kernels
    )
    ones = norms[:1, :] * 0.0 + 1.0
    exponent = matmul(STEPS * np.concatenate(rows), ndx.concat([coordinates, norms, ones], axis=0))
    exponent = ndx.reshape(exponent, (1, -1))  # with a scalar, one long row takes less time than many short ones
    last = int(np.ceil(min(bound, -MIN_LOG_KERNEL) * STEPS))
    if bound > -MIN_LOG_KERNEL:
        exponent = ndx.minimum(exponent, ndx.asarray(np.float64(last)))
    entry = ndx.astype(exponent, ndx.int32)
    from_vertex = exponent - ndx.astype(entry + ndx.asarray(np.int32(VERTEX)), ndx.float64)
    kernel = _look_up(np.exp(-np.arange(last + 2) / STEPS), entry)
    square, constant = _parabola()
    parabolas = ndx.reshape(kernel * (from_vertex * from_vertex + constant), (len(dual_coef), -1))
    return ndx.reshape(matmul(dual_coef[None, :] * square, parabolas), (-1,))


def _axis(start: float, points: int) -> Floats:
    return np.asarray(start + STEP * (np.arange(points) - (WIDTH // 2 - 1)))


def _parabola() -> tuple[float, float]:
    """Return s and c of the parabola s · ((r − VERTEX)² + c) nearest to exp(−r / STEPS) for r between 0 and 1."""
    rest = 0.5 + 0.5 * np.cos(np.pi * (np.arange(100) + 0.5) / 100)  # Chebyshev's nodes
    basis = np.stack([(rest - VERTEX) ** 2, np.ones(100)], axis=1)
    square, constant = np.linalg.lstsq(basis, np.exp(-rest / STEPS), rcond=None)[0].tolist()
    return square, constant / square


def _spread(kernel: RbfKernel, values: Floats, columns: int) -> Floats:
    """Return values of the coordinates that a kernel sees in the places of all coordinates, with 0 for the others."""
    spread = np.zeros((*values.shape[:-1], columns))
    spread[..., kernel.column_index] = values
    return spread


def _look_up(table: Floats, index: Any) -> Any:
    """Trace a look-up of one long row as GatherElements, which takes a quarter of the time of Gather."""
    return ndx.asarray(op.gather_elements(op.const(table[None, :]), index.unwrap_spox(), axis=1))
