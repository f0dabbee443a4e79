"""Metrics of predicted prices: regression errors, and the ratio statistics of assessors."""

from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Prices = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
BOOTSTRAP_SAMPLES = 300
CONFIDENCE = 0.95
QUANTILES = 100
WITHIN = (5, 10, 15, 20)
"""Percentages of the price within which predictions are counted."""
VEI_GROUPS = ((50, 2), (500, 4))
"""Up to so many sales, so many groups; `MOST_VEI_GROUPS` above."""
MOST_VEI_GROUPS = 10
MIN_VEI_SALES = 20
MIN_FSD_SALES = 100


class Estimate(NamedTuple):
    """A measured value, and the ends of its 95 % confidence interval."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, Any]:
        """Return `value` and `ci95`, as metrics hold them."""
        return {"value": self.value, "ci95": [self.low, self.high]}


def measure(y_true: Prices, y_pred: Prices) -> dict[str, float]:
    """Return the metrics of some predictions.

    `log_rmse` is of natural logs, and so is `male`, the mean absolute log error; `rmse` and `mae` are in the currency;
    `bias_log` is the mean log(predicted / actual). Shares: `median_ape`; `within_5`, `_10`, `_15` and `_20` of the
    predictions at most so many percent from the price (PPE5 to PPE20); `p15_low` and `p15_high` of those more than
    15 % below and above it (P15L and P15H of the European AVM Alliance). `cod` (percent), `prd` and `prb` are those of
    assessors (IAAO, Standard on Ratio Studies, 2013, appendix B): the dispersion of predicted / actual, and whether
    expensive houses are treated like cheap ones.
    """
    log_error = np.log(y_pred) - np.log(y_true)
    error = y_pred - y_true
    share = np.abs(error) / y_true
    ratio = y_pred / y_true
    median = float(np.median(ratio))
    # PRB regresses the ratio on the binary log of half predicted, half actual price: neither alone is without error.
    value = np.log2(0.5 * y_true + 0.5 * y_pred / median)
    centred = value - value.mean()
    variance = float((centred**2).mean())
    slope = (
        float((centred * (ratio - median) / median).mean() / variance) if variance > 1e-12 else 0.0
    )  # all of one value: none
    return {
        "sales": len(y_true),
        "log_rmse": float(np.sqrt((log_error**2).mean())),
        "male": float(np.abs(log_error).mean()),
        "bias_log": float(log_error.mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "mae": float(np.abs(error).mean()),
        "median_ape": float(np.median(share)),
        **{f"within_{percent}": float((share <= percent / 100).mean()) for percent in WITHIN},
        "p15_low": float((ratio < 0.85).mean()),
        "p15_high": float((ratio > 1.15).mean()),
        "cod": float(100 * np.abs(ratio - median).mean() / median),
        "prd": float(ratio.mean() / (y_pred.sum() / y_true.sum())),
        "prb": slope,
    }


def with_bounds(y_true: Prices, y_pred: Prices, seed: int) -> dict[str, Any]:
    """Return the metrics, and as `ci95` a 95 % interval of each (percentile bootstrap).

    `vei`, as `measure_vertical_equity` gives it, has an interval of its own; it is not there when sales are too few.
    """
    found = bootstrap(lambda rows: measure(y_true[rows], y_pred[rows]), len(y_true), seed)
    bounds = {name: [estimate.low, estimate.high] for name, estimate in found.items() if name != "sales"}
    vei = measure_vertical_equity(y_true, y_pred)
    return {**measure(y_true, y_pred), "ci95": bounds} | ({"vei": vei.as_dict()} if vei else {})


def bootstrap(metrics: Callable[[Rows], dict[str, float]], sales: int, seed: int) -> dict[str, Estimate]:
    """Return each metric of all sales, with its percentile bootstrap interval; `metrics` are those of some rows.

    All metrics are computed on the same draws, so that a ratio of two errors is that of the same sales.
    """
    draw = np.random.default_rng(seed)
    resampled = [metrics(draw.integers(0, sales, sales)) for _ in range(BOOTSTRAP_SAMPLES)]
    ends = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    return {
        name: Estimate(value, *np.quantile([found[name] for found in resampled], ends).tolist())
        for name, value in metrics(np.arange(sales)).items()
    }


def measure_interval(y_true: Prices, y_pred: Prices, low: Prices, high: Prices) -> dict[str, float]:
    """Return the share of prices within their interval, and its mean width relative to the prediction."""
    return {
        "coverage": float(((y_true >= low) & (y_true <= high)).mean()),
        "mean_relative_width": float(((high - low) / y_pred).mean()),
    }


def measure_fsd(y_true: Prices, y_pred: Prices, fsd: Prices) -> dict[str, Any]:
    """Return the share of log errors within one FSD, also by fifths of the FSD from the smallest, and the mean FSD.

    `within_fsd_by_fifth` is empty of fewer than `MIN_FSD_SALES`.
    """
    within = np.abs(np.log(y_true) - np.log(y_pred)) <= fsd
    fifths = np.array_split(within[np.argsort(fsd, kind="stable")], 5) if len(fsd) >= MIN_FSD_SALES else []
    return {
        "within_fsd": float(within.mean()),
        "within_fsd_by_fifth": [float(fifth.mean()) for fifth in fifths],
        "mean_fsd": float(fsd.mean()),
    }


def measure_standardised(y_true: Prices, y_pred: Prices, fsd: Prices) -> dict[str, Any]:
    """Return how log(actual / predicted), each divided by its FSD, are distributed.

    `quantiles` holds those at the middles of `QUANTILES` parts of equal probability, so that their mean is about that
    of any bounded function of the errors.
    """
    errors = (np.log(y_true) - np.log(y_pred)) / fsd
    middles = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return {
        "mean": float(errors.mean()),
        "sd": float(errors.std()),
        "quantiles": [round(value, 5) for value in np.quantile(errors, middles).tolist()],
    }


def measure_vertical_equity(y_true: Prices, y_pred: Prices) -> Estimate | None:
    """Return the vertical equity indicator (VEI), in percent; None of fewer than `MIN_VEI_SALES`.

    Sales are ordered by the mean of price and prediction, each at the level of the prices, and divided into
    `vei_groups`. The VEI is the median ratio of the last group minus that of the first, as a share of all sales' median
    ratio (IAAO, Standard on Ratio Studies, exposure draft of 2024). The interval takes the two medians for independent,
    where the draft subtracts the opposite ends of two 90 % intervals, which is wider by a fifth.
    """
    sales = len(y_true)
    if sales < MIN_VEI_SALES:
        return None
    ratio = y_pred / y_true
    median = float(np.median(ratio))
    order = np.argsort(0.5 * y_true + 0.5 * y_pred / median, kind="stable")
    groups = np.array_split(ratio[order], vei_groups(sales))
    first, last = (median_bounds(group) for group in (groups[0], groups[-1]))
    value = last.value - first.value
    above = np.hypot(last.high - last.value, first.value - first.low)
    below = np.hypot(last.value - last.low, first.high - first.value)
    return Estimate(*(100.0 / median * end for end in (value, float(value - below), float(value + above))))


def vei_groups(sales: int) -> int:
    """Return the number of groups that the VEI compares the outer two of: halves, quarters or tenths."""
    return next((groups for most, groups in VEI_GROUPS if sales <= most), MOST_VEI_GROUPS)


def median_bounds(values: Prices) -> Estimate:
    """Return the median, and its distribution-free 95 % interval between two order statistics (normal approximation).

    The interval is from the smallest to the largest value where these are few.
    """
    ordered = np.sort(values)
    half = NormalDist().inv_cdf((1.0 + CONFIDENCE) / 2.0) * np.sqrt(len(values)) / 2.0
    low = max(int(np.floor(len(values) / 2.0 - half)), 0)
    high = min(int(np.ceil(len(values) / 2.0 + half)), len(values) - 1)
    return Estimate(float(np.median(ordered)), float(ordered[low]), float(ordered[high]))


def share_bounds(hits: int, count: int) -> Estimate:
    """Return a share, and its 95 % score interval (Wilson 1927)."""
    z = NormalDist().inv_cdf((1.0 + CONFIDENCE) / 2.0)
    share = hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * float(np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)))
    return Estimate(share, max(middle - half, 0.0), min(middle + half, 1.0))  # beyond only by rounding


def mean_bounds(values: Prices) -> Estimate:
    """Return the mean, and its 95 % interval by Student's t; of one value, all numbers.

    The quantile of t is that of the normal distribution with the first term of its expansion (Abramowitz & Stegun
    1964, 26.7.5), which is within 2 % from ten values on.
    """
    mean, count = float(values.mean()), len(values)
    half = float("inf")
    if count > 1:
        z = NormalDist().inv_cdf((1.0 + CONFIDENCE) / 2.0)
        half = z * (1.0 + (z * z + 1.0) / (4.0 * (count - 1))) * float(values.std(ddof=1)) / float(np.sqrt(count))
    return Estimate(mean, mean - half, mean + half)
