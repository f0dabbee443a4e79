"""Errors among the houses that a model is surest of: the hit rate curve of automated valuation models.

Who buys valuations may take only those whose forecast standard deviation (FSD) is no larger than some cut. The share
of houses that is then answered is the hit rate; the smaller the cut, the smaller it is, and the error should be.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.metrics import Prices, measure, share_bounds

POINTS = 20
"""Of the curve: hit rates of 5 %, 10 %, …, 100 %."""
SHOWN = ("median_ape", "within_10", "within_20", "log_rmse")


def measure_hit_rate(y_true: Prices, y_pred: Prices, fsd: Prices) -> dict[str, Any]:
    """Return the errors of the predictions with the smallest FSD, by the share of them that is answered.

    Returns:
        `curve`, a list from the smallest cut to the largest, of `hit_rate` (share of the sales with an FSD no larger
        than the cut), `max_fsd` (the cut), `sales` and, of these, `median_ape`, `within_10`, `within_20` and
        `log_rmse`; and `within_10_at_half`, that share at the smallest cut that answers half of the sales, with
        `value`, `ci95` (Wilson's), `hit_rate` and `max_fsd`. Equal FSDs are answered together, so that there may be
        fewer points than `POINTS`.
    """
    curve = [
        _point(y_true, y_pred, fsd, cut) for cut in np.unique([_cut(fsd, n / POINTS) for n in range(1, POINTS + 1)])
    ]
    cut = _cut(fsd, 0.5)
    answered = fsd <= cut
    near = np.abs(y_pred - y_true)[answered] <= 0.10 * y_true[answered]
    half = share_bounds(int(near.sum()), len(near)).as_dict()
    return {"curve": curve, "within_10_at_half": half | {"hit_rate": float(answered.mean()), "max_fsd": cut}}


def _cut(fsd: Prices, hit_rate: float) -> float:
    """Return the smallest FSD that so many of the sales have, or less."""
    return float(np.sort(fsd)[int(np.ceil(round(hit_rate * len(fsd), 9))) - 1])


def _point(y_true: Prices, y_pred: Prices, fsd: Prices, cut: float) -> dict[str, float]:
    """Return the errors at one cut."""
    answered: npt.NDArray[np.bool_] = fsd <= cut
    found = measure(y_true[answered], y_pred[answered])
    point = {"hit_rate": float(answered.mean()), "max_fsd": float(cut), "sales": found["sales"]}
    return point | {name: found[name] for name in SHOWN}
