"""Sealed model and houses in, its own answers out, with no server between: the measure that an image is held to.

The conversion of a request is written here a second time, on purpose: an image that converts a house wrongly may not
be judged by the same mistake.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from houseprice.bundle.load import Bundle, Columns, Model
from houseprice.errors import ArtifactError

TOLERANCE = 1e-4
"""Largest relative difference between two answers that count as one and the same."""

House = Mapping[str, Any]
Answer = dict[str, float]


def answers(bundle: Bundle, rows: Sequence[House]) -> list[Answer]:
    """Give back what the sealed model says of each house, in the order asked.

    Raises:
        ArtifactError: the model asks for a column that a request cannot hold.
    """
    if not rows:
        return []
    said = bundle.model.predict(_columns(bundle, rows))
    return [
        dict(zip(Model.OUTPUTS, map(float, numbers), strict=True))
        for numbers in zip(said.price, said.low, said.high, strict=True)
    ]


def log_rmse(said: Sequence[Answer], prices: Sequence[float]) -> float:
    """Give back the root mean squared difference of the logarithms of answered and paid prices."""
    squares = [
        (math.log(answer["predicted_price"]) - math.log(price)) ** 2 for answer, price in zip(said, prices, strict=True)
    ]
    return math.sqrt(math.fsum(squares) / len(squares))


def difference(found: float, expected: float) -> float:
    """Give back the relative difference of two numbers; whatever is no number differs infinitely."""
    if not (math.isfinite(found) and math.isfinite(expected)):
        return math.inf
    return abs(found - expected) / max(abs(expected), 1e-12)


def _columns(bundle: Bundle, rows: Sequence[House]) -> Columns:
    request = bundle.manifest.schema_.request
    columns = {}
    for name, is_text in bundle.model.inputs.items():
        if name not in request:
            raise ArtifactError(
                f'The sealed model in "{bundle.directory}" asks for "{name}", which no request holds; expected the '
                "columns of its own schema; seal the folder again with `houseprice bundle`."
            )
        if is_text:
            texts = ["" if row.get(name) is None else str(row[name]) for row in rows]
            columns[name] = np.array(texts, dtype=object)
        else:
            blank = bundle.manifest.reference_date if request[name].kind == "date" else math.nan
            columns[name] = np.array([_number(row.get(name), blank) for row in rows], dtype=np.float64)
    return columns


def _number(value: Any, blank: Any) -> float:
    """Give back a number as the graph takes it: dates are days since 1970, flags 0 or 1."""
    value = blank if value is None else value
    if isinstance(value, str):
        return float(date.fromisoformat(value[:10]).toordinal() - date(1970, 1, 1).toordinal())
    return float(value)
