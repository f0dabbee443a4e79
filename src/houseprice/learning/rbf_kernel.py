"""Radial basis function kernels exp(−|x − c|²) of houses and centres."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.learning.matrix_product import matmul

Floats = npt.NDArray[np.float64]
MIN_LOG_KERNEL = -230.0
"""Kernel values below exp(−230) = 1e-100 are raised to it. A short lengthscale gives values near 1e-310 between houses
that are far apart, and a product with such a subnormal number can take a hundred times as long as any other."""


@dataclass(frozen=True)
class RbfKernel:
    """One radial basis function kernel, exp(−|x − c|²) for each centre c.

    Attributes:
        column_index: positions of the coordinates that it sees.
        inverse_lengthscale: scale of each of them, in 1 / standard deviations.
        centres: the sales that are centres, in its own coordinates [centres, columns].
        dual_coef: coefficient of each centre.
    """

    column_index: npt.NDArray[np.int64]
    inverse_lengthscale: Floats
    centres: Floats
    dual_coef: Floats

    def log_kernel(self, coordinates: Any) -> Any:
        """Return the log of the kernel between each centre and each house [centres, houses], by the array API.

        −|x − c|² is 2c·x − |c|² − |x|², which is one product when |x|² and 1 are appended to the coordinates x.
        """
        xp = coordinates.__array_namespace__()
        if len(self.column_index) < coordinates.shape[0]:
            coordinates = xp.take(coordinates, xp.asarray(self.column_index), axis=0)
        scaled = coordinates * xp.asarray(self.inverse_lengthscale[:, None])
        squared_norm = xp.sum(scaled * scaled, axis=0, keepdims=True)
        ones = np.ones((len(self.centres), 1))
        centre_norms = (self.centres**2).sum(axis=1, keepdims=True)
        coefficients = np.column_stack([2.0 * self.centres, -ones, -centre_norms])
        return matmul(coefficients, xp.concat([scaled, squared_norm, squared_norm * 0.0 + 1.0], axis=0))


def rbf(log_kernel: Any) -> Any:
    """Return the kernel from its logarithm, with no subnormal number in it, by the array API."""
    xp = log_kernel.__array_namespace__()
    return xp.exp(xp.clip(log_kernel, MIN_LOG_KERNEL, None))


def kernel_matrix(rows: Floats, centres: Floats) -> Floats:
    """Return exp(−|x − c|²) of each row x and each centre c [rows, centres], without subnormal numbers."""
    kernel = 2.0 * rows @ centres.T
    kernel -= (rows**2).sum(axis=1)[:, None]
    kernel -= (centres**2).sum(axis=1)
    np.maximum(kernel, MIN_LOG_KERNEL, out=kernel)
    return np.asarray(np.exp(kernel, out=kernel))
