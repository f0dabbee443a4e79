"""Comparison of two models on the same out-of-fold sales, paired by fold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

KEYS = ("parcel", "day")
LEVEL = 0.95


@dataclass(frozen=True)
class Comparison:
    """How much larger the challenger's mean squared log error is than the champion's, paired by fold.

    `low` and `high` bound the difference with 95 % confidence (Student's t over folds); all 0 for equal predictions.
    """

    difference: float
    low: float
    high: float
    folds: int

    @property
    def worse(self) -> bool:
        """Whether the challenger is worse beyond the noise."""
        return self.low > 0.0

    @property
    def promotes(self) -> bool:
        """Whether the challenger may take the champion's place: better beyond the noise, or the very same."""
        return self.high < 0.0 or (self.difference == 0.0 and self.high == 0.0)


def out_of_fold_errors(
    parcels: npt.NDArray[np.str_],
    days: npt.NDArray[np.int64],
    fold: npt.NDArray[np.int64],
    log_error: npt.NDArray[np.float64],
) -> pl.DataFrame:
    """Return the table of a model's out-of-fold log errors, as it is stored with its run."""
    return pl.DataFrame({"parcel": parcels.tolist(), "day": days, "fold": fold, "log_error": log_error})


def compare_with_champion(challenger: pl.DataFrame, champion_csv: bytes | None) -> Comparison | None:
    """Compare with the champion by the CSV of its out-of-fold errors; None where there is none to compare with."""
    if champion_csv is None:
        return None
    return compare(challenger, pl.read_csv(champion_csv, schema_overrides={"parcel": pl.String}))


def compare(challenger: pl.DataFrame, champion: pl.DataFrame) -> Comparison | None:
    """Compare on the sales that both predicted out of fold; None when they share less than half of them."""
    both = challenger.join(champion.select(*KEYS, champion_error="log_error"), on=list(KEYS), how="inner")
    by_fold = (
        both.group_by("fold")
        .agg((pl.col("log_error") ** 2 - pl.col("champion_error") ** 2).mean().alias("difference"))
        .sort("fold")["difference"]
        .to_numpy()
    )
    if both.height < challenger.height / 2 or len(by_fold) < 2:
        return None
    mean = float(by_fold.mean())
    half = float(stats.t.ppf(0.5 + LEVEL / 2, len(by_fold) - 1) * by_fold.std(ddof=1) / np.sqrt(len(by_fold)))
    return Comparison(mean, mean - half, mean + half, len(by_fold))
