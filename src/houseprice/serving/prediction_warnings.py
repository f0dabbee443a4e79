"""Columns in, reasons to trust each answer less out: what the model has not learned from, or has to do without."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from houseprice.bundle.load import Bundle
from houseprice.serving.column_layout import ColumnLayout, Columns, Numbers, from_iso, to_iso
from houseprice.serving.prediction import PredictionWarning
from houseprice.serving.request import is_optional

MATTERS = 0.01
"""A missing column is worth a word when it carries at least this share of what the model has learned."""


class WarningDetector:
    """What the sealed model has learned from, to compare houses with."""

    def __init__(self, bundle: Bundle, layout: ColumnLayout) -> None:
        schema, seen = bundle.manifest.schema_, bundle.reference
        self._layout = layout
        self._lowest = _bounds(seen, layout.numbers, "minimum")
        self._highest = _bounds(seen, layout.numbers, "maximum")
        self._levels = [seen.get(name, {}).get("levels") for name in layout.texts]
        shares = {name: float(seen.get(name, {}).get("importance", 0)) for name in layout.numbers + layout.texts}
        self._matter = {
            name: share
            for name, share in shares.items()
            if share >= MATTERS and is_optional(schema, name) and name != schema.sale_date
        }

    def about(self, columns: Columns) -> list[list[PredictionWarning]]:
        """Give back the cautions of each house."""
        cautions: list[list[PredictionWarning]] = [[] for _ in range(columns.numbers.shape[1])]
        for house, caution in (*self._outside(columns), *self._unknown(columns), *self._missing(columns)):
            cautions[house].append(caution)
        return cautions

    def _outside(self, columns: Columns) -> Iterator[tuple[int, PredictionWarning]]:
        outside = (columns.numbers < self._lowest) | (columns.numbers > self._highest)
        if not outside.any():
            return
        for row, house in np.argwhere(outside).tolist():
            name = self._layout.numbers[row]
            show = to_iso if name in self._layout.dates else _plain
            found = columns.numbers[row, house], self._lowest[row, 0], self._highest[row, 0]
            value, low, high = (show(float(number)) for number in found)
            message = f"{name} {value} is outside {low} to {high}, which was learned from"
            yield house, PredictionWarning(name, "outside_range", message)

    def _unknown(self, columns: Columns) -> Iterator[tuple[int, PredictionWarning]]:
        for name, levels, values in zip(self._layout.texts, self._levels, columns.texts.tolist(), strict=True):
            if levels is None:
                continue
            for house, value in enumerate(values):
                if value and value not in levels:
                    message = f'{name} "{value}" is none of the {len(levels)} that were learned from'
                    yield house, PredictionWarning(name, "unknown_category", message)

    def _missing(self, columns: Columns) -> Iterator[tuple[int, PredictionWarning]]:
        for name, share in self._matter.items():
            if name in self._layout.texts:
                blank = columns.texts[self._layout.texts.index(name)] == ""
            else:
                blank = np.isnan(columns.numbers[self._layout.numbers.index(name)])
            if blank.any():
                message = f"{name} is missing, which carries {share:.0%} of what was learned"
                for house in np.flatnonzero(blank).tolist():
                    yield house, PredictionWarning(name, "missing", message)


def _bounds(seen: dict[str, Any], names: list[str], which: str) -> Numbers:
    """Give back one bound a column, NaN where there is none."""
    found = [seen.get(name, {}).get(which) for name in names]
    days = [from_iso(bound) if isinstance(bound, str) else bound for bound in found]
    return np.array(days, dtype=np.float64).reshape(len(names), 1)


def _plain(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
