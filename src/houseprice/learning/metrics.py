"""Prices paid and prices answered in, the trade's measures of error out."""

from typing import Any

import numpy as np
import numpy.typing as npt

Prices = npt.NDArray[np.float64]
RESAMPLINGS = 300


def measure(paid: Prices, answered: Prices) -> dict[str, float]:
    """Give back the measures of error of some answers.

    `log_rmse` is of natural logs; `rmse` and `mae` are in the currency; `bias_log` is the mean of answered − paid in
    logs; `median_ape`, `within_10` and `within_20` are shares. `cod` (percent), `prd` and `prb` are the assessors'
    (IAAO, Standard on Ratio Studies, 2013, appendix B): how far ratios of answered to paid scatter, and whether
    dear houses are treated like cheap ones.
    """
    log_error = np.log(answered) - np.log(paid)
    error = answered - paid
    share = np.abs(error) / paid
    ratio = answered / paid
    median = float(np.median(ratio))
    # PRB regresses the ratio on the binary log of half answer, half price: neither alone is without error.
    value = np.log2(0.5 * paid + 0.5 * answered / median)
    spread = value - value.mean()
    wide = float((spread**2).mean())
    slope = float((spread * (ratio - median) / median).mean() / wide) if wide > 1e-12 else 0.0  # all of one value: none
    return {
        "sales": len(paid),
        "log_rmse": float(np.sqrt((log_error**2).mean())),
        "bias_log": float(log_error.mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "mae": float(np.abs(error).mean()),
        "median_ape": float(np.median(share)),
        "within_10": float((share <= 0.10).mean()),
        "within_20": float((share <= 0.20).mean()),
        "cod": float(100 * np.abs(ratio - median).mean() / median),
        "prd": float(ratio.mean() / (answered.sum() / paid.sum())),
        "prb": slope,
    }


def with_bounds(paid: Prices, answered: Prices, seed: int) -> dict[str, Any]:
    """Give back the measures, and below `ci95` the bounds of each in 95 % of resamplings (percentile bootstrap)."""
    draw = np.random.default_rng(seed)
    resampled = []
    for _ in range(RESAMPLINGS):
        rows = draw.integers(0, len(paid), len(paid))
        resampled.append(measure(paid[rows], answered[rows]))
    bounds = {
        name: np.quantile([found[name] for found in resampled], [0.025, 0.975]).tolist()
        for name in resampled[0]
        if name != "sales"
    }
    return {**measure(paid, answered), "ci95": bounds}


def measure_interval(paid: Prices, answered: Prices, low: Prices, high: Prices) -> dict[str, float]:
    """Give back the share of prices that fell into their interval, and the interval's mean width over the answer."""
    return {
        "coverage": float(((paid >= low) & (paid <= high)).mean()),
        "mean_relative_width": float(((high - low) / answered).mean()),
    }
