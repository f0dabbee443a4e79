"""Warnings about values that the model has not seen in training, and about missing columns that matter."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from houseprice.bundle.load import Bundle
from houseprice.serving.column_layout import ColumnLayout, Columns, Numbers, from_iso, to_iso
from houseprice.serving.prediction import PredictionWarning
from houseprice.serving.request import is_optional

MIN_IMPORTANCE = 0.01
"""A missing column is warned about when it has at least this share of the feature importance."""


class WarningDetector:
    """Compares houses with the training data of a model."""

    def __init__(self, bundle: Bundle, layout: ColumnLayout) -> None:
        schema, seen = bundle.manifest.schema_, bundle.reference
        self._layout = layout
        self._lowest = _bounds(seen, layout.numbers, "minimum")
        self._highest = _bounds(seen, layout.numbers, "maximum")
        self._levels = [seen.get(name, {}).get("levels") for name in layout.texts]
        shares = {name: float(seen.get(name, {}).get("importance", 0)) for name in layout.numbers + layout.texts}
        self._important = {
            name: share
            for name, share in shares.items()
            if share >= MIN_IMPORTANCE and is_optional(schema, name) and name != schema.sale_date
        }
        self._usual = [
            (-math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high)
            for low, high in zip(self._lowest[:, 0].tolist(), self._highest[:, 0].tolist(), strict=True)
        ]

    def detect(self, columns: Columns) -> list[list[PredictionWarning]]:
        """Return the warnings of each house."""
        houses = columns.numbers.shape[1]
        if houses == 1 and self._is_usual(columns):
            return [[]]
        found = self.find(columns)
        return [found.get(house) or [] for house in range(houses)] if found else [[] for _ in range(houses)]

    def find(self, columns: Columns) -> dict[int, list[PredictionWarning]]:
        """Return house → its warnings, of the houses that have any."""
        warnings: dict[int, list[PredictionWarning]] = {}
        for house, warning in (*self._outside(columns), *self._unknown(columns), *self._missing(columns)):
            warnings.setdefault(house, []).append(warning)
        return warnings

    def _is_usual(self, columns: Columns) -> bool:
        """Return whether nothing of a single house is missing or unknown; most houses need no closer look."""
        for value, (low, high) in zip(columns.numbers[:, 0].tolist(), self._usual, strict=True):
            if not low <= value <= high:
                return False
        return all(
            value and (levels is None or value in levels)
            for value, levels in zip(columns.texts[:, 0].tolist(), self._levels, strict=True)
        )

    def _outside(self, columns: Columns) -> Iterator[tuple[int, PredictionWarning]]:
        outside = (columns.numbers < self._lowest) | (columns.numbers > self._highest)
        if not outside.any():
            return
        for row, house in np.argwhere(outside).tolist():
            name = self._layout.numbers[row]
            show = to_iso if name in self._layout.dates else _plain
            found = columns.numbers[row, house], self._lowest[row, 0], self._highest[row, 0]
            value, low, high = (show(float(number)) for number in found)
            message = f"{name} {value} is outside the range of the training data, {low} to {high}"
            yield house, PredictionWarning(name, "outside_range", message)

    def _unknown(self, columns: Columns) -> Iterator[tuple[int, PredictionWarning]]:
        for name, levels, values in zip(self._layout.texts, self._levels, columns.texts.tolist(), strict=True):
            unknown = set(values).difference(values if levels is None else levels, [""])
            for house, value in enumerate(values) if unknown else ():
                if value in unknown:
                    message = f'{name} "{value}" is none of the {len(levels)} categories in the training data'
                    yield house, PredictionWarning(name, "unknown_category", message)

    def _missing(self, columns: Columns) -> Iterator[tuple[int, PredictionWarning]]:
        for name, share in self._important.items():
            if name in self._layout.texts:
                blank = columns.texts[self._layout.texts.index(name)] == ""
            else:
                blank = np.isnan(columns.numbers[self._layout.numbers.index(name)])
            if blank.any():
                message = f"{name} is missing, which has {share:.0%} of the feature importance"
                for house in np.flatnonzero(blank).tolist():
                    yield house, PredictionWarning(name, "missing", message)


def _bounds(seen: dict[str, Any], names: list[str], which: str) -> Numbers:
    """Return one bound per column, NaN where there is none."""
    found = [seen.get(name, {}).get(which) for name in names]
    days = [from_iso(bound) if isinstance(bound, str) else bound for bound in found]
    return np.array(days, dtype=np.float64).reshape(len(names), 1)


def _plain(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
