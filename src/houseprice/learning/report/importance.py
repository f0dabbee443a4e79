"""Feature importance: by permutation on the held-out sales, and by gain within the trees."""

from typing import Any

import numpy as np

from houseprice.html_report import Figure
from houseprice.learning.report.figure import annotate, draw, label, paint
from houseprice.learning.report.holdout import Holdout
from houseprice.learning.report.rendering import number
from houseprice.learning.report.what_if import WhatIf

SAMPLE = 500
MAX_BARS = 14


def permutation_importance(what_if: WhatIf) -> dict[str, float]:
    """Return column → rise of the log-RMSE on held-out sales when its values are permuted, the largest first.

    Derived features follow their column. The columns that say where a house is are permuted together, as one group
    named by commas (Breiman 2001).
    """
    holdout = what_if.holdout
    generator = np.random.default_rng(0)
    rows = np.sort(generator.permutation(holdout.rows)[:SAMPLE])
    y_true = np.log(holdout.table.prices[rows])
    baseline = np.sqrt(((what_if.predict_log(rows, {}) - y_true) ** 2).mean())
    location = what_if.location_columns
    groups = [location] * bool(location) + [[name] for name in what_if.columns if name not in location]
    importances = {}
    for names in groups:
        permuted = generator.permutation(rows)
        y_pred = what_if.predict_log(rows, {name: what_if.values(name)[permuted] for name in names})
        importances[", ".join(names)] = float(np.sqrt(((y_pred - y_true) ** 2).mean()) - baseline)
    return dict(sorted(importances.items(), key=lambda item: -item[1]))


def importance_figures(holdout: Holdout, permutation: dict[str, float]) -> tuple[Figure, ...]:
    """Return the bars of both importances."""
    gains = sorted(holdout.evaluation.model.feature_importance().items(), key=lambda item: -item[1])
    return (
        _bars(
            "Permutation importance",
            f"Rise of the log-RMSE when the values of a column are permuted among {min(SAMPLE, len(holdout.rows)):,} "
            "of the held-out sales; features derived from it follow.",
            list(permutation.items())[:MAX_BARS],
            "primary",
            ".3f",
        ),
        _bars(
            "Share of the trees' gain",
            f"The boosted trees have {holdout.evaluation.model.found_.tree_share:.0%} of the blend, other parts "
            "the rest. “_target_encoding” marks a text column encoded by its effect on the price.",
            gains[:MAX_BARS],
            "secondary",
            ".0%",
        ),
    )


def _bars(title: str, caption: str, bars: list[tuple[str, float]], colour: str, spec: str) -> Figure:
    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot()
        values = [value for _, value in bars]
        axes.barh(range(len(bars)), values, color=paint(colour), height=0.62)
        for place, value in enumerate(values):
            annotate(axes, number(value, spec), max(value, 0.0), place)
        axes.set_yticks(range(len(bars)), [label(name, 26) for name, _ in bars])
        axes.tick_params(axis="y", labelcolor=paint("text"))
        axes.invert_yaxis()
        axes.margins(x=0.16, y=0.02)
        axes.xaxis.set_visible(False)
        axes.grid(visible=False)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)

    alt = f"Bars: {', '.join(f'{name} {number(value, spec)}' for name, value in bars)}."
    return draw(title, caption, alt, plot, (4.4, 0.45 + 0.22 * len(bars)))
