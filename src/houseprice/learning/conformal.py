"""Normalised split conformal prediction intervals (Papadopoulos et al. 2002; Lei et al. 2018, section 5.2).

A small ensemble of trees learns how large errors are for houses of a kind. One factor, measured on sales that neither
the model nor these trees were trained on, widens its prediction until the interval covers the wanted share of prices.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.config import Boosting
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.oblivious_trees import ObliviousTrees, fit_oblivious_trees

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
MIN_RESIDUAL = 0.02  # log price; one sale that was predicted exactly does not promise that the next one will be
PARAMETERS = Boosting(
    iterations=200, learning_rate=0.05, depth=4, l2_leaf_reg=10.0, feature_fraction=0.5, row_fraction=0.8,
    border_count=64,
)  # fmt: skip


@dataclass(frozen=True)
class ConformalInterval:
    """Half-width of the interval, in log price.

    Attributes:
        residual_scale: predicts the log of the usual size of the residual.
        factor: quantile of the normalised residuals, by which that size is multiplied.
    """

    residual_scale: ObliviousTrees
    factor: float

    def half_width(self, features: FeatureMatrix) -> Any:
        """Return the half-width for each house, by the array API; its features are float32."""
        log_scale = self.residual_scale.predict(features)
        return log_scale.__array_namespace__().exp(log_scale) * self.factor


def conformal_quantile(scores: Floats, coverage: float) -> float:
    """Return the ⌈(n+1)·coverage⌉-th smallest score: the finite-sample quantile of split conformal prediction."""
    rank = min(int(np.ceil((len(scores) + 1) * coverage)), len(scores))
    return float(np.sort(scores)[rank - 1])


def fit_residual_scale(
    features: FeatureMatrix, residuals: Floats, groups: Iterable[tuple[Rows, Rows]], seed: int
) -> tuple[ObliviousTrees, Floats]:
    """Fit the size of the residuals; return the trees, and each row's size as trees of the other groups predict it.

    `residuals` are out-of-fold errors in log price.
    """
    log_sizes = np.log(np.abs(residuals) + MIN_RESIDUAL)
    out_of_fold = np.zeros(len(residuals))
    for others, group in groups:
        trees = fit_oblivious_trees(_rows(features, others), log_sizes[others], PARAMETERS, seed, 1)
        out_of_fold[group] = trees.predict(_rows(features, group))
    return fit_oblivious_trees(features, log_sizes, PARAMETERS, seed, 1), np.exp(out_of_fold)


def _rows(features: FeatureMatrix, rows: Rows) -> FeatureMatrix:
    return FeatureMatrix(features.names, features.table[:, rows], {})
