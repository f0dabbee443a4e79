"""Partial dependence of the prediction on single columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from houseprice.html_report import Figure
from houseprice.learning.report.figure import DASHED, Floats, draw, label, paint, price_axis, thousands
from houseprice.learning.report.what_if import WhatIf
from houseprice.schema import amount_in_words

SAMPLE = 60  # houses
STEPS = 16
MAX_PANELS = 9


@dataclass(frozen=True)
class Curve:
    """Predictions for each value of one column.

    Attributes:
        values: Of the column, ascending.
        price: The sample's mean prediction for each.
        low, high: The same for the houses that react least and most, 10% and 90%.
        training: Values of the training sales.
        discrete: Whether the values are few enough for a mark each.
    """

    name: str
    description: str
    unit: str
    values: Floats
    price: Floats
    low: Floats
    high: Floats
    training: Floats
    discrete: bool


def dependence_figures(what_if: WhatIf, columns: Iterable[str]) -> tuple[Figure, ...]:
    """Return one panel for each of the first numeric columns that vary."""
    request = what_if.holdout.table.schema.request
    names = [name for name in columns if name in request and not request[name].is_text and request[name].kind != "date"]
    curves = [curve for name in names[:MAX_PANELS] if (curve := _curve(what_if, name)) is not None]
    if not curves:
        return ()
    limits = min(curve.low.min() for curve in curves) * 0.95, max(curve.high.max() for curve in curves) * 1.05
    return tuple(_panel(curve, limits) for curve in curves)


def _curve(what_if: WhatIf, name: str) -> Curve | None:
    holdout = what_if.holdout
    column = holdout.table.schema.columns[name]
    training = what_if.values(name)[holdout.train]
    values, discrete = _grid(training)
    if len(values) < 2:
        return None
    rows = np.sort(np.random.default_rng(0).permutation(holdout.rows)[:SAMPLE])
    repeated = np.tile(rows, len(values))
    logs = what_if.predict_log(repeated, {name: np.repeat(values, len(rows))}).reshape(len(values), len(rows))
    level = logs.mean(axis=1)
    moved = logs - logs.mean(axis=0)
    low, high = (np.exp(logs.mean() + np.quantile(moved, share, axis=1)) for share in (0.1, 0.9))
    return Curve(name, column.description, column.unit or "", values, np.exp(level), low, high, training, discrete)


def _grid(training: Floats) -> tuple[Floats, bool]:
    """Return the values to predict for, 1st to 99th percentile, and whether they are all the values there are."""
    different = np.unique(training)
    if len(different) <= 13:
        return different, True
    # A frequent lowest value that means "none", such as no basement, gets a line of its own.
    none = different[0] if (training == different[0]).mean() > 0.3 else None
    kept = training if none is None else training[training != none]
    low, high = np.quantile(kept, [0.01, 0.99])
    if low == high:
        return different[:1], True
    spaced = np.geomspace if _is_skewed(low, high) else np.linspace
    inner = np.array(spaced(low, high, STEPS))
    return (inner if none is None else np.array([none, *inner])), False


def _is_skewed(low: float, high: float) -> bool:
    return bool(low > 0 and high / low > 15)


def _panel(curve: Curve, limits: tuple[float, float]) -> Figure:
    jump = not curve.discrete and len(curve.values) == STEPS + 1
    values, inner = curve.values, slice(1, None) if jump else slice(None)
    skewed = not curve.discrete and _is_skewed(values[inner][0], values[-1])

    def plot(canvas: Any) -> None:
        upper, lower = canvas.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        upper.set_yscale("log")
        places = np.arange(len(values)) if curve.discrete else values
        if curve.discrete:
            upper.vlines(places, curve.low, curve.high, color=paint("primary"), linewidth=5, alpha=0.3)
            upper.plot(places, curve.price, "o", color=paint("primary"), markersize=5.5)
            lower.bar(
                places,
                [(curve.training == value).sum() for value in values],
                color=paint("muted"),
                width=0.7,
                alpha=0.6,
            )
            lower.set_xticks(places, [f"{value:g}" for value in values])
            room = max(0.6, 2.5 - len(places) / 2)
            upper.set_xlim(-room, len(places) - 1 + room)
        else:
            upper.fill_between(
                places[inner], curve.low[inner], curve.high[inner], color=paint("primary"), alpha=0.22, linewidth=0
            )
            upper.plot(places[inner], curve.price[inner], color=paint("primary"), linewidth=2.2)
            low, high = values[inner][0], values[-1]
            edges = np.geomspace(low, high, 31) if skewed else np.linspace(low, high, 31)
            if jump:
                upper.axhline(curve.price[0], color=paint("secondary"), linewidth=1.3, linestyle=DASHED)
            if skewed:
                lower.set_xscale("log")
                price_axis(lower.xaxis, low, high)
            lower.hist(curve.training, bins=edges, color=paint("muted"), alpha=0.6)
            if not skewed:
                lower.locator_params(axis="x", nbins=5)
                years = high < 2200 and low > 1600
                lower.xaxis.set_major_formatter(lambda value, _: f"{value:g}" if years else thousands(value))
        upper.set_ylim(*limits)
        price_axis(upper.yaxis, *limits)
        lower.grid(visible=False)
        lower.set_yticks([])
        lower.set_xlabel(label(curve.unit) or " ")

    share = (curve.training == values[0]).mean() if jump else 0.0
    more = f" Dashed: the prediction for {values[0]:g}, the value of {share:.0%} of the sales." if jump else ""
    points = ", ".join(
        f"{values[place]:g}: {amount_in_words(curve.price[place])}"
        for place in np.unique(np.linspace(0, len(values) - 1, 5).astype(int))
    )
    return draw(
        curve.name,
        f"{curve.description.rstrip('.')}.{more}" if curve.description else more.strip(),
        f"Predicted price by {curve.name}: {points}.",
        plot,
        (3.8, 2.9),
    )
