"""Evaluation of the model: grouped folds, rolling origins and the held-out sales.

Grouped folds by parcel and rolling origins both lie within the training rows. The newest sales are held out: nothing is
fitted to them, and nothing is selected by their error. Where sales cannot be divided by time, whole houses are held out
at random instead, and there are no rolling origins. That error is no secret, though: whoever trains sees it, and
docs/experiments.md states it for many variants.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.bundle.golden import OUTPUTS
from houseprice.config import Config, FoundTraining
from houseprice.learning import baselines, model_comparison
from houseprice.learning.calibration import Calibration
from houseprice.learning.conformal import ONE_SIGMA, ConformalInterval, Period, fit_residual_scale, interval_factor
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import matrix
from houseprice.learning.hyperparameters.search import find_hyperparameters
from houseprice.learning.relative_metrics import relative_metrics
from houseprice.learning.rolling_origins import forecast, market_factor, measure_origins, promise
from houseprice.learning.side_by_side import side_by_side
from houseprice.learning.slices import Predictions, by_slice, worst
from houseprice.learning.splitting import HOLDOUT, RESOLD, TRAIN, Rows, folds, origins
from houseprice.learning.training import PriceModel
from houseprice.metrics import Prices, measure, measure_fsd, measure_interval, measure_standardised, with_bounds
from houseprice.schema import Schema

ProgressCallback = Callable[[str, int, int], None]
"""Called with the current step, the number of finished steps and the total."""


@dataclass(frozen=True)
class Evaluation:
    """A trained model and its metrics.

    Attributes:
        model: fitted on the training rows, its interval calibrated on out-of-sample predictions.
        metrics: `holdout`, `rolling_origin` (by time only), `grouped_folds`, `resold` (when there are such sales) and
            `baselines`, as `metrics.measure` gives them, the first three with bounds; `slices` of the holdout;
            `relative`, as `relative_metrics` gives them; `protocol`; what was counted.
        holdout: positions of the held-out sales in the table.
        predictions: price, low and high for every row of the table.
        fsd: forecast standard deviation of each.
        out_of_fold: log error of every training row in the grouped folds, to compare with another model's.
        constant_width: half-width, in log price, of the conformal interval that is as wide for every house.
        interval: of a model that is fitted on the holdout as well: calibrated on the holdout, too.
    """

    model: PriceModel
    metrics: dict[str, Any]
    holdout: Rows
    predictions: Predictions
    fsd: Prices
    out_of_fold: pl.DataFrame
    constant_width: float
    interval: ConformalInterval


def evaluate(table: FeatureTable, config: Config, progress: ProgressCallback) -> Evaluation:
    """Return the model fitted on the training rows, and its metrics."""
    train, seed = table.rows(TRAIN), config.training.seed
    by_parcel = list(folds(table.parcels[train], config.split.folds, seed))
    protocol = table.protocol(config.split)
    by_time = list(_origins(table, train, config)) if protocol.kind == "time" else []
    again = _repeated_folds(table.parcels[train], config)
    fits = len(by_parcel) * (1 + len(again)) + len(by_time)
    steps = Steps(progress, fits + 3 + int(config.training.refit))
    steps.take("hyperparameters")
    config = config.model_copy(update={"training": found_training(table, train, config)})

    metrics: dict[str, Any] = {}
    rows, y_pred = _cross_predict(table, train, by_parcel, config, steps, "grouped folds")
    metrics["grouped_folds"] = with_bounds(table.prices[rows], y_pred, seed)
    residuals = np.zeros(len(table.prices))
    residuals[rows] = np.log(table.prices[rows]) - np.log(y_pred)
    in_folds = [np.abs(residuals[train])]
    in_folds += [np.abs(_repeated_residuals(table, train, pairs, config, steps))[train] for pairs in again]
    fold = np.repeat(np.arange(len(by_parcel)), [len(validate) for _, validate in by_parcel])
    out_of_fold = model_comparison.out_of_fold_errors(table.parcels[rows], table.days[rows], fold, residuals[rows])
    rolled = None
    if by_time:
        houses = _houses_in_time(table, train, config)
        rolled = forecast(table, train, houses, by_time, _origin_models(table, train, by_time, config, steps))
        near = rolled.where(rolled.nearest)
        y_true = table.prices[near.rows]
        metrics["rolling_origin"] = with_bounds(y_true, y_true / np.exp(near.residuals), seed)

    steps.take("all training sales")
    model = fit(table, train, config)
    residual_scale, scales = fit_residual_scale(matrix(table.features[train]), residuals[train], by_parcel, seed)
    sizes = np.zeros(len(table.prices))
    sizes[train] = scales
    coverage = config.interval.coverage
    of_market = [market_factor(rolled, share) for share in (coverage, ONE_SIGMA)]
    in_samples = [Period(found, scales, np.zeros(len(scales))) for found in in_folds]
    calibration = Calibration(residual_scale, in_samples, coverage, *of_market)
    periods = [part.period(sizes) for part in rolled.of_each_origin()] if rolled else []
    if rolled:
        metrics["rolling_origin"] |= measure_origins(table, rolled, sizes, of_market[0], coverage)
    unseen_residuals = np.concatenate([period.residuals for period in periods]) if periods else residuals[rows]
    model.calibrate(calibration.interval(periods), smearing=float(np.exp(unseen_residuals).mean()))
    steps.take("held-out sales")
    price, low, high, fsd = map(model.predict_all(table.features).__getitem__, OUTPUTS)
    predictions = price, low, high
    flat = [Period(part.residuals, np.ones(len(part.sizes)), np.zeros(len(part.sizes))) for part in periods]
    constant = interval_factor(flat, in_folds, coverage, 0.0)
    metrics |= measure_holdout(table, config, predictions, fsd, constant)
    metrics["hyperparameters"] = model.hyperparameters()
    metrics["promise"] = promise(metrics)
    to_publish = calibration.interval([*periods, _holdout_period(table, model, calibration, price)])
    return Evaluation(model, metrics, table.rows(HOLDOUT), predictions, fsd, out_of_fold, constant, to_publish)


def _holdout_period(table: FeatureTable, model: PriceModel, calibration: Calibration, price: Prices) -> Period:
    """Return the held-out sales as one more period that an interval may be calibrated on."""
    rows = table.rows(HOLDOUT)
    features = matrix(table.features[rows])
    residuals = np.log(table.prices[rows]) - np.log(price[rows])
    return calibration.period(features, residuals, model.trend_.forecast_variance(features))


def _repeated_folds(parcels: npt.NDArray[np.str_], config: Config) -> list[list[tuple[Rows, Rows]]]:
    """Return further grouped folds when there are few sales.

    A fold's model then differs much from that of all sales, and from one division to the next: the interval covers the
    wanted share in the worst of them. CV+ (Barber et al. 2021, "Predictive inference with the jackknife+") takes the
    difference from the models of all folds, which one graph cannot hold.
    """
    if len(parcels) >= config.interval.few_sales:
        return []
    seeds = range(config.training.seed + 1, config.training.seed + config.interval.repeats)
    return [list(folds(parcels, config.split.folds, seed)) for seed in seeds]


def _repeated_residuals(
    table: FeatureTable, train: Rows, pairs: list[tuple[Rows, Rows]], config: Config, steps: "Steps"
) -> Prices:
    """Return the log error of each row of the table in further folds, 0 outside them."""
    rows, y_pred = _cross_predict(table, train, pairs, config, steps, "repeated folds")
    residuals = np.zeros(len(table.prices))
    residuals[rows] = np.log(table.prices[rows]) - np.log(y_pred)
    return residuals


def _origin_models(
    table: FeatureTable, train: Rows, pairs: list[tuple[Rows, Rows]], config: Config, steps: "Steps"
) -> Iterator[PriceModel]:
    tasks = [partial(fit, table, train[before], _on_one_thread(config)) for before, _ in pairs]
    for number, model in enumerate(side_by_side(tasks, config.training.threads), 1):
        steps.take(f"rolling origins {number} of {len(pairs)}")
        yield model


def refit(table: FeatureTable, evaluation: Evaluation, config: Config) -> PriceModel:
    """Return the model to publish: fitted on every sale if so configured, the newest ones included.

    Its metrics are those of the evaluated model, which was fitted on fewer sales. Its interval is that model's, but
    calibrated on the newest sales as well.
    """
    if not config.training.refit:
        return evaluation.model
    found = config.model_copy(update={"training": evaluation.model.found_})
    model = fit(table, np.arange(len(table.prices)), found)
    return model.calibrate(evaluation.interval, evaluation.model.smearing_)


def found_training(table: FeatureTable, rows: Rows, config: Config) -> FoundTraining:
    """Return the options of training with the hyperparameters that are `auto` found on some rows.

    They are found once, on all training rows, and hold in every fold: some dozens of numbers that thousands of
    validation rows had a part in. The newest sales had none.
    """
    return find_hyperparameters(
        table.features[rows],
        table.prices[rows],
        config.training,
        groups=table.parcels[rows],
        places=places(table.schema),
    )


def places(schema: Schema) -> tuple[str, ...]:
    """Return the columns that say where a house is."""
    roles = schema.roles()
    return tuple(roles[role] for role in ("latitude", "longitude") if role in roles)


def fit(table: FeatureTable, rows: Rows, config: Config) -> PriceModel:
    """Return a model fitted on some rows."""
    model = PriceModel(config.training, places(table.schema))
    return model.fit(table.features[rows], table.prices[rows], table.parcels[rows])


class Steps:
    """Counter of the fits, for reports of the progress."""

    def __init__(self, progress: ProgressCallback, total: int) -> None:
        self._progress, self._total, self._taken = progress, total, 0

    def take(self, what: str) -> None:
        """ProgressCallback that a step begins."""
        self._progress(what, self._taken, self._total)
        self._taken += 1


def measure_holdout(
    table: FeatureTable, config: Config, predictions: Predictions, fsd: Prices, constant_width: float
) -> dict[str, Any]:
    """Open the held-out sales: return the measures of what was y_pred to them, and of the baselines.

    `predictions` and `fsd` are of every row of the table; `constant_width` is half the width, in log price, of the
    interval that would be as wide for every house.
    """
    train, holdout, resold = table.rows(TRAIN), table.rows(HOLDOUT), table.rows(RESOLD)
    y_true = table.prices[holdout]
    price, low, high = (values[holdout] for values in predictions)
    holdout_metrics = with_bounds(y_true, price, config.training.seed) | measure_interval(y_true, price, low, high)
    flat = measure_interval(y_true, price, price * np.exp(-constant_width), price * np.exp(constant_width))
    holdout_metrics["constant_width"] = flat
    holdout_metrics |= measure_fsd(y_true, price, fsd[holdout])
    holdout_metrics["standardised"] = measure_standardised(y_true, price, fsd[holdout])
    slices = by_slice(table, holdout, (price, low, high))
    metrics: dict[str, Any] = {
        "holdout": holdout_metrics,
        "slices": slices,
        "worst_slice": worst(slices) if slices else "",
    }
    if len(resold):
        metrics["resold"] = measure(table.prices[resold], predictions[0][resold])
    baseline_prices = _baseline_prices(table, train, holdout, config)
    metrics["baselines"] = {name: measure(y_true, predicted) for name, predicted in baseline_prices.items()}
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


def _origins(table: FeatureTable, train: Rows, config: Config) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rolling origins of the training rows."""
    return origins(table.days[train], _houses_in_time(table, train, config), config.split.origins)


