"""Features and log prices in, how much each sale counts out: one far from what its likes were sold for counts less.

Some recorded prices are not the market's: a sale within a family, a house in ruins, a slip of the pen. Squared errors
would bend the model towards them. A pilot surface is fitted with few centres, and each sale is weighed by Cauchy's
function of its distance from it, which is one step of iteratively reweighted least squares (Holland & Welsch 1977).
"""

import numpy as np
import numpy.typing as npt

from houseprice.config import Smooth, Trust
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.features import look_up
from houseprice.learning.kernel_ridge import fit_surface

Floats = npt.NDArray[np.float64]
NEGLIGIBLE = 1e-9  # a distance in log price that is none
MAD_TO_SIGMA = 1.4826  # the standard deviation of a normal distribution, in median absolute deviations


def weigh(features: FeatureMatrix, log: Floats, config: Trust, smooth: Smooth, seed: int) -> Floats:
    """Give back a weight for each row, above 0 and 1 on average; all 1 where the pilot meets every price."""
    pilot = fit_surface(features, log, smooth.with_at_most(config.centres), seed)
    return cauchy(log - pilot.at(features, look_up), config.scale)


def cauchy(errors: Floats, scale: float) -> Floats:
    """Give back 1 / (1 + (error / distance)²), divided by its mean; the distance is `scale` robust deviations."""
    distance = np.median(np.abs(errors)) * MAD_TO_SIGMA * scale
    if distance < NEGLIGIBLE:
        return np.ones(len(errors))
    weights = 1.0 / (1.0 + (errors / distance) ** 2)
    return np.asarray(weights / weights.mean())
