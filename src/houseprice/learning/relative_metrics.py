"""Metrics of the holdout relative to baselines, to the rest of the holdout and to the wanted coverage.

They hold for a table of any size and market, so the gates need no limit that fits one data set. Each has a 95 %
confidence interval; those of several slices hold together (Bonferroni), because the worst of many is looked at.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.slices import Predictions, members
from houseprice.learning.splitting import Rows
from houseprice.metrics import CONFIDENCE, Estimate, Prices, bootstrap

Floats = npt.NDArray[np.float64]
EXACT = 1e-18  # a squared log error that is as good as none, so that exact predictions can be compared


def relative_metrics(
    table: FeatureTable,
    rows: Rows,
    answers: Predictions,
    constant_width: float,
    baselines: Mapping[str, Prices],
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Return name → `value`, `ci95` and, where it is of one slice, `slice`, for some rows of the table.

    Args:
        table: holds the rows.
        rows: positions of the sales.
        answers: price, low and high of each.
        constant_width: half-width, in log price, of the interval that is as wide for every house.
        baselines: name → its price for each.
        seed: of the bootstrap.
    """
    y_true = table.prices[rows]
    price, low, high = answers
    squared = _squared_log_error(y_true, price)
    inside = (y_true >= low) & (y_true <= high)
    width = (high - low) / price
    flat_width = 2.0 * np.sinh(constant_width)
    others = {name: _squared_log_error(y_true, predicted) for name, predicted in baselines.items()}

    def ratios(drawn: Rows) -> dict[str, float]:
        gains = {f"gain_over_{name}": 1.0 - _rms_ratio(squared[drawn], of[drawn]) for name, of in others.items()}
        return gains | {"width_to_constant": float(width[drawn].mean() / flat_width)}

    found = {name: estimate.as_dict() for name, estimate in bootstrap(ratios, len(rows), seed).items()}
    found["coverage"] = share(inside).as_dict()
    slices = dict(members(table, rows))
    fifths = {name: inside[chosen] for name, chosen in slices.items() if name.startswith("price,")}
    by_price = {name: share(held, len(fifths)) for name, held in fifths.items()}
    if by_price:
        worst = min(by_price, key=lambda name: by_price[name].high)
        found["coverage_by_price"] = by_price[worst].as_dict() | {"slice": worst}
    errors = {name: error_to_rest(squared, chosen, len(slices)) for name, chosen in slices.items() if not chosen.all()}
    if errors:
        worst = max(errors, key=lambda name: errors[name].low)
        found["worst_slice"] = errors[worst].as_dict() | {"slice": worst}
    return found


def share(inside: npt.NDArray[np.bool_], compared: int = 1) -> Estimate:
    """Return the share that is true with its Wilson interval, one of so many that hold together."""
    exact = stats.binomtest(int(inside.sum()), len(inside))
    low, high = exact.proportion_ci(_level(compared), method="wilson")
    return Estimate(float(inside.mean()), float(low), float(high))


def error_to_rest(squared: Floats, chosen: npt.NDArray[np.bool_], compared: int = 1) -> Estimate:
    """Return the root mean squared error of a slice ÷ that of all other rows.

    The interval is that of a normal log ratio (delta method), one of so many that hold together.
    """
    ratio = _rms_ratio(squared[chosen], squared[~chosen])
    parts = (squared[chosen], squared[~chosen])
    variance = sum(float((part.std() / (part.mean() + EXACT)) ** 2) / (4.0 * len(part)) for part in parts)
    reach = float(np.exp(stats.norm.ppf((1.0 + _level(compared)) / 2.0) * np.sqrt(variance)))
    return Estimate(ratio, ratio / reach, ratio * reach)


def _rms_ratio(squared: Floats, other: Floats) -> float:
    return float(np.sqrt((squared.mean() + EXACT) / (other.mean() + EXACT)))


def _level(compared: int) -> float:
    return 1.0 - (1.0 - CONFIDENCE) / compared


def _squared_log_error(y_true: Prices, y_pred: Prices) -> Floats:
    return np.asarray((np.log(y_pred) - np.log(y_true)) ** 2)
