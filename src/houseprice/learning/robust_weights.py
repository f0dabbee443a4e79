"""Robust sample weights: down-weight sales far from the prices of similar houses.

Some recorded prices are not the market's: a sale within a family, a house in ruins, a typing error. Squared errors
would pull the model towards them. A pilot kernel ridge regression is fitted with few centres, and each sale gets
Cauchy's weight of its residual, which is one step of iteratively reweighted least squares (Holland & Welsch 1977).
"""

import numpy as np
import numpy.typing as npt

from houseprice.config import KernelRidgeConfig, RobustWeightsConfig
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.features import look_up
from houseprice.learning.kernel_ridge import fit_kernel_ridge

Floats = npt.NDArray[np.float64]
NEGLIGIBLE = 1e-9  # a residual in log price that is as good as 0
BLOCK = 2000  # rows at a time: memory holds rows × centres
MAD_TO_SIGMA = 1.4826  # the standard deviation of a normal distribution, in median absolute deviations


def robust_sample_weights(
    features: FeatureMatrix,
    log_prices: Floats,
    config: RobustWeightsConfig | None,
    kernel_ridge: KernelRidgeConfig,
    seed: int,
) -> Floats:
    """Return a weight for each row, above 0 and 1 on average; all 1 without rules, or where the pilot fits exactly."""
    if config is None:
        return np.ones(len(log_prices))
    pilot = fit_kernel_ridge(features, log_prices, kernel_ridge.with_at_most(config.centres), seed)
    parts = [slice(start, start + BLOCK) for start in range(0, len(log_prices), BLOCK)]
    predicted = np.concatenate([pilot.predict(features.houses(part), look_up) for part in parts])
    return cauchy_weights(log_prices - predicted, config.scale)


def cauchy_weights(residuals: Floats, scale: float) -> Floats:
    """Return 1 / (1 + (residual / c)²), divided by its mean, where c is `scale` robust standard deviations."""
    cutoff = np.median(np.abs(residuals)) * MAD_TO_SIGMA * scale
    if cutoff < NEGLIGIBLE:
        return np.ones(len(residuals))
    weights = 1.0 / (1.0 + (residuals / cutoff) ** 2)
    return np.asarray(weights / weights.mean())
