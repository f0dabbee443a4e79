"""The error that is expected before prices come, and whether what was expected came true."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from houseprice.metrics import Estimate, median_bounds
from houseprice.monitoring.data import DailyPredictions, LabelledSales
from houseprice.monitoring.figures import MIN_SALES, estimate_as_dict
from houseprice.monitoring.profile import ReferenceProfile


@dataclass(frozen=True)
class ExpectedMonth:
    """What was expected of the predictions of one month.

    Attributes:
        month: as 2015-06.
        predictions: number of predictions.
        mean_fsd: their mean forecast standard deviation.
        expected: median absolute error that follows from it: that of the holdout, at its mean FSD.
        sales: predictions of the month that have a price by now.
        realised: their median absolute error, None while they are few.
        ratio: realised error of these sales, over what was expected of them; 1 is as expected.
    """

    month: str
    predictions: int
    mean_fsd: float
    expected: float
    sales: int
    realised: Estimate | None
    ratio: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        found = {name: getattr(self, name) for name in ("month", "predictions", "mean_fsd", "expected", "sales")}
        for name in ("realised", "ratio"):
            value = getattr(self, name)
            found[name] = None if value is None else estimate_as_dict(value)
        return found


def expected_months(
    profile: ReferenceProfile, predictions: DailyPredictions, sales: LabelledSales
) -> list[ExpectedMonth]:
    """Return what was expected in each month with predictions, ascending; of live predictions only."""
    live = predictions.where((predictions.role == "live") & (predictions.count > 0))
    months, asked = live.day.astype("datetime64[M]"), sales.predicted_at.astype("datetime64[M]")
    usual = float(np.median(np.abs(profile.errors.quantiles)))
    found = []
    for month in np.unique(months):
        of_month, judged = live.where(months == month), sales.where(asked == month)
        count = int(of_month.count.sum())
        fsd = float(of_month.sum_fsd.sum()) / count
        realised = ratio = None
        if len(judged) >= MIN_SALES:
            realised = median_bounds(np.abs(np.expm1(-judged.errors)))
            ratio = Estimate(*(value / usual for value in median_bounds(np.abs(judged.standardised))))
        found.append(
            ExpectedMonth(
                str(month),
                count,
                fsd,
                profile.errors.median_ape * fsd / profile.errors.mean_fsd,
                len(judged),
                realised,
                ratio,
            )
        )
    return found
