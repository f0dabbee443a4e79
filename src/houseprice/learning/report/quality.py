"""The columns of the training and the held-out sales side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from houseprice.learning.report.diagnosis import format_number
from houseprice.learning.report.what_if import WhatIf
from houseprice.schema import Column


@dataclass(frozen=True)
class ColumnSummary:
    """One column: its training range, and its median (or most frequent text) on both sides."""

    name: str
    column: Column
    blanks: int | None
    training_range: str
    training_median: str
    holdout_median: str
    outside: int
    """Held-out sales outside the training range."""
    drifted: bool
    """Whether more than 1% of the held-out sales are outside."""


def column_summaries(what_if: WhatIf, blanks: Mapping[str, int] | None) -> list[ColumnSummary]:
    """Return the summary of each request column except dates; `blanks` counts the blank values where known."""
    schema = what_if.holdout.table.schema
    return [
        _summary(what_if, name, None if blanks is None else int(blanks.get(name, 0)))
        for name in what_if.columns
        if schema.columns[name].kind != "date"
    ]


def _summary(what_if: WhatIf, name: str, blanks: int | None) -> ColumnSummary:
    holdout, values = what_if.holdout, what_if.values(name)
    training, newest = values[holdout.train], values[holdout.rows]
    column = holdout.table.schema.columns[name]
    if values.dtype.kind == "U":
        texts = np.unique(training)
        described = (f"{len(texts):,} texts", _mode(training), _mode(newest))
        outside = int((~np.isin(newest, texts)).sum())
    else:
        low, middle, high = (format_number(column, value) for value in np.quantile(training, [0.0, 0.5, 1.0]))
        described = (f"{low} … {high}", middle, format_number(column, float(np.quantile(newest, 0.5))))
        outside = int(((newest < training.min()) | (newest > training.max())).sum())
    return ColumnSummary(name, column, blanks, *described, outside, drifted=outside > 0.01 * len(newest))


def _mode(texts: Any) -> str:
    different, counts = np.unique(texts, return_counts=True)
    return str(different[counts.argmax()])
