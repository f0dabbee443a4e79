"""How far off an answer may be, house by house: errors in, an adaptive interval out.

Normalised split conformal prediction (Papadopoulos et al. 2002; Lei et al. 2018, section 5.2): a small forest learns
how large errors are for houses of this kind, and one number, measured on sales that neither the model nor this forest
learned from, widens its answer until the asked share of prices is held.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.config import Boosting
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.oblivious_trees import Forest, fit_forest

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
FLOOR = 0.02  # log price; keeps a sale that was answered to the dollar from promising that the next one will be
SIZES = Boosting(rounds=200, learning_rate=0.05, depth=4, l2_leaf_reg=10.0, column_share=0.5, row_share=0.8, borders=64)


@dataclass(frozen=True)
class Spread:
    """Half the width of the interval, in log price.

    Attributes:
        forest: answers with the log of the error's usual size.
        factor: what that size is multiplied with.
    """

    forest: Forest
    factor: float

    def at(self, features: FeatureMatrix) -> Any:
        """Give back half the width for each house, by the array API; its features are float32."""
        size = self.forest.at(features)
        return size.__array_namespace__().exp(size) * self.factor


def quantile(scores: Floats, coverage: float) -> float:
    """Give back the ⌈(n+1)·coverage⌉-th smallest score: the finite-sample quantile of split conformal prediction."""
    place = min(int(np.ceil((len(scores) + 1) * coverage)), len(scores))
    return float(np.sort(scores)[place - 1])


def fit_spread(
    features: FeatureMatrix, errors: Floats, groups: Iterable[tuple[Rows, Rows]], seed: int
) -> tuple[Forest, Floats]:
    """Fit the size of errors; give back the forest, and for each row the size that the other groups' forest gives.

    `errors` are log errors of answers to sales that were not learned from.
    """
    sizes = np.log(np.abs(errors) + FLOOR)
    apart = np.zeros(len(errors))
    for others, group in groups:
        forest = fit_forest(_houses(features, others), sizes[others], SIZES, seed, 1)
        apart[group] = forest.at(_houses(features, group))
    return fit_forest(features, sizes, SIZES, seed, 1), np.exp(apart)


def _houses(features: FeatureMatrix, rows: Rows) -> FeatureMatrix:
    return FeatureMatrix(features.names, features.table[:, rows], {})
