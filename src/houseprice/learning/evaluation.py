"""Evaluation of the model: grouped folds, rolling origins and the held-out sales.

Grouped folds by parcel and rolling origins both lie within the training rows. The newest sales are held out: nothing is
fitted to them, and nothing is selected by their error. Where sales cannot be divided by time, whole houses are held out
at random instead, and there are no rolling origins. That error is no secret, though: whoever trains sees it, and
docs/experiments.md states it for many variants.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.bundle.golden import OUTPUTS
from houseprice.bundle.random_sample import draw_sample
from houseprice.config import Config
from houseprice.learning import model_comparison, out_of_sample
from houseprice.learning.calibration import Calibration
from houseprice.learning.conformal import (
    ONE_SIGMA,
    ConformalInterval,
    Factors,
    Period,
    fit_residual_scale,
    interval_factor,
)
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import matrix
from houseprice.learning.fitting import (
    ProgressCallback,
    Steps,
    cross_predict,
    fit,
    found_training,
    on_one_thread,
)
from houseprice.learning.holdout import measure_holdout
from houseprice.learning.interval_ends import fit_interval_ends
from houseprice.learning.noise_floor import measure_noise_floor
from houseprice.learning.rolling_origins import forecast, market_factor, measure_origins, promise
from houseprice.learning.sample_loss import measure_sample
from houseprice.learning.side_by_side import side_by_side
from houseprice.learning.slices import Predictions
from houseprice.learning.splitting import HOLDOUT, TRAIN, Rows, folds, origins
from houseprice.learning.training import PriceModel
from houseprice.metrics import Prices, with_bounds


@dataclass(frozen=True)
class Evaluation:
    """A trained model and its metrics.

    Attributes:
        model: fitted on the training rows, its interval calibrated on out-of-sample predictions.
        metrics: `holdout`, `rolling_origin` (by time only), `grouped_folds`, `resold` (when there are such sales) and
            `baselines`, as `metrics.measure` gives them, the first three with bounds; `slices` of the holdout;
            `relative`, as `relative_metrics` gives them; `noise_floor`, as `measure_noise_floor` does; `protocol`; what
            was counted.
        holdout: positions of the held-out sales in the table.
        predictions: price, low and high for every row of the table.
        fsd: forecast standard deviation of each.
        out_of_fold: log error of every training row in the grouped folds, to compare with another model's.
        out_of_sample: predictions of held-out and of training sales by models that had not seen them.
        constant_width: half-width, in log price, of the conformal interval that is as wide for every house.
        interval: of a model that is fitted on the holdout as well: calibrated on the holdout, too.
    """

    model: PriceModel
    metrics: dict[str, Any]
    holdout: Rows
    predictions: Predictions
    fsd: Prices
    out_of_fold: pl.DataFrame
    out_of_sample: pl.DataFrame
    constant_width: float
    interval: ConformalInterval


def evaluate(table: FeatureTable, config: Config, progress: ProgressCallback) -> Evaluation:
    """Return the model fitted on the training rows, and its metrics."""
    train, seed, coverage = table.rows(TRAIN), config.training.seed, config.interval.coverage
    by_parcel = list(folds(table.parcels[train], config.split.folds, seed))
    protocol = table.protocol(config.split)
    by_time = list(_origins(table, train, config)) if protocol.kind == "time" else []
    again = _repeated_folds(table.parcels[train], config)
    fits = len(by_parcel) * (1 + len(again)) + len(by_time)
    steps = Steps(progress, fits + 3 + int(config.training.refit) + int(table.unsampled is not None))
    steps.take("hyperparameters")
    config = config.model_copy(update={"training": found_training(table, train, config)})

    metrics: dict[str, Any] = {}
    rows, y_pred, detrended = cross_predict(table, train, by_parcel, config, steps, "grouped folds")
    metrics["grouped_folds"] = with_bounds(table.prices[rows], y_pred, seed)
    metrics |= measure_sample(table, train, by_parcel[0], y_pred, config, steps)
    others = (cross_predict(table, train, pairs, config, steps, "repeated folds") for pairs in again)
    divisions = [_by_row(table, *predicted) for predicted in ((rows, y_pred, detrended), *others)]
    residuals, _ = divisions[0]
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
    of_interval, of_fsd = (market_factor(rolled, share) for share in (coverage, ONE_SIGMA))
    in_folds = [Period(errors[train], scales, np.zeros(len(train)), logs[train]) for errors, logs in divisions]
    ends = fit_interval_ends(in_folds[0].residuals, scales, in_folds[0].detrended, coverage)
    calibration = Calibration(residual_scale, in_folds, coverage, of_interval, of_fsd, ends)
    periods = [part.period(sizes) for part in rolled.of_each_origin()] if rolled else []
    if rolled:
        metrics["rolling_origin"] |= measure_origins(table, rolled, sizes, ends, of_interval, coverage)
    unseen_residuals = np.concatenate([period.residuals for period in periods]) if periods else residuals[rows]
    interval = calibration.interval(periods)
    model.calibrate(interval, smearing=float(np.exp(unseen_residuals).mean()))
    steps.take("held-out sales")
    price, low, high, fsd = map(model.predict_all(table.features).__getitem__, OUTPUTS)
    flat = [part._replace(sizes=np.ones(len(part.sizes))) for part in periods]
    constant = interval_factor(flat, [np.abs(sample.residuals) for sample in in_folds], coverage, 0.0)
    metrics |= measure_holdout(table, config, (price, low, high), fsd, constant, model.trend_)
    metrics["noise_floor"] = measure_noise_floor(table, model, _unseen_fsd(fsd, sizes, interval.fsd), price, seed)
    metrics["hyperparameters"] = model.hyperparameters()
    metrics["promise"] = promise(metrics)
    unseen = out_of_sample.collect(table, (price, low, high), rolled, (rows, y_pred, detrended), sizes, calibration)
    return Evaluation(
        model, metrics, table.rows(HOLDOUT), (price, low, high), fsd, out_of_fold, unseen, constant,
        interval=calibration.interval([*periods, _holdout_period(table, model, calibration, price)]),
    )  # fmt: skip


def _unseen_fsd(fsd: Prices, sizes: Prices, factors: Factors) -> Prices:
    """Return the FSD of each row by a residual scale that has not seen it.

    `fsd` is that of the model, and `sizes` the usual size of the residual of each training row, 0 of the others.
    """
    return np.where(sizes > 0, factors.half_width(np.log(np.where(sizes > 0, sizes, 1.0))), fsd)


def _holdout_period(table: FeatureTable, model: PriceModel, calibration: Calibration, price: Prices) -> Period:
    """Return the held-out sales as one more period that an interval may be calibrated on."""
    rows = table.rows(HOLDOUT)
    features = matrix(table.features[rows])
    residuals = np.log(table.prices[rows]) - np.log(price[rows])
    detrended = np.log(price[rows]) - model.trend_.predict(features)
    return calibration.period(features, residuals, detrended, model.trend_.forecast_variance(features))


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


def _by_row(table: FeatureTable, rows: Rows, y_pred: Prices, detrended: Prices) -> tuple[Prices, Prices]:
    """Return log error and detrended prediction of each row of the table; 0 of rows that were not predicted."""
    of_all = np.zeros((2, len(table.prices)))
    of_all[:, rows] = np.log(table.prices[rows]) - np.log(y_pred), detrended
    return of_all[0], of_all[1]


def _origin_models(
    table: FeatureTable, train: Rows, pairs: list[tuple[Rows, Rows]], config: Config, steps: "Steps"
) -> Iterator[PriceModel]:
    tasks = [partial(fit, table, train[before], on_one_thread(config)) for before, _ in pairs]
    for number, model in enumerate(side_by_side(tasks, config.training.threads), 1):
        steps.take(f"rolling origins {number} of {len(pairs)}")
        yield model


def refit(table: FeatureTable, evaluation: Evaluation, config: Config) -> PriceModel:
    """Return the model to publish: fitted on every sale if so configured, the newest ones included.

    Its metrics are those of the evaluated model, which was fitted on fewer sales. Its interval is that model's, but
    calibrated on the newest sales as well. It holds what the evaluated model answered to the random sample of the
    holdout.
    """
    model = evaluation.model
    if config.training.refit:
        found = config.model_copy(update={"training": evaluation.model.found_})
        model = fit(table, np.arange(len(table.prices)), found)
        model.calibrate(evaluation.interval, evaluation.model.smearing_)
    outputs = np.stack((*evaluation.predictions, evaluation.fsd), axis=1)
    sample = draw_sample(table.processed_sha256, table.sampled.held_out.tolist())
    rows = np.searchsorted(table.sampled.positions, np.array(sample, dtype=np.int64))
    model.evaluated_ = dict(zip(sample, outputs[rows].tolist(), strict=True))
    return model


def _origins(table: FeatureTable, train: Rows, config: Config) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rolling origins of the training rows."""
    return origins(table.days[train], _houses_in_time(table, train, config), config.split.origins)


def _houses_in_time(table: FeatureTable, train: Rows, config: Config) -> npt.NDArray[np.str_]:
    """Return the house of each training row; by time, none where houses are not kept together."""
    return table.parcels[train] if table.protocol(config.split).grouped else train.astype(str)
