"""Newest sales in, how well their intervals keep their promise out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from houseprice.learning.conformal import conformal_quantile
from houseprice.learning.model_comparison import KEYS
from houseprice.learning.report.figure import Floats, draw, paint
from houseprice.learning.report.holdout import Newest, parts
from houseprice.learning.report.markup import Html, Section, element, join, table

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)


def tell(newest: Newest) -> Section:
    """Return the section on the interval."""
    aim = newest.config.interval.coverage
    off, widths = np.abs(newest.log_error), newest.half_widths
    constant = np.full(len(off), newest.evaluation.constant_width)
    groups = [("all", np.ones(len(off), dtype=bool))]
    groups += [
        (f"{newest.paid[inside].min():,.0f} to {newest.paid[inside].max():,.0f}", inside)
        for inside in parts(newest.paid, 5)
    ]
    rows = [
        (
            name, f"{inside.sum():,}",
            *(f"{(off <= width)[inside].mean():.1%}" for width in (widths, constant)),
            *(f"{(2 * np.sinh(width[inside])).mean():.0%}" for width in (widths, constant)),
        )
        for name, inside in groups
    ]  # fmt: skip
    heads = ["price paid", "sales", "held: adaptive", "held: constant", "mean width: adaptive", "mean width: constant"]
    numbers = table("Prices held by their interval, all and by fifths of the price paid", heads, rows)
    pictures = [
        _by_price(groups[1:], off, [widths, constant], aim),
        _calibration(newest, aim),
        _promise(off, widths, aim),
    ]
    return Section(
        "Price interval",
        f"The interval was made to hold {aim:.0%} of prices: it should do so for cheap and dear houses alike, and be "
        "wide only where the model is often wrong; “constant” is what it replaces, as wide for every house.",
        join([numbers, element("div", *pictures, class_="figures three")]),
    )


def _wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95% bounds of a share (Wilson 1927)."""
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return middle - half, middle + half


def _by_price(groups: Sequence[tuple[str, Any]], off: Floats, widths: Sequence[Floats], aim: float) -> Html:
    said = []

    def fill(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.axhline(aim, color=paint("soft"), linewidth=1, linestyle=(0, (4, 3)))
        for width, name, colour, marker, aside in (
            (widths[0], "adaptive", "ours", "o", -0.12), (widths[1], "constant", "other", "D", 0.12),
        ):  # fmt: skip
            for place, (_, inside) in enumerate(groups):
                share, count = float((off <= width)[inside].mean()), int(inside.sum())
                axes.plot([place + aside] * 2, _wilson(share, count), color=paint(colour), linewidth=2.5, alpha=0.45)
                axes.plot(place + aside, share, marker, color=paint(colour), markersize=5.5,
                          label=name if place == 0 else None)  # fmt: skip
                said.append(f"{name} {share:.0%}")
        names = (
            ["cheapest", *(str(place + 1) for place in range(1, len(groups) - 1)), "dearest"]
            if len(groups) > 1
            else ["all"]
        )
        axes.set_xticks(range(len(groups)), names)
        axes.grid(visible=False, axis="x")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        axes.set_ylabel("share of prices held")
        axes.legend(loc="lower right")

    drawn_for = "Dashed: the promise. Bars: 95% bounds of each share."
    alt = "Share of prices held in each fifth of the price, from the cheapest to the dearest, against the promised one."
    return draw("Held by fifths of the price", drawn_for, alt, fill, (4.0, 3.2))


def _calibration(newest: Newest, aim: float) -> Html:
    """Draw other levels than the one that is sold: their factors come from training sales, answered out of fold."""
    table, answers = newest.table, newest.evaluation.predictions
    keys = pl.DataFrame({"parcel": table.parcels[newest.train].tolist(), "day": table.days[newest.train]})
    price, high = (np.asarray(values)[newest.train] for values in (answers[0], answers[2]))
    widths = keys.with_columns(pl.Series("width", np.log(high) - np.log(price))).unique(list(KEYS), keep="first")
    scored = newest.evaluation.out_of_fold.join(widths, on=list(KEYS), how="inner")
    scores = np.abs(scored["log_error"].to_numpy()) / scored["width"].to_numpy()
    scale = conformal_quantile(scores, aim)
    off = np.abs(newest.log_error) / newest.half_widths
    found = [float((off <= conformal_quantile(scores, level) / scale).mean()) for level in LEVELS]

    def fill(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.plot([0.45, 1], [0.45, 1], color=paint("soft"), linewidth=1, linestyle=(0, (4, 3)))
        for level, share in zip(LEVELS, found, strict=True):
            axes.plot([level, level], _wilson(share, len(off)), color=paint("ours"), linewidth=2.5, alpha=0.45)
        axes.plot(LEVELS, found, "o-", color=paint("ours"), markersize=5)
        axes.set(xlabel="promised", ylabel="found among the newest sales")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:.0%}")

    pairs = ", ".join(f"{level:.0%} promised, {share:.0%} found" for level, share in zip(LEVELS, found, strict=True))
    return draw(
        "Promised and found coverage",
        "On the dashed line the interval is as sure as it says; above, it is wider than it need be.",
        f"Calibration of the interval: {pairs}.",
        fill,
        (4.0, 3.2),
    )


def _promise(off: Floats, widths: Floats, aim: float) -> Html:
    groups = parts(widths, 10, 30)
    wide = np.array([np.expm1(np.median(widths[inside])) for inside in groups])
    seen = np.array([np.expm1(conformal_quantile(off[inside], aim)) for inside in groups])

    def fill(figure: Any) -> None:
        axes = figure.add_subplot()
        ends = [0, max(wide.max(), seen.max()) * 1.08]
        axes.plot(ends, ends, color=paint("soft"), linewidth=1, linestyle=(0, (4, 3)))
        axes.plot(wide, seen, "o", color=paint("ours"), markersize=6)
        axes.set(
            xlabel="half the width promised",
            ylabel=f"error that {aim:.0%} stayed below",
            xlim=(0, None),
            ylim=(0, None),
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:.0%}")

    return draw(
        "Is it wide where it should be?",
        f"Each dot is {'a tenth' if len(groups) == 10 else 'a part'} of the newest sales, by the width of their "
        "interval; a constant width would set all dots above one another.",
        "Found against promised error by width of the interval: "
        + ", ".join(f"{w:.0%} promised, {s:.0%} found" for w, s in zip(wide, seen, strict=True)),
        fill,
        (4.0, 3.2),
    )
