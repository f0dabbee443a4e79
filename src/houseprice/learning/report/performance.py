"""Metrics of the model with their confidence intervals, beside its baselines."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from houseprice.bundle.model_card import baseline_rows, split_labels
from houseprice.html_report import Figure
from houseprice.learning.report.figure import DASHED, annotate, draw, paint, percent_axes
from houseprice.learning.report.holdout import Holdout
from houseprice.metrics import Estimate


class Metric(NamedTuple):
    """How a metric is written, and what it means."""

    label: str
    spec: str
    meaning: str


METRICS = {
    "log_rmse": Metric("log-RMSE", ".4f", "root mean squared error of natural-log prices; 0.15 is about 15%"),
    "median_ape": Metric("median error", ".1%", "half of the predictions are closer to the actual price than this"),
    "within_10": Metric("within 10%", ".1%", "share of the predictions less than 10% from the actual price"),
    "mae": Metric("MAE", "price", "mean absolute error, in the currency"),
    "bias_log": Metric("bias", "+z.3f", "mean of log predicted − log actual; below 0, predictions are too low overall"),
    "cod": Metric("COD", ".1f", "coefficient of dispersion: scatter of predicted ÷ actual, in percent (IAAO)"),
    "prd": Metric("PRD", ".3f", "price-related differential; above 1.03, expensive houses are predicted low (IAAO)"),
    "prb": Metric(
        "PRB", "+.3f", "price-related bias: change of predicted ÷ actual when the value doubles; 0 is none (IAAO)"
    ),
}

FURTHER = {
    "male": Metric("MALE", ".4f", "mean absolute log error; less moved by a few large errors than log-RMSE"),
    "rmse": Metric("RMSE", "price", "root mean squared error, in the currency; expensive houses dominate it"),
    "within_5": Metric("within 5% (PPE5)", ".1%", "share of the predictions no further than 5% from the actual price"),
    "within_15": Metric("within 15% (PPE15)", ".1%", "the same, 15%"),
    "within_20": Metric("within 20% (PPE20)", ".1%", "the same, 20%"),
    "p15_low": Metric("more than 15% too low (P15L)", ".1%", "share of the houses that are clearly undervalued"),
    "p15_high": Metric("more than 15% too high (P15H)", ".1%", "share of the houses that are clearly overvalued"),
}
VEI = Metric(
    "VEI",
    "+.1f",
    "vertical equity indicator: by how many percent the dearest group of houses is predicted higher than the cheapest; "
    "0 is none, and ±10 is allowed (IAAO)",
)


@dataclass(frozen=True)
class Performance:
    """The rows of the metrics table; splits whose metrics have intervals, and further metrics of these; figures."""

    rows: tuple[tuple[str, dict[str, Any]], ...]
    splits: tuple[tuple[str, dict[str, Any]], ...]
    further: tuple[tuple[Metric, tuple[Estimate | None, ...]], ...]
    figures: tuple[Figure, ...]


def performance(holdout: Holdout) -> Performance:
    """Return what the section on performance shows."""
    metrics = holdout.evaluation.metrics
    labels = split_labels(metrics["protocol"])
    rows = [(label, metrics[split]) for split, label in labels.items() if split in metrics]
    rows += baseline_rows(metrics)
    splits = tuple((label, found) for label, found in rows if "ci95" in found)
    further = [
        (metric, tuple(Estimate(found[name], *found["ci95"][name]) for _, found in splits))
        for name, metric in FURTHER.items()
    ]
    vei = tuple(Estimate(one["value"], *one["ci95"]) if (one := found.get("vei")) else None for _, found in splits)
    return Performance(
        tuple(rows), splits, (*further, (VEI, vei)), (_confidence_intervals(holdout), _error_cdf(holdout))
    )


def _confidence_intervals(holdout: Holdout) -> Figure:
    metrics = holdout.evaluation.metrics
    labels = split_labels(metrics["protocol"])
    shown = [(label, metrics[split]) for split, label in labels.items() if "ci95" in metrics.get(split, {})]
    ridge = metrics["baselines"]["ridge"]["log_rmse"]
    limit = holdout.config.gates.max_log_rmse

    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot()
        for place, (_, found) in enumerate(shown):
            interval = found["ci95"]["log_rmse"]
            axes.plot(interval, [place, place], color=paint("primary"), linewidth=3, solid_capstyle="round", alpha=0.5)
            axes.plot(found["log_rmse"], place, "o", color=paint("primary"), markersize=6)
        axes.plot(ridge, len(shown), "D", color=paint("secondary"), markersize=5)
        if limit is not None:
            axes.axvline(limit, color=paint("muted"), linewidth=1, linestyle=DASHED)
            annotate(axes, "gate", limit, -0.75)
        axes.set_yticks(range(len(shown) + 1), [*(label for label, _ in shown), "baseline: ridge"])
        axes.set_ylim(len(shown) + 0.5, -1)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", labelcolor=paint("text"))
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("log-RMSE")

    values = "; ".join(f"{label} {found['log_rmse']:.4f}" for label, found in shown)
    constant = metrics["baselines"]["constant"]["log_rmse"]
    return draw(
        "log-RMSE with 95% confidence intervals",
        f"Lower is better. The constant baseline is off the chart, at {constant:.2f}.",
        f"log-RMSE: {values}; the ridge baseline {ridge:.4f}{f'; the gate is at {limit:g}' if limit else ''}.",
        plot,
        (4.4, 2.5),
    )


def _error_cdf(holdout: Holdout) -> Figure:
    out_of_fold = holdout.evaluation.out_of_fold["log_error"].to_numpy()
    labels = split_labels(holdout.evaluation.metrics["protocol"])
    held_out = labels["holdout"]
    errors = {held_out: np.abs(holdout.errors), labels["grouped_folds"]: np.abs(np.expm1(-out_of_fold))}
    grid = np.linspace(0, 0.5, 101)
    shares = {
        label: np.searchsorted(np.sort(error), grid, side="right") / len(error) for label, error in errors.items()
    }
    marked = {x: float(np.interp(x, grid, shares[held_out])) for x in (0.05, 0.1, 0.2)}

    def plot(canvas: Any) -> None:
        axes = canvas.add_subplot()
        for (label, share), colour, style in zip(shares.items(), ("primary", "secondary"), ("-", DASHED), strict=True):
            axes.plot(grid, share, color=paint(colour), linestyle=style, linewidth=2, label=label)
        for x, height in marked.items():
            axes.plot(x, height, "o", color=paint("primary"), markersize=5)
            annotate(axes, f"{height:.0%}", x, height, (7, -9))
        axes.set(xlim=(0, 0.5), ylim=(0, 1.02), xlabel="absolute error, up to", ylabel="share of predictions")
        percent_axes(axes.xaxis, axes.yaxis)
        axes.legend(loc="lower right")

    values = ", ".join(f"{share:.0%} within {x:.0%}" for x, share in marked.items())
    return draw(
        "Cumulative distribution of absolute errors",
        "The share of predictions that are at most this far from the actual price; errors above 50% are not shown.",
        f"Share of the held-out sales by error: {values}.",
        plot,
        (4.4, 2.5),
    )
