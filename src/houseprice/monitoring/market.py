"""Market drift apart from model error: the level of each month's errors against their spread around it.

A stale index moves the prices of all houses alike; errors of the model differ from house to house. The level is
measured against the trend that the model holds, so that an index that has been forecast well shows none.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.metrics import Estimate, median_bounds
from houseprice.monitoring.data import LabelledSales
from houseprice.monitoring.figures import MIN_SALES, estimate_as_dict
from houseprice.monitoring.profile import ReferenceProfile
from houseprice.monitoring.sales_alarms import outside_training

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MarketMonth:
    """The market in one month.

    Attributes:
        month: as 2015-06.
        sales: number of sales.
        drift: median of log(paid / predicted), less that of the holdout; above 0 where the index is behind.
        model_error: spread of the errors around that level, relative to that of the holdout; 1 is as expected.
        index: market index of the model, in log price; None where it holds none for the month.
        found_index: the same with the drift added.
    """

    month: str
    sales: int
    drift: Estimate
    model_error: Estimate
    index: float | None
    found_index: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        found = None if self.found_index is None else estimate_as_dict(self.found_index)
        return {
            "month": self.month,
            "sales": self.sales,
            "drift": estimate_as_dict(self.drift),
            "model_error": estimate_as_dict(self.model_error),
            "index": self.index,
            "found_index": found,
        }


def market_months(profile: ReferenceProfile, sales: LabelledSales) -> list[MarketMonth]:
    """Return the market of each month with enough sales, ascending.

    Houses that were asked for with a number outside of training are left out: their errors say nothing of the market.
    """
    sales = sales.where(~outside_training(profile, sales))
    months = sales.sale_date.astype("datetime64[M]")
    found = []
    for month in np.unique(months):
        of_month = sales.where(months == month)
        if len(of_month) >= MIN_SALES:
            found.append(_month(profile, str(month), of_month))
    return found


def market_drift(profile: ReferenceProfile, sales: LabelledSales) -> Estimate:
    """Return the level of the errors of some sales, in log price, beside that of the holdout."""
    usual = float(np.median(profile.errors.quantiles))
    return median_bounds(sales.errors - usual * sales.fsd)


def _month(profile: ReferenceProfile, month: str, sales: LabelledSales) -> MarketMonth:
    drift = market_drift(profile, sales)
    usual = profile.errors.quantiles
    sealed = float(np.median(np.abs(usual - np.median(usual))))
    spread = median_bounds(np.abs((sales.errors - drift.value) / sales.fsd - float(np.median(usual))))
    model_error = Estimate(*(value / sealed for value in spread))
    index = profile.market_index.get(month)
    moved = None if index is None else Estimate(*(index + value for value in drift))
    return MarketMonth(month, len(sales), drift, model_error, index, moved)
