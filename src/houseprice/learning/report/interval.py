"""Coverage and width of the prediction intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from houseprice.html_report import Figure
from houseprice.learning.conformal import conformal_quantile
from houseprice.learning.model_comparison import KEYS
from houseprice.learning.report.figure import DASHED, Floats, draw, paint, percent_axes
from houseprice.learning.report.holdout import Holdout, Mask, quantile_groups
from houseprice.metrics import share_bounds
from houseprice.schema import amount_in_words

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
SIZE = (4.0, 3.2)


@dataclass(frozen=True)
class CoverageRow:
    """Coverage and mean width of a group of sales, first of the adaptive, then of the constant-width interval."""

    label: str
    sales: int
    coverage: tuple[float, float]
    width: tuple[float, float]


@dataclass(frozen=True)
class Interval:
    """The rows of the coverage table, its figures, and the metrics of each rolling origin and of the months ahead."""

    rows: tuple[CoverageRow, ...]
    figures: tuple[Figure, ...]
    forecasts: tuple[tuple[str, dict[str, float]], ...]


def interval(holdout: Holdout) -> Interval:
    """Return what the section on the prediction interval shows."""
    target = holdout.config.interval.coverage
    residuals, reach = np.abs(holdout.residuals), holdout.reach
    price, low, high = (np.asarray(values)[holdout.rows] for values in holdout.evaluation.predictions)
    constant = np.full(len(residuals), holdout.evaluation.constant_width)
    groups = [("all", np.ones(len(residuals), dtype=bool))]
    groups += [
        (f"{amount_in_words(holdout.y_true[inside].min())} to {amount_in_words(holdout.y_true[inside].max())}", inside)
        for inside in quantile_groups(holdout.y_true, 5)
    ]

    def row(label: str, inside: Mask) -> CoverageRow:
        covered = [float((residuals <= width)[inside].mean()) for width in (reach, constant)]
        relative = float(((high - low) / price)[inside].mean()), float((2 * np.sinh(constant[inside])).mean())
        return CoverageRow(label, int(inside.sum()), (covered[0], covered[1]), relative)

    rows = tuple(row(label, inside) for label, inside in groups)
    return Interval(
        rows,
        (_by_price(rows[1:], target), _calibration(holdout, target), _by_width(residuals, reach, target)),
        _forecasts(holdout.evaluation.metrics),
    )


def _forecasts(metrics: dict[str, Any]) -> tuple[tuple[str, dict[str, float]], ...]:
    found = metrics.get("rolling_origin", {})
    if not found.get("origins"):
        return ()
    starts = ((f"from {day}", origin) for day, origin in found["origins"].items())
    return (*starts, *((f"{span} ahead", ahead) for span, ahead in found["by_horizon"].items()))


def _by_price(rows: Sequence[CoverageRow], target: float) -> Figure:
    kinds = (("adaptive", "primary", "o", -0.12), ("constant", "secondary", "D", 0.12))

    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot()
        axes.axhline(target, color=paint("muted"), linewidth=1, linestyle=DASHED)
        for kind, (name, colour, marker, shift) in enumerate(kinds):
            for place, row in enumerate(rows):
                ends = share_bounds(round(row.coverage[kind] * row.sales), row.sales)[1:]
                axes.plot([place + shift] * 2, ends, color=paint(colour), linewidth=2.5, alpha=0.45)
                axes.plot(place + shift, row.coverage[kind], marker, color=paint(colour), markersize=5.5,
                          label=None if place else name)  # fmt: skip
        middle = (str(place + 1) for place in range(1, len(rows) - 1))
        names = ["lowest", *middle, "highest"] if len(rows) > 1 else ["all"]
        axes.set_xticks(range(len(rows)), names)
        axes.set(xlabel="fifth of the actual prices", ylabel="coverage")
        axes.grid(visible=False, axis="x")
        percent_axes(axes.yaxis)
        axes.legend(loc="lower right")

    values = "; ".join(
        f"{name} {', '.join(f'{row.coverage[kind]:.0%}' for row in rows)}" for kind, (name, *_) in enumerate(kinds)
    )
    return draw(
        "Interval coverage by price",
        "Dashed: the target coverage. Bars: 95% confidence intervals.",
        f"Interval coverage in each fifth of the prices, from the lowest to the highest: {values}.",
        plot,
        SIZE,
    )


def _calibration(holdout: Holdout, target: float) -> Figure:
    """Draw the coverage at other levels, whose factors come from out-of-fold predictions of the training sales."""
    table = holdout.table
    keys = pl.DataFrame({"parcel": table.parcels[holdout.train].tolist(), "day": table.days[holdout.train]})
    rows = keys.with_columns(pl.Series("row", holdout.train)).unique(list(KEYS), keep="first")
    scored = holdout.evaluation.out_of_fold.join(rows, on=list(KEYS), how="inner")
    errors = scored["log_error"].to_numpy()
    scores = np.abs(errors) / holdout.reach_towards(errors, scored["row"].to_numpy())
    scale = conformal_quantile(scores, target)
    ratios = np.abs(holdout.residuals) / holdout.reach
    shares = [float((ratios <= conformal_quantile(scores, level) / scale).mean()) for level in LEVELS]

    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot()
        axes.plot([0.45, 1], [0.45, 1], color=paint("muted"), linewidth=1, linestyle=DASHED)
        for level, share in zip(LEVELS, shares, strict=True):
            axes.plot(
                [level, level],
                share_bounds(round(share * len(ratios)), len(ratios))[1:],
                color=paint("primary"),
                linewidth=2.5,
                alpha=0.45,
            )
        axes.plot(LEVELS, shares, "o-", color=paint("primary"), markersize=5)
        axes.set(xlabel="nominal coverage", ylabel="empirical coverage")
        percent_axes(axes.xaxis, axes.yaxis)

    pairs = ", ".join(
        f"{level:.0%} nominal, {share:.0%} empirical" for level, share in zip(LEVELS, shares, strict=True)
    )
    return draw(
        "Calibration of the interval",
        "On the dashed line the interval is exactly calibrated; above it, the interval is wider than necessary.",
        f"Coverage of the held-out sales: {pairs}.",
        plot,
        SIZE,
    )


def _by_width(residuals: Floats, reach: Floats, target: float) -> Figure:
    groups = quantile_groups(reach, 10, 30)
    predicted = np.array([np.expm1(np.median(reach[inside])) for inside in groups])
    observed = np.array([np.expm1(conformal_quantile(residuals[inside], target)) for inside in groups])

    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot()
        ends = [0, max(predicted.max(), observed.max()) * 1.08]
        axes.plot(ends, ends, color=paint("muted"), linewidth=1, linestyle=DASHED)
        axes.plot(predicted, observed, "o", color=paint("primary"), markersize=6)
        axes.set(xlabel="reach of the interval towards the price", ylabel=f"{target:.0%} quantile of the errors")
        axes.set(xlim=(0, None), ylim=(0, None))
        percent_axes(axes.xaxis, axes.yaxis)

    pairs = ", ".join(f"{width:.0%} wide, {error:.0%} found" for width, error in zip(predicted, observed, strict=True))
    return draw(
        "Interval width against error",
        f"Each dot is {'a tenth' if len(groups) == 10 else 'a group'} of the held-out sales, grouped by how far "
        "their interval reaches towards the price. Dots along the dashed line mean that wide intervals go with large "
        "errors.",
        f"Reach of the interval and {target:.0%} quantile of the errors: {pairs}.",
        plot,
        SIZE,
    )
