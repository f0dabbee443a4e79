"""Fits of the model to some rows of a feature table, and the prices that it predicts for others."""

from collections.abc import Callable
from functools import partial

import numpy as np

from houseprice.config import Config, FoundTraining
from houseprice.learning.blas_threads import blas_threads
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import matrix
from houseprice.learning.hyperparameters.search import find_hyperparameters
from houseprice.learning.side_by_side import side_by_side
from houseprice.learning.splitting import Rows
from houseprice.learning.training import PriceModel
from houseprice.metrics import Prices
from houseprice.schema import Schema

ProgressCallback = Callable[[str, int, int], None]
"""Called with the current step, the number of finished steps and the total."""


class Steps:
    """Counter of the fits, for reports of the progress."""

    def __init__(self, progress: ProgressCallback, total: int) -> None:
        self._progress, self._total, self._taken = progress, total, 0

    def take(self, what: str) -> None:
        """Tell that a step begins."""
        self._progress(what, self._taken, self._total)
        self._taken += 1


def found_training(table: FeatureTable, rows: Rows, config: Config) -> FoundTraining:
    """Return the options of training with the hyperparameters that are `auto` found on some rows.

    They are found once, on all training rows, and hold in every fold: some dozens of numbers that thousands of
    validation rows had a part in. The newest sales had none.
    """
    with blas_threads(len(rows)):
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
    others = None if table.unsampled is None else table.unsampled.beside(rows, table.days)
    with blas_threads(len(rows)):
        return model.fit(table.features[rows], table.prices[rows], table.parcels[rows], others)


def cross_predict(
    table: FeatureTable, train: Rows, pairs: list[tuple[Rows, Rows]], config: Config, steps: Steps, what: str
) -> tuple[Rows, Prices, Prices]:
    """Fit anew for each pair; return the validation rows of the table, their predicted prices and log prices detrended.

    The latter are less the trend of the model that predicts.
    """
    judged = [train[validate] for _, validate in pairs]
    tasks = [
        partial(predict_others, table, train[learn], rows, on_one_thread(config))
        for (learn, _), rows in zip(pairs, judged, strict=True)
    ]
    predicted = []
    for number, found in enumerate(side_by_side(tasks, config.training.threads), 1):
        steps.take(f"{what} {number} of {len(pairs)}")
        predicted.append(found)
    prices, detrended = zip(*predicted, strict=True)
    return np.concatenate(judged), np.concatenate(prices), np.concatenate(detrended)


def predict_others(table: FeatureTable, learn: Rows, judged: Rows, config: Config) -> tuple[Prices, Prices]:
    """Return the prices of some rows by a model of others, and their logs less its trend."""
    model, features = fit(table, learn, config), table.features[judged]
    y_pred = model.predict(features)
    return y_pred, np.asarray(np.log(y_pred) - model.trend_.predict(matrix(features)))


def on_one_thread(config: Config) -> Config:
    """Return the configuration with a single thread for each fit, of which some run side by side."""
    return config.model_copy(update={"training": config.training.model_copy(update={"threads": 1})})