def _houses_in_time(table: FeatureTable, train: Rows, config: Config) -> npt.NDArray[np.str_]:
    """Return the house of each training row; by time, none where houses are not kept together."""
    return table.parcels[train] if table.protocol(config.split).grouped else train.astype(str)


def _date(day: Any) -> str:
    return str(np.datetime64(int(day), "D"))


def _cross_predict(
    table: FeatureTable, train: Rows, pairs: list[tuple[Rows, Rows]], config: Config, steps: Steps, what: str
) -> tuple[Rows, Prices]:
    """Fit anew for each pair; return the validation rows of the table and their predicted prices."""
    judged = [train[validate] for _, validate in pairs]
    tasks = [
        partial(_predict_others, table, train[learn], rows, _on_one_thread(config))
        for (learn, _), rows in zip(pairs, judged, strict=True)
    ]
    prices = []
    for number, y_pred in enumerate(side_by_side(tasks, config.training.threads), 1):
        steps.take(f"{what} {number} of {len(pairs)}")
        prices.append(y_pred)
    return np.concatenate(judged), np.concatenate(prices)


def _predict_others(table: FeatureTable, learn: Rows, judged: Rows, config: Config) -> Prices:
    """Return the prices of some rows by a model of others."""
    return fit(table, learn, config).predict(table.features[judged])


def _on_one_thread(config: Config) -> Config:
    return config.model_copy(update={"training": config.training.model_copy(update={"threads": 1})})


def _baseline_prices(table: FeatureTable, train: Rows, holdout: Rows, config: Config) -> dict[str, Prices]:
    training: pl.DataFrame = table.features[train]
    linear = baselines.ridge(training, config.training.ridge_alpha).fit(training, np.log(table.prices[train]))
    logs: dict[str, Prices] = {
        "constant": baselines.constant_log(table.prices[train], len(holdout)),
        "ridge": linear.predict(table.features[holdout]),
    }
    return {name: np.exp(log) for name, log in logs.items()}
