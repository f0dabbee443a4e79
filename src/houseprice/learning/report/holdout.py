"""The held-out sales with their predictions, as every section of the report reads them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from houseprice.config import Config
from houseprice.learning.evaluation import Evaluation
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.splitting import TRAIN

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Holdout:
    """The held-out sales, in the order of the table."""

    evaluation: Evaluation
    table: FeatureTable
    config: Config

    @cached_property
    def is_newest(self) -> bool:
        """Whether the held-out sales are the newest, and not drawn at random."""
        return self.table.protocol(self.config.split).kind == "time"

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Positions of the held-out sales in the table."""
        return self.evaluation.holdout

    @cached_property
    def train(self) -> npt.NDArray[np.int64]:
        """Positions of the training sales in the table."""
        return self.table.rows(TRAIN)

    @cached_property
    def y_true(self) -> Floats:
        """Actual prices."""
        return self.table.prices[self.rows]

    @cached_property
    def y_pred(self) -> Floats:
        """Predicted prices."""
        return np.asarray(self.evaluation.predictions[0])[self.rows]

    @cached_property
    def errors(self) -> Floats:
        """Relative errors: (predicted − actual) ÷ actual."""
        return self.y_pred / self.y_true - 1.0

    @cached_property
    def residuals(self) -> Floats:
        """Log residuals: log actual − log predicted."""
        return np.log(self.y_true) - np.log(self.y_pred)

    @cached_property
    def reach(self) -> Floats:
        """How far each prediction interval reaches from the prediction towards the price paid, in log price."""
        return self.reach_towards(self.residuals, self.rows)

    def reach_towards(self, residuals: Floats, rows: npt.NDArray[np.int64]) -> Floats:
        """Return how far the intervals of some rows reach to the side on which their log residuals lie."""
        price, low, high = (np.log(np.asarray(values)[rows]) for values in self.evaluation.predictions)
        return np.where(residuals < 0.0, price - low, high - price)

    def error_quantile(self, share: float) -> float:
        """Return the absolute relative error that a share of the held-out sales stays within."""
        return float(np.quantile(np.abs(self.errors), share))

    def coordinates(self, rows: npt.NDArray[np.int64]) -> tuple[Floats, Floats] | None:
        """Return longitude and latitude of some rows; None where the schema has no such roles."""
        east, north = self.table.number("longitude"), self.table.number("latitude")
        return None if east is None or north is None else (east[rows], north[rows])


def quantile_groups(values: Floats, count: int, min_size: int = 1) -> list[Mask]:
    """Divide rows by their values into equally large groups: `count`, or fewer where they would be too small."""
    count = max(1, min(count, len(values) // max(min_size, 1)))
    edges = np.quantile(values, np.linspace(0, 1, count + 1))
    groups = []
    for number in range(count):
        above = values >= edges[number] if number == 0 else values > edges[number]
        if (inside := above & (values <= edges[number + 1])).any():
            groups.append(inside)
    return groups
