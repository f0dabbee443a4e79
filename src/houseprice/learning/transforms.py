"""Choice of each column's transform: logarithm, square root, or none, whichever makes it most nearly normal.

The profile likelihood of Box & Cox (1964) at λ = 0, ½ and 1.
"""

import numpy as np
import numpy.typing as npt

from houseprice.feature_matrix import FeatureMatrix

Floats = npt.NDArray[np.float64]
ROWS = 20_000  # evenly drawn, beyond which the choice does not change
MIN_DISTINCT = 8  # scales of grades, and counts of rooms, stay as they are


def choose_transforms(features: FeatureMatrix, names: tuple[str, ...]) -> dict[str, str]:
    """Return name → `log`, `sqrt` or `none` of some columns; columns that are constant are left out."""
    chosen = {}
    for name in names:
        values = np.asarray(features[name], dtype=np.float64)
        if np.ptp(values) > 0.0:
            chosen[name] = _transform(values[:: max(len(values) // ROWS, 1)])
    return chosen


def _transform(values: Floats) -> str:
    if values.min() < 0.0 or len(np.unique(values)) < MIN_DISTINCT:
        return "none"
    positive = values[values > 0.0]
    logs = np.log(positive)
    candidates = {"none": positive, "sqrt": np.sqrt(positive)}
    if values.min() >= 1.0:  # the logarithm is of 1 at least
        candidates["log"] = logs
    powers = {"none": 1.0, "sqrt": 0.5, "log": 0.0}
    return max(
        candidates,
        key=lambda name: (
            (powers[name] - 1.0) * float(logs.mean()) - 0.5 * _log_variance(candidates[name], powers[name])
        ),
    )


def _log_variance(transformed: Floats, power: float) -> float:
    """Return the log variance of (xᵖ − 1) / p, the transform whose derivative is xᵖ⁻¹."""
    return float(np.log(max(float(transformed.var()), 1e-300)) - 2.0 * np.log(power or 1.0))
