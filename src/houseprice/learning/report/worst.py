"""The held-out sales with the largest errors, each with what is unusual about it."""

from dataclasses import dataclass

import numpy as np

from houseprice.learning.report.diagnosis import diagnose, format_value
from houseprice.learning.report.what_if import WhatIf
from houseprice.learning.splitting import RESOLD

MAX_SALES = 12


@dataclass(frozen=True)
class Sale:
    """One sale, its prediction with the interval, and its diagnosis.

    Attributes:
        name: the parcel, or which row of the feature table it is.
        date: day of the sale; "" where there is none.
        actual: price that was paid.
        predicted, low, high: price that was predicted, and the ends of its interval.
        diagnosis: sentences on what is unusual about it.
        columns: name and value of every column.
    """

    name: str
    date: str
    actual: float
    predicted: float
    low: float
    high: float
    diagnosis: list[str]
    columns: list[tuple[str, str]]

    def position(self, price: float) -> float:
        """Return where a price lies on the sale's logarithmic scale, in percent."""
        ends = np.log([min(self.actual, self.low), max(self.actual, self.high)])
        return float(100 * (np.log(price) - ends[0]) / max(float(ends[1] - ends[0]), 1e-9))


def largest_errors(what_if: WhatIf) -> list[Sale]:
    """Return the held-out sales with the largest log errors, resales included."""
    holdout = what_if.holdout
    rows = np.concatenate([holdout.rows, holdout.table.rows(RESOLD)])
    errors = np.log(holdout.table.prices[rows]) - np.log(np.asarray(holdout.evaluation.predictions[0])[rows])
    return [_sale(what_if, int(row)) for row in rows[np.argsort(-np.abs(errors), kind="stable")[:MAX_SALES]]]


def _sale(what_if: WhatIf, row: int) -> Sale:
    table = what_if.holdout.table
    predicted, low, high = (float(np.asarray(values)[row]) for values in what_if.holdout.evaluation.predictions)
    return Sale(
        name=f"Parcel {table.parcels[row]}" if table.schema.parcel else f"Row {row + 1}",
        date=str(np.datetime64(int(table.days[row]), "D")) if table.has_dates else "",
        actual=float(table.prices[row]),
        predicted=predicted,
        low=low,
        high=high,
        diagnosis=diagnose(what_if, row),
        columns=[(name, format_value(what_if, name, what_if.values(name)[row])) for name in what_if.columns],
    )
