"""Metrics of predicted prices: regression errors, and the ratio statistics of assessors."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Prices = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
BOOTSTRAP_SAMPLES = 300
CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A measured value, and the ends of its 95 % confidence interval."""

    value: float
    low: float
    high: float


def measure(y_true: Prices, y_pred: Prices) -> dict[str, float]:
    """Return the metrics of some predictions.

    `log_rmse` is of natural logs; `rmse` and `mae` are in the currency; `bias_log` is the mean log(predicted / actual);
    `median_ape`, `within_10` and `within_20` are shares. `cod` (percent), `prd` and `prb` are those of assessors (IAAO,
    Standard on Ratio Studies, 2013, appendix B): the dispersion of predicted / actual, and whether expensive houses
    are treated like cheap ones.
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
        "bias_log": float(log_error.mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "mae": float(np.abs(error).mean()),
        "median_ape": float(np.median(share)),
        "within_10": float((share <= 0.10).mean()),
        "within_20": float((share <= 0.20).mean()),
        "cod": float(100 * np.abs(ratio - median).mean() / median),
        "prd": float(ratio.mean() / (y_pred.sum() / y_true.sum())),
        "prb": slope,
    }


def with_bounds(y_true: Prices, y_pred: Prices, seed: int) -> dict[str, Any]:
    """Return the metrics, and as `ci95` a 95 % interval of each (percentile bootstrap)."""
    found = bootstrap(lambda rows: measure(y_true[rows], y_pred[rows]), len(y_true), seed)
    bounds = {name: [estimate.low, estimate.high] for name, estimate in found.items() if name != "sales"}
    return {**measure(y_true, y_pred), "ci95": bounds}


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
