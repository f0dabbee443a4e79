"""Errors of the held-out sales by price and by week of sale."""

from typing import Any

import numpy as np

from houseprice.html_report import Figure, minus
from houseprice.learning.report.figure import (
    DASHED,
    Floats,
    draw,
    paint,
    price_axis,
    scatter,
    signed_percent,
    subsample,
)  # fmt: skip
from houseprice.learning.report.holdout import Holdout, quantile_groups
from houseprice.schema import amount_in_words

MIN_SALES = 10  # in a week; below, its quantiles say nothing
LIMITS = (-0.6, 1.0)  # of the axes of errors; what lies beyond is drawn at the edge


def residual_figures(holdout: Holdout) -> tuple[Figure, ...]:
    """Return the figures of the errors of the held-out sales."""
    figures = (_predicted_against_actual(holdout), _distribution(holdout), _by_price(holdout))
    return (*figures, _by_week(holdout)) if holdout.is_newest else figures


def _predicted_against_actual(holdout: Holdout) -> Figure:
    y_true, y_pred = holdout.y_true, holdout.y_pred

    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot(xscale="log", yscale="log")
        low, high = min(y_true.min(), y_pred.min()) * 0.9, max(y_true.max(), y_pred.max()) * 1.1
        limits = {"xlim": (low, high), "ylim": (low, high)}
        axes.set(**limits, xlabel="actual price", ylabel="predicted price")
        shown = subsample(len(y_true))
        scatter(axes, y_true[shown], y_pred[shown], "primary")
        axes.set(**limits)
        axes.plot([low, high], [low, high], color=paint("text"), linewidth=1)
        for axis in (axes.xaxis, axes.yaxis):
            price_axis(axis, low, high)

    return draw(
        "Predicted against actual",
        "One dot per sale; on the line the prediction equals the price. Both axes are logarithmic.",
        f"Scatter plot of {len(y_true):,} sales close to the diagonal.",
        plot,
    )


def _distribution(holdout: Holdout) -> Figure:
    errors = np.clip(holdout.errors, *LIMITS)
    low, high = np.quantile(holdout.errors, [0.05, 0.95])

    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot()
        axes.hist(errors, bins=np.linspace(*LIMITS, 65), color=paint("primary"), alpha=0.75)
        for end in (low, high):
            axes.axvline(end, color=paint("secondary"), linewidth=1.4, linestyle=DASHED)
        axes.axvline(0, color=paint("text"), linewidth=1)
        axes.set(xlim=LIMITS, xlabel="error", ylabel="sales")
        axes.xaxis.set_major_formatter(signed_percent)
        axes.grid(visible=False, axis="x")

    return draw(
        "Distribution of errors",
        minus(f"90% of the errors lie between the dashed lines, {low:+.0%} and {high:+.0%}. ")
        + "The outermost bars include all larger errors.",
        f"Histogram of errors around zero; 90% lie between {low:+.0%} and {high:+.0%}.",
        plot,
    )


def _quantiles(errors: list[Floats]) -> Floats:
    return np.array([np.quantile(error, [0.1, 0.25, 0.5, 0.75, 0.9]) for error in errors])


def _by_price(holdout: Holdout) -> Figure:
    y_pred, errors = holdout.y_pred, holdout.errors
    groups = quantile_groups(y_pred, 12, 40)
    quantiles = _quantiles([errors[inside] for inside in groups])
    medians = np.array([np.median(y_pred[inside]) for inside in groups])

    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot(xscale="log")
        low, high = y_pred.min() * 0.95, y_pred.max() * 1.05
        axes.axhline(0, color=paint("text"), linewidth=1)
        shown = subsample(len(errors))
        scatter(axes, y_pred[shown], np.clip(errors[shown], *LIMITS), "primary", alpha=0.3)
        axes.set(xlim=(low, high), ylim=LIMITS, xlabel="predicted price", ylabel="error")
        for place, style in ((0, (0, (2, 2))), (2, "-"), (4, (0, (2, 2)))):
            axes.plot(medians, quantiles[:, place], color=paint("secondary"), linestyle=style, linewidth=1.9)
        axes.yaxis.set_major_formatter(signed_percent)
        price_axis(axes.xaxis, low, high)

    values = ", ".join(
        f"{amount_in_words(middle)}: {band[2]:+.1%}" for middle, band in zip(medians, quantiles, strict=True)
    )
    return draw(
        "Error by predicted price",
        "Orange: the median error; 80% of the errors lie between the dashed lines. Against the actual price even a "
        "perfectly calibrated model would seem to predict expensive houses too low.",
        f"Median error by predicted price: {values}.",
        plot,
    )


def _by_week(holdout: Holdout) -> Figure:
    days = holdout.table.days[holdout.rows]
    first = int(days.min())
    weeks = (days - first) // 7
    numbers, counts = np.unique(weeks, return_counts=True)
    enough = counts >= min(MIN_SALES, int(counts.max()))
    quantiles = _quantiles([holdout.errors[weeks == week] for week in numbers[enough]])
    dates = (first + 7 * numbers).astype("datetime64[D]")

    def plot(canvas: Any) -> None:
        upper, lower = canvas.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        upper.axhline(0, color=paint("text"), linewidth=1)
        shown = numbers[enough]
        upper.vlines(shown, quantiles[:, 0], quantiles[:, 4], color=paint("primary"), linewidth=1.2, alpha=0.6)
        upper.vlines(shown, quantiles[:, 1], quantiles[:, 3], color=paint("primary"), linewidth=6, alpha=0.5)
        upper.plot(shown, quantiles[:, 2], "o", color=paint("secondary"), markersize=5)
        upper.yaxis.set_major_formatter(signed_percent)
        upper.set_ylabel("error")
        lower.bar(numbers, counts, color=paint("muted"), width=0.7, alpha=0.6)
        lower.set_ylabel("sales")
        lower.grid(visible=False)
        lower.set_yticks([0, int(counts.max())], ["0", f"{counts.max():,}"])
        labelled = slice(None, None, -(-len(numbers) // 4))
        lower.set_xticks(numbers[labelled], [str(date) for date in dates[labelled]])

    values = ", ".join(f"{date} {band[2]:+.1%}" for date, band in zip(dates[enough], quantiles, strict=True))
    return draw(
        "Error by week of sale",
        "Dot: the median error of the week; thick bar: the middle 50% of its errors; thin line: the middle 80%. Weeks "
        f"with fewer than {MIN_SALES} sales are left out. A trend would mean that the market has moved away from the "
        "model.",
        f"Median error by week: {values}.",
        plot,
    )
