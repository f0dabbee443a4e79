"""Measures of the held-out sales: of the model's answers, and of the baselines that people would use instead."""

from typing import Any

import numpy as np
import polars as pl

from houseprice.config import Config
from houseprice.learning import baselines
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.hit_rate import measure_hit_rate
from houseprice.learning.relative_metrics import relative_metrics
from houseprice.learning.slices import Predictions, by_slice, worst
from houseprice.learning.spatial_autocorrelation import measure_spatial_autocorrelation
from houseprice.learning.splitting import HOLDOUT, RESOLD, TRAIN, Rows
from houseprice.learning.trend import Trend
from houseprice.metrics import Prices, measure, measure_fsd, measure_interval, measure_standardised, with_bounds


def measure_holdout(
    table: FeatureTable, config: Config, predictions: Predictions, fsd: Prices, constant_width: float, trend: Trend
) -> dict[str, Any]:
    """Open the held-out sales: return the measures of what was predicted for them, and of the baselines.

    `predictions` and `fsd` are of every row of the table; `constant_width` is half the width, in log price, of the
    interval that would be as wide for every house; `trend` is that of the model.
    """
    train, holdout, resold = table.rows(TRAIN), table.rows(HOLDOUT), table.rows(RESOLD)
    resold = resold[np.isin(table.parcels[resold], table.parcels[train])]  # of a sample, the first sale may be missing
    y_true = table.prices[holdout]
    price, low, high = (values[holdout] for values in predictions)
    holdout_metrics = with_bounds(y_true, price, config.training.seed) | measure_interval(y_true, price, low, high)
    flat = measure_interval(y_true, price, price * np.exp(-constant_width), price * np.exp(constant_width))
    holdout_metrics["constant_width"] = flat
    holdout_metrics |= measure_fsd(y_true, price, fsd[holdout])
    holdout_metrics["hit_rate"] = measure_hit_rate(y_true, price, fsd[holdout])
    errors = np.log(price) - np.log(y_true)
    autocorrelation = measure_spatial_autocorrelation(table, holdout, errors, config.training.seed)
    holdout_metrics["spatial_autocorrelation"] = autocorrelation
    holdout_metrics["standardised"] = measure_standardised(y_true, price, fsd[holdout])
    slices = by_slice(table, holdout, (price, low, high))
    metrics: dict[str, Any] = {
        "holdout": holdout_metrics,
        "slices": slices,
        "worst_slice": worst(slices) if slices else "",
    }
    baseline_prices = _baseline_prices(table, train, holdout, config)
    metrics["baselines"] = {name: measure(y_true, predicted) for name, predicted in baseline_prices.items()}
    if len(resold):
        metrics["resold"] = measure(table.prices[resold], predictions[0][resold])
        carried = baselines.last_sale(table, train, resold, trend)
        metrics["baselines"]["last_sale"] = measure(table.prices[resold], carried)
    metrics["relative"] = relative_metrics(
        table, holdout, (price, low, high), constant_width, baseline_prices, config.training.seed
    )
    metrics["sides"] = {"train": len(train), "holdout": len(holdout), "resold": len(resold)}
    protocol = table.protocol(config.split)
    metrics["protocol"] = {"kind": protocol.kind, "reason": protocol.reason, "grouped": protocol.grouped}
    if table.has_dates:
        if protocol.kind == "time":
            metrics["first_holdout_date"] = _date(table.days[holdout].min())
        metrics["newest_training_date"] = _date(table.days[train].max())
        metrics["newest_date"] = _date(table.days.max())
    return metrics


def _date(day: Any) -> str:
    return str(np.datetime64(int(day), "D"))


def _baseline_prices(table: FeatureTable, train: Rows, holdout: Rows, config: Config) -> dict[str, Prices]:
    training: pl.DataFrame = table.features[train]
    linear = baselines.ridge(training, config.training.ridge_alpha).fit(training, np.log(table.prices[train]))
    found: dict[str, Prices] = {
        "constant": np.exp(baselines.constant_log(table.prices[train], len(holdout))),
        "ridge": np.exp(linear.predict(table.features[holdout])),
    }
    nearest = baselines.nearest_sales(table, train, holdout)
    return found if nearest is None else found | {"nearest_sales": nearest}
