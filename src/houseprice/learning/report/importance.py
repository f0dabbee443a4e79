"""Model and newest sales in, what its answers rest on out."""

from typing import Any

import numpy as np

from houseprice.learning.report.figure import draw, label, note, paint
from houseprice.learning.report.holdout import Newest
from houseprice.learning.report.markup import Html, Section, element
from houseprice.learning.report.what_if import Question

SAMPLE = 500
SHOWN = 14


def measure(question: Question) -> dict[str, float]:
    """Return column → how much the log-RMSE of newest sales rises when its values are dealt out anew.

    What is derived from a column moves with it; the columns that tell where a house stands move together, and are
    named by commas (Breiman 2001; grouped as one cannot change without the others).
    """
    newest = question.newest
    draw_lots = np.random.default_rng(0)
    rows = np.sort(draw_lots.permutation(newest.rows)[:SAMPLE])
    paid = np.log(newest.table.prices[rows])
    before = np.sqrt(((question.answer(rows, {}) - paid) ** 2).mean())
    place = question.places
    groups = [place] * bool(place) + [[name] for name in question.columns if name not in place]
    found = {}
    for names in groups:
        dealt = draw_lots.permutation(rows)
        answered = question.answer(rows, {name: question.values(name)[dealt] for name in names})
        found[", ".join(names)] = float(np.sqrt(((answered - paid) ** 2).mean()) - before)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def tell(newest: Newest, measured: dict[str, float]) -> Section:
    """Return the section on importance."""
    shares = sorted(newest.evaluation.model.feature_importance().items(), key=lambda item: -item[1])
    pictures = [
        _bars(
            "What a column is worth",
            f"Rise of the log-RMSE on {min(SAMPLE, len(newest.rows)):,} of the newest sales when the column is dealt "
            "out anew among them; what is derived from it moves along.",
            list(measured.items())[:SHOWN],
            "ours",
            "{:.3f}",
        ),
        _bars(
            "What the trees ask for",
            f"Share of the boosted trees' gain; they are {newest.config.training.tree_share:.0%} of the blend, the "
            "smooth surface is the rest. “_target_encoding” is a text as a number: its mean price.",
            shares[:SHOWN],
            "other",
            "{:.0%}",
        ),
    ]
    return Section(
        "Importance",
        "Longer bars matter more to the answer; that is about the model, and no proof of what makes a house dear.",
        element("div", *pictures, class_="figures"),
    )


def _bars(title: str, caption: str, bars: list[tuple[str, float]], colour: str, form: str) -> Html:
    def fill(figure: Any) -> None:
        axes = figure.add_subplot()
        values = [value for _, value in bars]
        axes.barh(range(len(bars)), values, color=paint(colour), height=0.62)
        for place, value in enumerate(values):
            note(axes, form.format(value).replace("-", "−"), max(value, 0.0), place)
        axes.set_yticks(range(len(bars)), [label(name, 26) for name, _ in bars])
        axes.tick_params(axis="y", labelcolor=paint("ink"))
        axes.invert_yaxis()
        axes.margins(x=0.16, y=0.02)
        axes.xaxis.set_visible(False)
        axes.grid(visible=False)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)

    said = ", ".join(f"{name} {form.format(value)}" for name, value in bars)
    return draw(title, caption, f"Bars: {said}.", fill, (4.4, 0.45 + 0.22 * len(bars)))
