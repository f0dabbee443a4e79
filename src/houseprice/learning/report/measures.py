"""Honest numbers in, their tables and the picture of their bounds out."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from houseprice.learning.gates import Verdict
from houseprice.learning.report.figure import draw, note, paint
from houseprice.learning.report.gates import summary
from houseprice.learning.report.holdout import Newest
from houseprice.learning.report.markup import Html, Section, element, folded, join, table

SIDES = {
    "holdout": "newest sales, held out",
    "rolling_origin": "rolling origins",
    "grouped_folds": "grouped folds",
    "resold": "newest, of houses sold before",
}
MEASURES = {  # measure → heading, form, meaning
    "log_rmse": ("log-RMSE", "{:.4f}", "root of the mean squared difference of natural logs; 0.15 is about 15%"),
    "median_ape": ("median error", "{:.1%}", "half of the answers are closer to the price paid than this share of it"),
    "within_10": ("within 10%", "{:.1%}", "share of the answers that are less than 10% off; more is better"),
    "mae": ("mean error", "{:,.0f}", "mean of |answered − paid|, in the currency"),
    "bias_log": ("bias", "{:+.3f}", "mean of log answered − log paid: below 0, answers are too low on the whole"),
    "cod": (
        "COD",
        "{:.1f}",
        "coefficient of dispersion: how far ratios of answered to paid scatter, in percent (IAAO)",
    ),
    "prd": ("PRD", "{:.3f}", "price-related differential: above 1.03, dear houses are answered too low (IAAO)"),
    "prb": (
        "PRB",
        "{:+.3f}",
        "price-related bias: change of the ratio when the value doubles; below −0.05 as PRD (IAAO)",
    ),
}


def headline(newest: Newest, verdict: Verdict) -> Html:
    """Return what must be known if nothing else is read."""
    metrics = newest.evaluation.metrics
    found, sides = metrics["holdout"], metrics["sides"]
    aim = newest.config.interval.coverage
    tiles = [
        _tile("median error", "median_ape", found),
        _tile("answers within 10% of the price", "within_10", found),
        _tile("log-RMSE", "log_rmse", found),
        (f"prices inside their {aim:.0%} interval", f"{found['coverage']:.1%}", _width(found)),
    ]
    said = (
        f"{sides['train']:,} sales up to {metrics['newest_training_date']} were learned from; the {sides['holdout']:,} "
        f"newest, from {metrics['first_holdout_date']} to {metrics['newest_date']}, were held out and opened once. "
        f"Prices are in {newest.config.project.currency}."
    )
    grid = [
        element("div", element("dt", name), element("dd", value, class_="big"), element("dd", more, class_="small"),
                class_="tile")
        for name, value, more in tiles
    ]  # fmt: skip
    return join([element("p", summary(verdict)), element("p", said), element("dl", *grid, class_="tiles")])


def _tile(name: str, measure: str, found: Mapping[str, Any]) -> tuple[str, str, str]:
    form = MEASURES[measure][1]
    return name, form.format(found[measure]), f"95% bounds: {_bounds(measure, found)}"


def _width(found: Mapping[str, Any]) -> str:
    return f"mean width {found['mean_relative_width']:.0%} of the answer"


def _bounds(measure: str, found: Mapping[str, Any]) -> str:
    low, high = found["ci95"][measure]
    return " to ".join(MEASURES[measure][1].format(bound) for bound in (low, high))


def tell(newest: Newest) -> Section:
    """Return the section on the honest numbers."""
    metrics = newest.evaluation.metrics
    judged = [(words, metrics[side]) for side, words in SIDES.items() if side in metrics]
    judged += [(f"baseline: {name}", found) for name, found in metrics["baselines"].items()]
    rows = [(words, f"{found['sales']:,}", *(_cell(name, found) for name in MEASURES)) for words, found in judged]
    numbers = table(
        "Every model that is judged here was fitted without the sales that it answers; small print: 95% bounds",
        ["sales judged", "sales", *(heading for heading, _, _ in MEASURES.values())],
        rows,
    )
    pictures = element("div", _picture(newest), _reach(newest), class_="figures")
    terms = (part for heading, _, meaning in MEASURES.values() for part in _term(heading, meaning))
    return Section(
        "Honest numbers",
        "The first line is the one to quote; the bounds under a number hold it in 95 of 100 redraws of the same sales, "
        "and a baseline is what a model must beat to be worth anything.",
        join([numbers, folded("What the columns mean", element("dl", *terms, class_="terms")), pictures]),
    )


def _term(heading: str, meaning: str) -> tuple[Html, Html]:
    return element("dt", heading), element("dd", meaning)


def _cell(measure: str, found: Mapping[str, Any]) -> Html:
    value = MEASURES[measure][1].format(found[measure]).replace("-", "−")
    more = (
        element("small", _bounds(measure, found).replace("-", "−").replace(" to ", " … ")) if "ci95" in found else None
    )
    return join([value, more])


def _picture(newest: Newest) -> Html:
    metrics = newest.evaluation.metrics
    shown = [(words, metrics[side]) for side, words in SIDES.items() if "ci95" in metrics.get(side, {})]
    ridge = metrics["baselines"]["ridge"]["log_rmse"]
    limit = newest.config.gates.max_log_rmse

    def fill(figure: Any) -> None:
        axes = figure.add_subplot()
        for place, (_, found) in enumerate(shown):
            low, high = found["ci95"]["log_rmse"]
            axes.plot([low, high], [place, place], color=paint("ours"), linewidth=3, solid_capstyle="round", alpha=0.5)
            axes.plot(found["log_rmse"], place, "o", color=paint("ours"), markersize=6)
        axes.plot(ridge, len(shown), "D", color=paint("other"), markersize=5)
        axes.axvline(limit, color=paint("soft"), linewidth=1, linestyle=(0, (4, 3)))
        note(axes, "gate", limit, -0.75)
        axes.set_yticks(range(len(shown) + 1), [*(words for words, _ in shown), "baseline: ridge"])
        axes.set_ylim(len(shown) + 0.5, -1)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", labelcolor=paint("ink"))
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("log-RMSE")

    said = "; ".join(f"{words} {found['log_rmse']:.4f}" for words, found in shown)
    return draw(
        "Error with its bounds",
        f"Bars are the 95% bounds; answering every house with one price would be "
        f"{metrics['baselines']['constant']['log_rmse']:.2f}, far off to the right.",
        f"log-RMSE: {said}; the linear baseline {ridge:.4f}; the gate is at {limit:g}.",
        fill,
        (4.4, 2.5),
    )


def _reach(newest: Newest) -> Html:
    """Draw how many answers are no further off than so much."""
    errors = {
        "newest sales, held out": np.abs(newest.error),
        "grouped folds": np.abs(np.expm1(-newest.evaluation.out_of_fold["log_error"].to_numpy())),
    }
    grid = np.linspace(0, 0.5, 101)
    shares = {
        words: np.searchsorted(np.sort(error), grid, side="right") / len(error) for words, error in errors.items()
    }

    def fill(figure: Any) -> None:
        axes = figure.add_subplot()
        for (words, share), colour, style in zip(shares.items(), ("ours", "other"), ("-", (0, (4, 2))), strict=True):
            axes.plot(grid, share, color=paint(colour), linestyle=style, linewidth=2, label=words)
        for place in (0.05, 0.1, 0.2):
            height = float(np.interp(place, grid, shares["newest sales, held out"]))
            axes.plot(place, height, "o", color=paint("ours"), markersize=5)
            note(axes, f"{height:.0%}", place, height, (7, -9))
        axes.set(xlim=(0, 0.5), ylim=(0, 1.02), xlabel="no further off than", ylabel="share of the answers")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.legend(loc="lower right")

    said = ", ".join(
        f"{np.interp(x, grid, shares['newest sales, held out']):.0%} within {x:.0%}" for x in (0.05, 0.1, 0.2)
    )
    return draw(
        "How far off answers are",
        "The higher the line, the more answers are close; past half the price nothing is shown.",
        f"Share of the newest sales by error: {said}.",
        fill,
        (4.4, 2.5),
    )
