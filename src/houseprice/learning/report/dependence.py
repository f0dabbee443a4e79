"""Model and sales in, what it would answer if one thing were otherwise out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from houseprice.learning.report.figure import Floats, draw, label, paint, price_axis, thousands
from houseprice.learning.report.location_map import same_house
from houseprice.learning.report.market import trend
from houseprice.learning.report.markup import Html, Section, element, join
from houseprice.learning.report.what_if import Question

SAMPLE = 60  # houses
STEPS = 16
PANELS = 9


@dataclass(frozen=True)
class Curve:
    """What is answered for each value of one column.

    Attributes:
        values: of the column, ascending.
        price: the sample's mean price for each.
        low, high: the same for the houses that react least and most, 10% and 90%.
        known: values of the training sales.
        steps: whether the values are few enough to be told apart.
    """

    name: str
    description: str
    unit: str
    values: Floats
    price: Floats
    low: Floats
    high: Floats
    known: Floats
    steps: bool


def tell(question: Question, measured: Mapping[str, float]) -> Section:
    """Return the section on partial dependence, for the columns that are worth most."""
    newest = question.newest
    numeric = newest.table.schema.request
    names = [
        name for name in measured if name in numeric and not numeric[name].is_text and numeric[name].kind != "date"
    ]
    found = [curve for name in names[:PANELS] if (curve := _vary(question, name)) is not None]
    ends = (min(curve.low.min() for curve in found), max(curve.high.max() for curve in found)) if found else (1.0, 1.0)
    pictures = [_panel(curve, ends) for curve in found]
    wide = [picture for picture in (trend(newest), same_house(question)) if picture is not None]
    return Section(
        "Partial dependence",
        f"The line is the mean answer (of logs) to {min(SAMPLE, len(newest.rows))} of the newest houses if this one "
        "column were otherwise, and the band holds how 80% of them react; the bars below show how many training sales "
        "there are, and where there are none, the line is a guess.",
        join([
            element("p", "All panels share one axis of prices, so that a steep line is a strong one.", class_="soft")
            if found else None,
            element("div", *pictures, class_="figures three"),
            element("div", *wide, class_="figures"),
        ]),
    )  # fmt: skip


def _vary(question: Question, name: str) -> Curve | None:
    newest = question.newest
    column = newest.table.schema.columns[name]
    known = question.values(name)[newest.train]
    values, steps = _grid(known)
    if len(values) < 2:
        return None
    rows = np.sort(np.random.default_rng(0).permutation(newest.rows)[:SAMPLE])
    asked = np.tile(rows, len(values))
    logs = question.answer(asked, {name: np.repeat(values, len(rows))}).reshape(len(values), len(rows))
    level = logs.mean(axis=1)
    moved = logs - logs.mean(axis=0)
    low, high = (np.exp(logs.mean() + np.quantile(moved, share, axis=1)) for share in (0.1, 0.9))
    return Curve(name, column.description, column.unit or "", values, np.exp(level), low, high, known, steps)


def _grid(known: Floats) -> tuple[Floats, bool]:
    """Return the values to ask for, from the 1st to the 99th percentile, and whether they are all that there are."""
    different = np.unique(known)
    if len(different) <= 13:
        return different, True
    # A value that stands for "none", like no basement, says nothing about how much there is.
    none = different[0] if (known == different[0]).mean() > 0.3 else None
    kept = known if none is None else known[known != none]
    low, high = np.quantile(kept, [0.01, 0.99])
    if low == high:
        return different[:1], True
    spaced = np.geomspace if _is_wide(low, high) else np.linspace
    inner = np.array(spaced(low, high, STEPS))
    return (inner if none is None else np.array([none, *inner])), False


def _is_wide(low: float, high: float) -> bool:
    return bool(low > 0 and high / low > 15)


def _panel(curve: Curve, ends: tuple[float, float]) -> Html:
    jump = not curve.steps and len(curve.values) == STEPS + 1
    values, inner = curve.values, slice(1, None) if jump else slice(None)
    wide = not curve.steps and _is_wide(values[inner][0], values[-1])

    def fill(figure: Any) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        upper.set_yscale("log")
        places = np.arange(len(values)) if curve.steps else values
        if curve.steps:
            upper.vlines(places, curve.low, curve.high, color=paint("ours"), linewidth=5, alpha=0.3)
            upper.plot(places, curve.price, "o", color=paint("ours"), markersize=5.5)
            lower.bar(
                places, [(curve.known == value).sum() for value in values], color=paint("soft"), width=0.7, alpha=0.6
            )
            lower.set_xticks(places, [f"{value:g}" for value in values])
            room = max(0.6, 2.5 - len(places) / 2)
            upper.set_xlim(-room, len(places) - 1 + room)
        else:
            upper.fill_between(
                places[inner], curve.low[inner], curve.high[inner], color=paint("ours"), alpha=0.22, linewidth=0
            )
            upper.plot(places[inner], curve.price[inner], color=paint("ours"), linewidth=2.2)
            low, high = values[inner][0], values[-1]
            edges = np.geomspace(low, high, 31) if wide else np.linspace(low, high, 31)
            if jump:
                upper.axhline(curve.price[0], color=paint("other"), linewidth=1.3, linestyle=(0, (4, 3)))
            if wide:
                lower.set_xscale("log")
                price_axis(lower.xaxis, low, high)
            lower.hist(curve.known, bins=edges, color=paint("soft"), alpha=0.6)
            if not wide:
                lower.locator_params(axis="x", nbins=5)
                years = high < 2200 and low > 1600
                lower.xaxis.set_major_formatter(lambda value, _: f"{value:g}" if years else thousands(value))
        upper.set_ylim(ends[0] * 0.95, ends[1] * 1.05)
        price_axis(upper.yaxis, *upper.get_ylim())
        lower.grid(visible=False)
        lower.set_yticks([])
        lower.set_xlabel(label(curve.unit) or " ")

    share = (curve.known == values[0]).mean() if jump else 0.0
    more = f" Dashed: the answer for {values[0]:g}, as {share:.0%} of the sales have it." if jump else ""
    said = ", ".join(
        f"{values[place]:g}: {curve.price[place]:,.0f}"
        for place in np.unique(np.linspace(0, len(values) - 1, 5).astype(int))
    )
    return draw(
        curve.name,
        f"{curve.description.rstrip('.')}.{more}",
        f"Answered price by {curve.name}: {said}.",
        fill,
        (3.8, 2.9),
    )
