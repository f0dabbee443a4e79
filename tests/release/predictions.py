"""Predictions of a sealed bundle, recomputed with onnxruntime: what test bundles are sealed with."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from houseprice.bundle.load import Bundle, Columns, Model
from houseprice.release.expected_predictions import Prediction

House = Mapping[str, Any]


def answers(bundle: Bundle, rows: Sequence[House]) -> list[Prediction]:
    """Return the predictions of the sealed model for some houses."""
    if not rows:
        return []
    predicted = bundle.model.predict(_columns(bundle, rows))
    return [
        dict(zip(Model.OUTPUTS, map(float, numbers), strict=True))
        for numbers in zip(predicted.price, predicted.low, predicted.high, predicted.fsd, strict=True)
    ]


def _columns(bundle: Bundle, rows: Sequence[House]) -> Columns:
    request = bundle.manifest.schema_.request
    columns = {}
    for name, is_text in bundle.model.inputs.items():
        if is_text:
            texts = ["" if row.get(name) is None else str(row[name]) for row in rows]
            columns[name] = np.array(texts, dtype=object)
        else:
            blank = bundle.manifest.reference_date if request[name].kind == "date" else math.nan
            columns[name] = np.array([_number(row.get(name), blank) for row in rows], dtype=np.float64)
    return columns


def _number(value: Any, blank: Any) -> float:
    """Return a number as the graph takes it: dates are days since 1970, flags 0 or 1."""
    value = blank if value is None else value
    if isinstance(value, str):
        return float(date.fromisoformat(value[:10]).toordinal() - date(1970, 1, 1).toordinal())
    return float(value)
