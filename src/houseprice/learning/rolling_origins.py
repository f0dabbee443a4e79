"""Rolling origins: how well sales are predicted from the sales before them (Tashman 2000).

Each origin is a date; a model of the sales before it predicts those after it. What comes of that is what a model of all
sales can promise for the months to come: its usual error and coverage, those of the worst origin, and how both change
with the months ahead.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from houseprice.learning.conformal import Period, interval_factor
from houseprice.learning.derived_features import DAYS_A_MONTH
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.interval_ends import IntervalEnds
from houseprice.learning.splitting import Rows
from houseprice.learning.training import PriceModel
from houseprice.learning.trend_design import TIME

Floats = npt.NDArray[np.float64]
MIN_SALES = 30  # of an origin or of a month ahead; with fewer, its error is mostly noise
HORIZONS = (0, 1, 2, 3, 6, 12)
"""Months ahead between which errors are shown together."""
NORMAL_95 = 1.96
USUAL_ORIGINS = 5  # so many origins with the errors that the trend expects are assumed beside those that were found


@dataclass(frozen=True)
class Forecasts:
    """Predictions of later sales by models of the sales before an origin: one entry for each pair of both.

    Attributes:
        rows: position of the sale in the table.
        origin: number of the origin.
        months: between the newest sale before the origin and the sale.
        nearest: whether no other origin lies between; among these, each sale is there once.
        residuals: log actual − log predicted price.
        trend_variance: of the market's forecast, in squared log price.
        detrended: predicted log price less the trend.
    """

    rows: Rows
    origin: Rows
    months: Floats
    nearest: npt.NDArray[np.bool_]
    residuals: Floats
    trend_variance: Floats
    detrended: Floats

    def period(self, sizes: Floats) -> Period:
        """Return what calibrates an interval, given the usual size of the residual of each row of the table."""
        return Period(self.residuals, sizes[self.rows], self.trend_variance, self.detrended)

    def of_each_origin(self) -> list["Forecasts"]:
        """Return the nearest forecasts of each origin, so that each sale is there once."""
        return [self.where(self.nearest & (self.origin == number)) for number in np.unique(self.origin)]

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Forecasts":
        """Return some of the forecasts."""
        return Forecasts(*(getattr(self, field.name)[chosen] for field in fields(self)))


def forecast(
    table: FeatureTable,
    train: Rows,
    houses: npt.NDArray[np.str_],
    pairs: Sequence[tuple[Rows, Rows]],
    models: Iterable[PriceModel],
) -> Forecasts:
    """Return the forecasts of later training sales by the model of each origin, up to the last of `HORIZONS`.

    Args:
        table: holds the sales.
        train: positions of the training sales.
        houses: of each of them; a house that was sold before an origin is not predicted after it.
        pairs: for each origin, which of these lie before it, and which between it and the next one.
        models: for each origin, a model of the sales before it.
    """

    def parts() -> Iterator[Forecasts]:
        for number, ((before, window), model) in enumerate(zip(pairs, models, strict=True)):
            newest = table.days[train[before]].max()
            months = (table.days[train] - newest) / DAYS_A_MONTH
            later = (months > 0.0) & (months <= HORIZONS[-1]) & ~np.isin(houses, houses[before])
            later[window] = True
            rows, features = train[later], table.features[train[later]]
            nearest = np.zeros(len(train), dtype=bool)
            nearest[window] = True
            time = {TIME: features[TIME].to_numpy()} if TIME in features.columns else {}
            log_price = np.log(model.predict(features))
            yield Forecasts(
                rows,
                np.full(len(rows), number),
                months[later],
                nearest[later],
                np.log(table.prices[rows]) - log_price,
                np.asarray(model.trend_.forecast_variance(time)) + np.zeros(len(rows)),
                log_price - model.trend_.predict(time),
            )

    found = list(parts())
    return Forecasts(*(np.concatenate([getattr(part, field.name) for part in found]) for field in fields(Forecasts)))


def market_factor(forecasts: Forecasts | None, coverage: float) -> float:
    """Return by what the trend's standard error is multiplied, for an interval of this coverage.

    That is the quantile of a normal distribution; more when the origins were missed by more than the trend expects.
    """
    missed = []
    for part in forecasts.of_each_origin() if forecasts else []:
        noise = float(part.residuals.var()) / len(part.rows)
        expected = float(part.trend_variance.mean()) + noise
        missed.append(float(part.residuals.mean()) ** 2 / expected if expected else 1.0)
    inflation = (USUAL_ORIGINS + sum(missed)) / (USUAL_ORIGINS + len(missed))
    return float(stats.norm.ppf((1.0 + coverage) / 2.0) * np.sqrt(max(1.0, inflation)))


def factors_of_origins(
    forecasts: Forecasts, sizes: Floats, ends: IntervalEnds, market: float, coverage: float
) -> dict[int, float]:
    """Return origin → factor of the usual size in its interval, which is calibrated on the other origins alone.

    Args:
        forecasts: of all origins; of a single one, its interval is calibrated on itself.
        sizes: usual size of the residual of each row of the table.
        ends: of the interval.
        market: factor of the trend's standard error, from `market_factor`.
        coverage: that the interval aims at.
    """
    found = {}
    for number in np.unique(forecasts.origin).tolist():
        own = forecasts.origin == number
        others = forecasts if own.all() else forecasts.where(~own)
        periods = [part.period(sizes).with_ends(ends) for part in others.of_each_origin()]
        found[number] = interval_factor(periods, [], coverage, market)
    return found


def measure_origins(
    table: FeatureTable, forecasts: Forecasts, sizes: Floats, ends: IntervalEnds, factor: float, coverage: float
) -> dict[str, Any]:
    """Return `coverage`, the metrics of each origin as `origins`, the `worst` of them, and those `by_horizon`.

    The interval of an origin is calibrated on the other origins alone. An origin, or a time ahead, with few sales is
    left out.

    Args:
        table: holds the sales.
        forecasts: of all origins.
        sizes: usual size of the residual of each row of the table.
        ends: of the interval.
        factor: of the trend's standard error, from `market_factor`.
        coverage: that the interval aims at.
    """
    scores = forecasts.period(sizes).with_ends(ends).scores(factor)
    covered = np.zeros(len(scores), dtype=bool)
    for number, of_house in factors_of_origins(forecasts, sizes, ends, factor, coverage).items():
        own = forecasts.origin == number
        covered[own] = scores[own] <= of_house
    origins = {
        str(np.datetime64(int(table.days[forecasts.rows[chosen]].min()), "D")): _measure(forecasts, covered, chosen)
        for chosen in (forecasts.nearest & (forecasts.origin == number) for number in np.unique(forecasts.origin))
        if chosen.sum() >= MIN_SALES
    }
    ahead = {
        f"{start} to {end} months": (forecasts.months > start) & (forecasts.months <= end)
        for start, end in pairwise(HORIZONS)
    }
    found: dict[str, Any] = {"coverage": float(covered[forecasts.nearest].mean()), "origins": origins}
    if origins:
        found["worst"] = {
            "log_rmse": max(origin["log_rmse"] for origin in origins.values()),
            "log_rmse_high": max(origin["log_rmse_high"] for origin in origins.values()),
            "coverage": min(origin["coverage"] for origin in origins.values()),
        }
    found["by_horizon"] = {
        name: _measure(forecasts, covered, chosen) for name, chosen in ahead.items() if chosen.sum() >= MIN_SALES
    }
    return found


def promise(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the error and the coverage to expect in the months to come, and those of the worst date found.

    The worst error is the upper end of the 95 % interval of the origin where that is highest: what was found there may
    come again, and may have been found too low by chance.

    Args:
        metrics: `rolling_origin`, or `grouped_folds` where sales are not divided by time; and `holdout`, one date more.
    """
    holdout = metrics["holdout"]
    found = metrics.get("rolling_origin", metrics["grouped_folds"])
    usual = {"coverage": holdout["coverage"], **found}
    worst = found.get("worst", {"log_rmse_high": found["ci95"]["log_rmse"][1], "coverage": usual["coverage"]})
    return {
        "log_rmse": usual["log_rmse"],
        "coverage": usual["coverage"],
        "worst_log_rmse": max(worst["log_rmse_high"], holdout["ci95"]["log_rmse"][1]),
        "worst_coverage": min(worst["coverage"], holdout["coverage"]),
    }


def _measure(forecasts: Forecasts, covered: npt.NDArray[np.bool_], chosen: npt.NDArray[np.bool_]) -> dict[str, float]:
    residuals = forecasts.residuals[chosen]
    squared = residuals**2
    error = float(np.sqrt(squared.mean()))
    noise = float(squared.std() / (2.0 * squared.mean() * np.sqrt(len(squared))))  # of its logarithm (delta method)
    return {
        "sales": int(chosen.sum()),
        "log_rmse": error,
        "log_rmse_high": error * float(np.exp(NORMAL_95 * noise)),
        "bias_log": float(-residuals.mean()),
        "coverage": float(covered[chosen].mean()),
        "trend_error": float(np.sqrt(forecasts.trend_variance[chosen].mean())),
    }
