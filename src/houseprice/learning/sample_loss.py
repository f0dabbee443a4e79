"""What it costs to learn from a sample of the sales: by how much the error would be smaller with all of them.

A model of half of the sample errs by more than one of all of it, which tells how the error falls with the number of
sales. As of a regression, the squared error is taken to be a constant and a part that falls as their number rises; of a
model that is more flexible it falls more slowly, so that the loss is rather too small then.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.config import Config
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.fitting import Steps, predict_others
from houseprice.learning.splitting import TRAIN, Rows
from houseprice.metrics import Prices

Floats = npt.NDArray[np.float64]
NORMAL_95 = 1.96


def measure_sample(
    table: FeatureTable, train: Rows, pair: tuple[Rows, Rows], y_pred: Prices, config: Config, steps: Steps
) -> dict[str, Any]:
    """Return `sample`: how many sales are learned from, and what is lost by it; nothing where that is all of them.

    Args:
        table: holds the sampled sales.
        train: positions of the training sales.
        pair: which of these are learned from in the first fold, and which are judged.
        y_pred: prices that its model predicts for the latter; those of other folds follow.
        config: what is fitted.
        steps: counts the fit of half of the sample.

    Returns:
        Beside what `sample_loss` gives, the number of `sales` and `of` how many, and the most `folds` and `origins`.
    """
    if table.unsampled is None:
        return {}
    steps.take("half of the sample")
    learn, judged = train[pair[0]], train[pair[1]]
    half = np.sort(np.random.default_rng(config.training.seed).permutation(learn)[: len(learn) // 2])
    log_prices = np.log(table.prices[judged])
    errors = np.log(y_pred[: len(judged)]) - log_prices
    of_half = np.log(predict_others(table, half, judged, config)[0]) - log_prices
    there_are = len(train) + int((table.unsampled.side == TRAIN).sum())
    counts = {"sales": len(train), "of": there_are, "folds": config.split.folds, "origins": config.split.origins}
    return {"sample": counts | sample_loss(errors, of_half, len(train), there_are)}


def sample_loss(errors: Floats, of_half: Floats, learned: int, there_are: int) -> dict[str, Any]:
    """Return the loss, as a share of the log-RMSE with all sales, and what it was found from.

    Args:
        errors: log errors of the model of a sample, on sales that it was not fitted on.
        of_half: those of a model of half of the sample, on the same sales.
        learned: sales of the sample.
        there_are: sales that it was drawn from.

    Returns:
        `log_rmse` and `log_rmse_of_half`; `loss`, with `loss_high`, the upper end of its 95 % interval.
    """
    mean, gains = float((errors**2).mean()), of_half**2 - errors**2
    gain, margin = float(gains.mean()), NORMAL_95 * float(gains.std() / np.sqrt(len(gains)))
    left = 1.0 - learned / there_are
    return {
        "log_rmse": float(np.sqrt(mean)),
        "log_rmse_of_half": float(np.sqrt((of_half**2).mean())),
        "loss": _loss(mean, gain * left),
        "loss_high": _loss(mean, (gain + margin) * left),
    }


def _loss(mean: float, gain: float) -> float:
    return float(np.sqrt(mean / max(mean - max(gain, 0.0), 1e-12)) - 1.0)
