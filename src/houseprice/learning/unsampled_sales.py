"""Sales of a feature table that are not in its sample (`sales_sample`)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from houseprice.learning.other_sales import OtherSales
from houseprice.learning.splitting import TRAIN, Days, Protocol, Rows, SampledRows


@dataclass(frozen=True)
class UnsampledSales:
    """Sales that are not in the sample, and where the sampled ones stand in the whole table.

    Attributes:
        sales: features and log prices of those that are not in the sample.
        side: of the split, for each of them.
        days, houses: of each of them; houses as numbers.
        sampled: the sampled sales in the whole table.
        sampled_houses: of the sampled sales, numbered alike.
        protocol: how the whole table was divided.
    """

    sales: OtherSales
    side: npt.NDArray[np.str_]
    days: Days
    houses: Rows
    sampled: SampledRows
    sampled_houses: Rows
    protocol: Protocol

    def beside(self, rows: Rows, days: Days) -> OtherSales:
        """Return those that a model of some rows of the sample may learn from, given the days of the sampled sales.

        None is newer than these rows, nor of a house of which the sample has other rows.
        """
        kept = self.days <= days[rows].max()
        if self.protocol.grouped:
            judged = np.ones(len(days), dtype=bool)
            judged[rows] = False
            kept &= ~np.isin(self.houses, self.sampled_houses[judged])
        return self.sales.where(kept)

    def have_learned(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Return whether the house of each of some rows of the sample is among the training sales here."""
        return np.isin(self.sampled_houses[rows], self.houses[self.side == TRAIN])

    def categories(self, name: str, newest: int) -> npt.NDArray[np.str_]:
        """Return the categories of a text in the training sales here, up to a day."""
        known = (self.side == TRAIN) & (self.days <= newest)
        return self.sales.features[name].filter(known).unique().to_numpy().astype(str)
