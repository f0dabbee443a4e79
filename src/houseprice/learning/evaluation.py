"""Feature table in, honest numbers and the model that they are about out.

Three numbers are always given: folds by parcel and rolling origins, both within the training rows, and the newest
sales, which nothing has seen and which are opened once, here, at the end.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from houseprice.config import Config
from houseprice.learning import baselines, model_comparison
from houseprice.learning.conformal import Spread, fit_spread, quantile
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import matrix
from houseprice.learning.metrics import Prices, measure, measure_interval, with_bounds
from houseprice.learning.slices import Answers, by_slice, worst
from houseprice.learning.splitting import HOLDOUT, RESOLD, TRAIN, Rows, folds, origins
from houseprice.learning.training import PriceModel

Tell = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""


@dataclass(frozen=True)
class Evaluation:
    """What was learned, and how well it answers.

    Attributes:
        model: fitted on the training rows, its interval measured on answers to rows not learned from.
        metrics: `holdout`, `rolling_origin`, `grouped_folds`, `resold` (when there are such sales) and `baselines`,
            as `metrics.measure` gives them, the first three with bounds; `slices` of the holdout; what was counted.
        holdout: positions of the newest sales in the table.
        answers: the model's price, low and high for every row of the table.
        out_of_fold: log error of every training row in the grouped folds, to compare with another model's.
        constant_width: half the width, in log price, that an interval as wide for every house would have.
    """

    model: PriceModel
    metrics: dict[str, Any]
    holdout: Rows
    answers: Answers
    out_of_fold: pl.DataFrame
    constant_width: float


def evaluate(table: FeatureTable, config: Config, tell: Tell) -> Evaluation:
    """Give back the model fitted on the training rows, and its honest numbers."""
    train, seed = table.rows(TRAIN), config.training.seed
    by_parcel = list(folds(table.parcels[train], config.split.folds, seed))
    by_time = list(origins(table.days[train], table.parcels[train], config.split.origins))
    steps = Steps(tell, len(by_parcel) + len(by_time) + 2 + int(config.training.refit))

    metrics: dict[str, Any] = {}
    rows, answered = _refit(table, train, by_parcel, config, steps, "grouped folds")
    metrics["grouped_folds"] = with_bounds(table.prices[rows], answered, seed)
    errors = np.zeros(len(table.prices))
    errors[rows] = np.log(table.prices[rows]) - np.log(answered)
    fold = np.repeat(np.arange(len(by_parcel)), [len(judged) for _, judged in by_parcel])
    out_of_fold = model_comparison.answers(table.parcels[rows], table.days[rows], fold, errors[rows])
    rolled, answered = _refit(table, train, by_time, config, steps, "rolling origins")
    metrics["rolling_origin"] = with_bounds(table.prices[rolled], answered, seed)
    late = np.log(table.prices[rolled]) - np.log(answered)

    steps.take("all training sales")
    model = fit(table, train, config)
    forest, sizes = fit_spread(matrix(table.features[train]), errors[train], by_parcel, seed)
    usual = np.zeros(len(table.prices))
    usual[train] = sizes
    spread = Spread(forest, quantile(np.abs(late) / usual[rolled], config.interval.coverage))
    model.calibrate(spread, smearing=float(np.exp(late).mean()))
    steps.take("newest sales")
    answers = model.predict_interval(table.features)
    constant = quantile(np.abs(late), config.interval.coverage)
    metrics |= measure_newest(table, config, answers, constant)
    return Evaluation(model, metrics, table.rows(HOLDOUT), answers, out_of_fold, constant)


def refit(table: FeatureTable, evaluation: Evaluation, config: Config) -> PriceModel:
    """Give back the model that is to be published: fitted on every sale when so configured, the newest ones included.

    Its interval and its numbers are those of the judged model, which saw fewer sales.
    """
    if not config.training.refit:
        return evaluation.model
    model = fit(table, np.arange(len(table.prices)), config)
    judged = evaluation.model
    assert judged.spread_ is not None  # noqa: S101 - evaluate() has measured it
    return model.calibrate(judged.spread_, judged.smearing_)


def fit(table: FeatureTable, rows: Rows, config: Config) -> PriceModel:
    """Give back a model fitted on some rows."""
    return PriceModel(config.training).fit(table.features[rows], table.prices[rows])


class Steps:
    """Counts the fits, so that whoever waits can be told."""

    def __init__(self, tell: Tell, total: int) -> None:
        self._tell, self._total, self._taken = tell, total, 0

    def take(self, what: str) -> None:
        """Tell that a step begins."""
        self._tell(what, self._taken, self._total)
        self._taken += 1


def measure_newest(table: FeatureTable, config: Config, answers: Answers, constant_width: float) -> dict[str, Any]:
    """Open the newest sales: give back the measures of what was answered to them, and of the baselines.

    `constant_width` is half the width, in log price, of the interval that would be as wide for every house.
    """
    train, holdout, resold = table.rows(TRAIN), table.rows(HOLDOUT), table.rows(RESOLD)
    paid = table.prices[holdout]
    price, low, high = (values[holdout] for values in answers)
    found = with_bounds(paid, price, config.training.seed) | measure_interval(paid, price, low, high)
    flat = measure_interval(paid, price, price * np.exp(-constant_width), price * np.exp(constant_width))
    found["constant_width"] = flat
    slices = by_slice(table, holdout, (price, low, high))
    metrics: dict[str, Any] = {"holdout": found, "slices": slices, "worst_slice": worst(slices) if slices else ""}
    if len(resold):
        metrics["resold"] = measure(table.prices[resold], answers[0][resold])
    metrics["baselines"] = _baselines(table, train, holdout, config)
    metrics["sides"] = {"train": len(train), "holdout": len(holdout), "resold": len(resold)}
    metrics["first_holdout_date"] = _date(table.days[holdout].min())
    metrics["newest_training_date"] = _date(table.days[train].max())
    metrics["newest_date"] = _date(table.days.max())
    return metrics


def _date(day: Any) -> str:
    return str(np.datetime64(int(day), "D"))


def _refit(
    table: FeatureTable, train: Rows, pairs: list[tuple[Rows, Rows]], config: Config, steps: Steps, what: str
) -> tuple[Rows, Prices]:
    """Fit anew for each pair; give back the judged rows of the table and the price that each was answered with."""

    def answers() -> Iterator[tuple[Rows, Prices]]:
        for number, (learned, judged) in enumerate(pairs, 1):
            steps.take(f"{what} {number} of {len(pairs)}")
            yield train[judged], fit(table, train[learned], config).predict(table.features[train[judged]])

    rows, prices = zip(*answers(), strict=True)
    return np.concatenate(rows), np.concatenate(prices)


def _baselines(table: FeatureTable, train: Rows, holdout: Rows, config: Config) -> dict[str, dict[str, float]]:
    paid = table.prices[holdout]
    learned: pl.DataFrame = table.features[train]
    linear = baselines.ridge(learned, config.training.ridge_alpha).fit(learned, np.log(table.prices[train]))
    logs: dict[str, Prices] = {
        "constant": baselines.constant_log(table.prices[train], len(holdout)),
        "ridge": linear.predict(table.features[holdout]),
    }
    return {name: measure(paid, np.exp(log)) for name, log in logs.items()}
