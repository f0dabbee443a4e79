"""Newest sales in, where and when they were answered wrongly out."""

from typing import Any

import numpy as np

from houseprice.learning.report.figure import Floats, dots, draw, paint, percent, price_axis, some
from houseprice.learning.report.holdout import Newest, parts
from houseprice.learning.report.maps import error_maps
from houseprice.learning.report.markup import Html, Section, element, join

FEWEST = 10  # sales in a week; below, its quantiles say nothing
ENDS = (-0.6, 1.0)  # of the axes of errors; what lies beyond is drawn at the edge


def tell(newest: Newest) -> Section:
    """Return the section on the errors of the newest sales."""
    pictures = [_against_paid(newest), _shape(newest), _over_price(newest), _over_time(newest)]
    maps = error_maps(newest)
    without = element("p", "There is no map: no columns have the roles latitude and longitude.", class_="soft")
    return Section(
        "Errors over price, time and map",
        "An error is (answered − paid) ÷ paid, so −20% is an answer a fifth too low; a good model's errors are a "
        "cloud around zero that looks the same everywhere.",
        join([element("div", *pictures, *maps, class_="figures"), None if maps else without]),
    )


def _against_paid(newest: Newest) -> Html:
    paid, answered = newest.paid, newest.answered

    def fill(figure: Any) -> None:
        axes = figure.add_subplot(xscale="log", yscale="log")
        low, high = min(paid.min(), answered.min()) * 0.9, max(paid.max(), answered.max()) * 1.1
        axes.set(xlim=(low, high), ylim=(low, high), xlabel="paid", ylabel="answered")
        shown = some(len(paid))
        dots(axes, paid[shown], answered[shown], "ours")
        axes.set(xlim=(low, high), ylim=(low, high))
        axes.plot([low, high], [low, high], color=paint("ink"), linewidth=1)
        for axis in (axes.xaxis, axes.yaxis):
            price_axis(axis, low, high)

    return draw(
        "Answered against paid",
        "On the line the answer is the price; both axes are logarithmic, so equal distances are equal shares.",
        f"Scatter plot of {len(paid):,} sales close to the diagonal.",
        fill,
    )


def _shape(newest: Newest) -> Html:
    error = np.clip(newest.error, *ENDS)
    low, high = np.quantile(newest.error, [0.05, 0.95])

    def fill(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.hist(error, bins=np.linspace(*ENDS, 65), color=paint("ours"), alpha=0.75)
        for end in (low, high):
            axes.axvline(end, color=paint("other"), linewidth=1.4, linestyle=(0, (4, 3)))
        axes.axvline(0, color=paint("ink"), linewidth=1)
        axes.set(xlim=ENDS, xlabel="error", ylabel="sales")
        axes.xaxis.set_major_formatter(percent)
        axes.grid(visible=False, axis="x")

    return draw(
        "How often which error",
        f"Between the dashed lines, {low:+.0%} and {high:+.0%}, lie 90% of the sales; what is beyond the ends is "
        "counted in the last bars.".replace("-", "−"),
        f"Histogram of errors around zero; 90% lie between {low:+.0%} and {high:+.0%}.",
        fill,
    )


def _bands(errors: list[Floats]) -> Floats:
    return np.array([np.quantile(error, [0.1, 0.25, 0.5, 0.75, 0.9]) for error in errors])


def _errors(axes: Any) -> None:
    axes.axhline(0, color=paint("ink"), linewidth=1)
    axes.set_ylim(*ENDS)
    axes.yaxis.set_major_formatter(percent)
    axes.set_ylabel("error")


def _over_price(newest: Newest) -> Html:
    answered, error = newest.answered, newest.error
    groups = parts(answered, 12, 40)
    bands = _bands([error[inside] for inside in groups])
    middles = np.array([np.median(answered[inside]) for inside in groups])

    def fill(figure: Any) -> None:
        axes = figure.add_subplot(xscale="log")
        low, high = answered.min() * 0.95, answered.max() * 1.05
        axes.set(xlim=(low, high))
        _errors(axes)
        shown = some(len(error))
        dots(axes, answered[shown], np.clip(error[shown], *ENDS), "ours", alpha=0.3)
        axes.set(xlim=(low, high))
        for place, style in ((0, (0, (2, 2))), (2, "-"), (4, (0, (2, 2)))):
            axes.plot(middles, bands[:, place], color=paint("other"), linestyle=style, linewidth=1.9)
        axes.set_xlabel("answered")
        price_axis(axes.xaxis, low, high)

    said = ", ".join(f"{middle:,.0f}: {band[2]:+.1%}" for middle, band in zip(middles, bands, strict=True))
    return draw(
        "Error over the price answered",
        "Orange: the median error, and dashed the lines between which 80% lie. It is over the answer, as over the "
        "price paid even the best model looks too low on the right.",
        f"Median error by price answered: {said}.",
        fill,
    )


def _over_time(newest: Newest) -> Html:
    days = newest.table.days[newest.rows]
    first = int(days.min())
    weeks = (days - first) // 7
    numbers, counts = np.unique(weeks, return_counts=True)
    enough = counts >= min(FEWEST, int(counts.max()))
    bands = _bands([newest.error[weeks == week] for week in numbers[enough]])
    places = (first + 7 * numbers).astype("datetime64[D]")

    def fill(figure: Any) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        upper.axhline(0, color=paint("ink"), linewidth=1)
        told = numbers[enough]
        upper.vlines(told, bands[:, 0], bands[:, 4], color=paint("ours"), linewidth=1.2, alpha=0.6)
        upper.vlines(told, bands[:, 1], bands[:, 3], color=paint("ours"), linewidth=6, alpha=0.5)
        upper.plot(told, bands[:, 2], "o", color=paint("other"), markersize=5)
        upper.yaxis.set_major_formatter(percent)
        upper.set_ylabel("error")
        lower.bar(numbers, counts, color=paint("soft"), width=0.7, alpha=0.6)
        lower.set_ylabel("sales")
        lower.grid(visible=False)
        lower.set_yticks([0, int(counts.max())], ["0", f"{counts.max():,}"])
        shown = slice(None, None, -(-len(numbers) // 4))
        lower.set_xticks(numbers[shown], [str(place) for place in places[shown]])

    said = ", ".join(f"{place} {band[2]:+.1%}" for place, band in zip(places[enough], bands, strict=True))
    return draw(
        "Error by week of sale",
        f"Dot: the median error of the week; thick bar: half of its sales; thin line: 80%; none below {FEWEST} sales. "
        "A slope would mean that the market moves on from the model.",
        f"Median error by week: {said}.",
        fill,
    )
