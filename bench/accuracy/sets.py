"""Sets of sales that learners are compared on: features, prices, and the rows to learn from and to judge with."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.config import Training
from houseprice.learning.splitting import HOLDOUT, TRAIN, Rows, split

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "bench"
HOLDOUT_SHARE = 0.15
Logs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SalesSet:
    """Sales of one place, and how learners are judged on them.

    Attributes:
        title: what the table calls it.
        features: numbers (float32) and texts, one sale per row.
        prices: sale prices.
        houses: identifies the house of each sale; sales of one house stay on one side of a fold.
        pairs: rows to learn from, and rows to judge with, of each fold.
        places: features that say where a house is.
        must: log-RMSE that is to be reached; None: that of the peers is.
        mean: whether the errors of the folds are averaged, instead of pooled.
        configured: hyperparameters that were set by hand for this set.
    """

    title: str
    features: pl.DataFrame
    prices: Logs
    houses: npt.NDArray[np.str_]
    pairs: list[tuple[Rows, Rows]]
    places: tuple[str, ...] = ()
    must: float | None = None
    mean: bool = False
    configured: Training | None = None

    @property
    def log_prices(self) -> Logs:
        """Natural logs of the prices."""
        logs: Logs = np.log(self.prices)
        return logs

    def error(self, answers: dict[int, Logs]) -> float:
        """Return the log-RMSE of the folds that were answered."""
        errors = [answer - self.log_prices[self.pairs[fold][1]] for fold, answer in sorted(answers.items())]
        if self.mean:
            return float(np.mean([np.sqrt((error**2).mean()) for error in errors]))
        return float(np.sqrt((np.concatenate(errors) ** 2).mean()))


class AbsentError(Exception):
    """The file of a set is not there."""


def newest_held_out(days: npt.NDArray[np.int64], houses: npt.NDArray[np.str_]) -> list[tuple[Rows, Rows]]:
    """Return the one pair of older sales, and of other houses among the newest ones."""
    side = split(days, houses, HOLDOUT_SHARE)
    return [(np.flatnonzero(side == TRAIN), np.flatnonzero(side == HOLDOUT))]
