"""Kernel ridge regression of log prices: a smooth function of location and of what a house is like.

Some thousand sales are centres (the subset of regressors of Smola & Bartlett 2001; the mean of a Gaussian process),
with a linear term and an effect of each category beside them. Several kernels are added up (an additive model, Duvenaud
et al. 2011), so that one can have a short lengthscale in location and be blind to the house, and another the other way
round. Its errors differ from those of trees, which is what a blend needs, and in the graph it is a few matrix products.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg

from houseprice.config import KernelRidgeConfig
from houseprice.errors import DataError
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.centres import stratified_centres
from houseprice.learning.matrix_product import matmul
from houseprice.learning.rbf_kernel import RbfKernel, kernel_matrix, rbf
from houseprice.learning.standardisation import Standardisation, fit_standardisation

Floats = npt.NDArray[np.float64]
Lookup = Callable[[Any, dict[str, float], float], Any]
DESIGN_BYTES = 2 * 10**8
"""Of the design matrix, with its kernels and its column for every category, so much is held at a time."""
PIECE_ROWS = 500
"""Rows for which kernels are computed at a time; what that takes stays in memory that is used again and again."""


@dataclass(frozen=True)
class AdditiveKernelRidge:
    """A fitted sum of kernels, a linear term and effects of categories.

    Attributes:
        standardisation: of the columns that it sees.
        kernels: the kernels that are added up.
        linear_coef: coefficient of each coordinate.
        effects: category column → category → effect.
        intercept: constant term.
    """

    standardisation: Standardisation
    kernels: tuple[RbfKernel, ...]
    linear_coef: Floats
    effects: dict[str, dict[str, float]]
    intercept: float

    def coordinates(self, features: FeatureMatrix) -> Any:
        """Return the transformed and standardised columns of each house [columns, houses], by the array API."""
        return self.standardisation.apply(features)

    def predict(self, features: FeatureMatrix, lookup: Lookup) -> Any:
        """Return the predicted log price of each house, by the array API."""
        xp = features.table.__array_namespace__()
        coordinates = self.coordinates(features)
        prediction = xp.reshape(matmul(self.linear_coef[None, :], coordinates), (-1,)) + self.intercept
        if isinstance(coordinates, np.ndarray):
            for kernel in self.kernels:
                prediction = prediction + kernel.dual_coef @ rbf(kernel.log_kernel(coordinates))
        else:
            from houseprice.learning.kernel_sums import traced_sum

            ends = self.standardisation.minimum, self.standardisation.maximum
            prediction = prediction + traced_sum(self.kernels, coordinates, *ends)
        for name, effects in self.effects.items():
            prediction = prediction + lookup(features[name], effects, 0.0)
        return prediction


def fit_kernel_ridge(
    features: FeatureMatrix,
    log_prices: Floats,
    config: KernelRidgeConfig,
    seed: int,
    sample_weight: Floats | None = None,
) -> AdditiveKernelRidge:
    """Fit the regression to log prices.

    `config.columns` names the columns that it may use; those that the table lacks are left out.

    Raises:
        DataError: The table has none of them (code `kernel_ridge_without_columns`).
    """
    return fit_penalty_path(features, log_prices, config, (1.0,), seed, sample_weight)[0]


def fit_penalty_path(
    features: FeatureMatrix,
    log_prices: Floats,
    config: KernelRidgeConfig,
    factors: Sequence[float],
    seed: int,
    sample_weight: Floats | None = None,
) -> list[AdditiveKernelRidge]:
    """Fit the regression once for each factor of the kernels' penalties, which takes little longer than once.

    Raises:
        DataError: The table has none of the columns (code `kernel_ridge_without_columns`).
    """
    present = {name: column.transform for name, column in config.columns.items() if name in features.names}
    if not present:
        raise DataError(
            f"None of the columns of training.kernel_ridge.columns ({', '.join(config.columns)}) is among the features "
            f"{', '.join(features.names)}; name at least one of them there.",
            code="kernel_ridge_without_columns",
        )
    standardisation, coordinates = fit_standardisation(features, present)
    columns = standardisation.columns
    order = np.random.default_rng(seed).permutation(len(log_prices))
    unfitted, start = [], 0
    for kernel in config.kernels:
        inverse_lengthscale = np.array([kernel.columns.get(name, 0.0) for name in columns])
        index = np.flatnonzero(inverse_lengthscale)
        scaled = coordinates[:, index] * inverse_lengthscale[index]
        chosen = stratified_centres(scaled, np.roll(order, -start), kernel.centres)  # the start: other sales each time
        start += kernel.centres
        unfitted.append(RbfKernel(index, inverse_lengthscale[index], scaled[chosen], np.zeros(len(chosen))))
    categories = {
        name: np.unique(features.texts[name].astype(str), return_inverse=True)
        for name in config.categories
        if name in features.texts
    }
    levels = [(name, level) for name, (names, _) in categories.items() for level in names.tolist()]
    # The linear term is penalised in units of the first kernel's lengthscale; rare categories shrink to no effect.
    linear_scale = np.array([config.kernels[0].columns[name] for name in columns])

    def design(rows: slice) -> Floats:
        return np.column_stack(
            [
                *(
                    kernel_matrix(coordinates[rows, kernel.column_index] * kernel.inverse_lengthscale, kernel.centres)
                    for kernel in unfitted
                ),
                coordinates[rows] * linear_scale,
                *(_one_hot(codes[rows], len(names)) for names, codes in categories.values()),
                np.ones(rows.stop - rows.start),
            ]
        )

    sizes = [len(kernel.centres) for kernel in unfitted]
    ends = np.cumsum([*sizes, len(columns)])
    penalty = np.r_[
        np.full(sum(sizes), 1e-6),
        np.full(len(columns), config.linear_penalty),
        [config.penalty_of(name) for name, _ in levels],
        1e-6,
    ]
    mean, penalties = float(log_prices.mean()), [kernel.penalty for kernel in config.kernels]
    if min(sizes) == len(log_prices):
        found = _solve_dual(
            design(slice(0, len(log_prices))), log_prices - mean, penalties, penalty, factors, sample_weight
        )
    else:
        blocks = [
            (int(end) - size, of_kernel * kernel_matrix(kernel.centres, kernel.centres))
            for end, size, of_kernel, kernel in zip(ends, sizes, penalties, unfitted, strict=False)
        ]
        gram, moments = _normal_equations(design, log_prices - mean, penalty, sample_weight)
        found = [_solve(gram, moments, [(start, factor * block) for start, block in blocks]) for factor in factors]
    fitted = []
    for coef in found:
        parts = np.split(coef, ends)
        effects: dict[str, dict[str, float]] = {name: {} for name in categories}
        for (name, level), effect in zip(levels, parts[-1][:-1].tolist(), strict=True):
            effects[name][level] = effect
        kernels = tuple(replace(kernel, dual_coef=part) for kernel, part in zip(unfitted, parts, strict=False))
        linear_coef = parts[-2] * linear_scale
        fitted.append(AdditiveKernelRidge(standardisation, kernels, linear_coef, effects, float(coef[-1]) + mean))
    return fitted


def _one_hot(codes: npt.NDArray[np.int64], levels: int) -> Floats:
    """Return one column for each level, 1 in the rows that have it."""
    columns = np.zeros((len(codes), levels))
    columns[np.arange(len(codes)), codes] = 1.0
    return columns


def _normal_equations(
    design: Callable[[slice], Floats], target: Floats, penalty: Floats, sample_weight: Floats | None
) -> tuple[Floats, Floats]:
    """Return both sides of the normal equations of the weighted ridge regression with a diagonal penalty.

    `design` gives the design matrix of some rows, of which a block is held at a time.
    """
    columns = len(penalty)
    gram, product, moments = np.zeros((columns, columns)), np.empty((columns, columns)), np.zeros(columns)
    height = min(max(DESIGN_BYTES // (8 * columns), 1), len(target))
    block = np.empty((height, columns))
    for start in range(0, len(target), height):
        end = min(start + height, len(target))
        for first in range(start, end, PIECE_ROWS):
            piece = slice(first, min(first + PIECE_ROWS, end))
            block[piece.start - start : piece.stop - start] = design(piece)
        rows, values = block[: end - start], target[start:end]
        if sample_weight is not None:
            root = np.sqrt(sample_weight[start:end])
            rows *= root[:, None]
            values = values * root
        gram += np.matmul(rows.T, rows, out=product)
        moments += rows.T @ values
    gram[np.diag_indices_from(gram)] += penalty
    return gram, moments


def _solve_dual(
    design: Floats,
    target: Floats,
    kernel_penalties: list[float],
    penalty: Floats,
    factors: Sequence[float],
    sample_weight: Floats | None,
) -> list[Floats]:
    """Return the coefficients for each factor where every row is a centre of every kernel.

    The design matrix then begins with the kernels themselves, and one system with as many unknowns as rows gives the
    coefficients of all of them (the representer theorem): a Gaussian process with the sum of the kernels.
    """
    rows = len(target)
    *kernels, rest = np.split(design, np.arange(1, len(kernel_penalties) + 1) * rows, axis=1)
    weighted = rest / penalty[-rest.shape[1] :]
    others = weighted @ rest.T + np.diag(1.0 / (np.ones(rows) if sample_weight is None else sample_weight))
    found = []
    for factor in factors:
        covariance = others + np.sum(
            [kernel / (factor * of_kernel) for kernel, of_kernel in zip(kernels, kernel_penalties, strict=True)], axis=0
        )
        dual = scipy.linalg.cho_solve((np.linalg.cholesky(covariance), True), target, check_finite=False)
        found.append(np.r_[*(dual / (factor * of_kernel) for of_kernel in kernel_penalties), weighted.T @ dual])
    return found


def _solve(gram: Floats, moments: Floats, blocks: list[tuple[int, Floats]]) -> Floats:
    """Return the coefficients, where penalties in blocks that begin at given positions are added to the others.

    NumPy's products and factors, unlike SciPy's, let other threads run meanwhile, which an interruption needs.
    """
    gram = gram.copy()
    for start, block in blocks:
        gram[start : start + len(block), start : start + len(block)] += block
    coef: Floats = scipy.linalg.cho_solve((np.linalg.cholesky(gram), True), moments, check_finite=False)
    return coef
