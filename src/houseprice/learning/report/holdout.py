"""Evaluation and table in, the newest sales with what was answered to them out: what every part looks at."""

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
class Newest:
    """The held-out sales, in the order of the table."""

    evaluation: Evaluation
    table: FeatureTable
    config: Config

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Their positions in the table."""
        return self.evaluation.holdout

    @cached_property
    def train(self) -> npt.NDArray[np.int64]:
        """Positions of the sales learned from."""
        return self.table.rows(TRAIN)

    @cached_property
    def paid(self) -> Floats:
        """Prices paid."""
        return self.table.prices[self.rows]

    @cached_property
    def answered(self) -> Floats:
        """Prices answered."""
        return np.asarray(self.evaluation.predictions[0])[self.rows]

    @cached_property
    def error(self) -> Floats:
        """(answered − paid) ÷ paid."""
        return self.answered / self.paid - 1.0

    @cached_property
    def log_error(self) -> Floats:
        """How far paid lies above answered, log."""
        return np.log(self.paid) - np.log(self.answered)

    @cached_property
    def half_widths(self) -> Floats:
        """Half the width of each interval, log."""
        return np.log(np.asarray(self.evaluation.predictions[2])[self.rows]) - np.log(self.answered)

    def column(self, role: str) -> Floats | None:
        """Return the numbers of the column with a role, for every row of the table; None where there is none."""
        name = self.table.schema.roles().get(role)
        if name not in self.table.features.columns or not self.table.features.schema[name].is_numeric():
            return None
        return self.table.features[name].to_numpy().astype(np.float64)

    def texts(self, role: str) -> npt.NDArray[np.str_] | None:
        """Return the texts of the column with a role, for every row of the table; None where there is none."""
        name = self.table.schema.roles().get(role)
        if name not in self.table.features.columns or self.table.features.schema[name].is_numeric():
            return None
        return self.table.features[name].to_numpy().astype(str)


def parts(values: Floats, count: int, fewest: int = 1) -> list[Mask]:
    """Divide rows by their values into equally many each: `count` parts, or fewer where they would be too small."""
    count = max(1, min(count, len(values) // max(fewest, 1)))
    edges = np.quantile(values, np.linspace(0, 1, count + 1))
    found = []
    for number in range(count):
        above = values >= edges[number] if number == 0 else values > edges[number]
        if (inside := above & (values <= edges[number + 1])).any():
            found.append(inside)
    return found
