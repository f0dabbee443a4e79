"""Errors among the houses that the model is surest of, by the share of them that is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from houseprice.html_report import Figure
from houseprice.learning.report.figure import DASHED, annotate, draw, paint, percent_axes
from houseprice.learning.report.holdout import Holdout
from houseprice.metrics import share_bounds

SIZE = (4.4, 3.05)
Curve = Sequence[Mapping[str, float]]


@dataclass(frozen=True)
class HitRate:
    """The points of the curve, the share within 10 % at a hit rate of a half, and the figures."""

    curve: Curve
    at_half: Mapping[str, Any]
    figures: tuple[Figure, ...]


def hit_rate(holdout: Holdout) -> HitRate:
    """Return what the section on the hit rate shows."""
    found = holdout.evaluation.metrics["holdout"]["hit_rate"]
    curve = found["curve"]
    return HitRate(curve, found["within_10_at_half"], (_within(curve), _errors(curve)))


def _within(curve: Curve) -> Figure:
    rates = [point["hit_rate"] for point in curve]
    kinds = {"within_10": ("within 10%", "primary", "-"), "within_20": ("within 20%", "secondary", DASHED)}

    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot()
        for name, (label, colour, style) in kinds.items():
            shares = [point[name] for point in curve]
            bounds = [share_bounds(round(point[name] * point["sales"]), int(point["sales"])) for point in curve]
            axes.fill_between(
                rates,
                [bound.low for bound in bounds],
                [bound.high for bound in bounds],
                color=paint(colour),
                alpha=0.18,
                linewidth=0,
            )
            axes.plot(rates, shares, "o", linestyle=style, color=paint(colour), markersize=4, label=label)
        half = next(point for point in curve if point["hit_rate"] >= 0.5)
        annotate(axes, f"{half['within_10']:.0%}", half["hit_rate"], half["within_10"], (-8, 11))
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="hit rate: share of the houses that are answered")
        axes.set_ylabel("share of the answers")
        percent_axes(axes.xaxis, axes.yaxis)
        axes.legend(loc="lower left")

    values = ", ".join(f"{point['hit_rate']:.0%} answered, {point['within_10']:.0%} within 10%" for point in curve)
    return draw(
        "Accuracy by hit rate",
        "From right to left fewer houses are answered, those with the largest forecast standard deviation left out "
        "first. Shaded: 95% confidence intervals.",
        f"Share of the answers close to the price: {values}.",
        plot,
        SIZE,
    )


def _errors(curve: Curve) -> Figure:
    rates = np.array([point["hit_rate"] for point in curve])
    kinds = {"median_ape": ("median error", "primary", "-"), "log_rmse": ("log-RMSE", "secondary", DASHED)}

    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot()
        for name, (label, colour, style) in kinds.items():
            values = [point[name] for point in curve]
            axes.plot(rates, values, "o", linestyle=style, color=paint(colour), markersize=4, label=label)
        top = 1.4 * max(point[name] for point in curve for name in kinds)  # room for the legend
        axes.set(xlim=(0, 1.02), ylim=(0, top), xlabel="hit rate: share of the houses that are answered")
        axes.set_ylabel("error")
        percent_axes(axes.xaxis, axes.yaxis)
        axes.legend(loc="upper left")

    values = ", ".join(f"{point['hit_rate']:.0%} answered, {point['median_ape']:.1%}" for point in curve)
    return draw(
        "Error by hit rate",
        "If the forecast standard deviation (FSD) said nothing, the lines of the errors would be level.",
        f"Median error of the answers: {values}.",
        plot,
        SIZE,
    )
