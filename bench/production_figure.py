"""The story of a year in production as one picture: errors and bias by week, what was planted, alarms, retraining."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from houseprice.metrics import Estimate
from houseprice.monitoring.figures import ErrorFigures
from houseprice.monitoring.monitor import Monitor
from played_production import Faults

mpl.use("Agg")

OLD, NEW, RAISED = "#33658a", "#2f855a", "#c0392b"


def draw(path: Path, before: Monitor, after: Monitor, faults: Faults, retrained: date) -> None:
    """Write the picture of the first model until its end and of the one that replaced it."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 1, figsize=(10, 6.6), sharex=True, layout="constrained")
    measures: list[tuple[str, Callable[[ErrorFigures], Estimate]]] = [
        ("median absolute error", lambda errors: errors.median_ape),
        ("bias: predicted above (+) or below (−) paid", lambda errors: errors.bias),
    ]
    for place, (words, measure) in zip(axes, measures, strict=True):
        _weeks(place, before, measure, OLD, f"first model, {before.profile.model_version}")
        _weeks(place, after, measure, NEW, f"retrained model, {after.profile.model_version}")
        place.axvspan(_day(faults.units[0]), _day(faults.units[1]), color="#f6c85f", alpha=0.35, lw=0)
        for day in (faults.moved, retrained):
            place.axvline(_day(day), color="#555555", lw=1, ls="--")
        place.set_ylabel(words)
        place.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        place.grid(axis="y", alpha=0.3)
        place.spines[["top", "right"]].set_visible(False)
    axes[1].axhline(0.0, color="black", lw=0.8)
    _alarms(axes[0], before)
    _note(axes[1], faults.units[0], "areas in m²")
    _note(axes[1], faults.moved, f"market {faults.by:+.0%}")
    _note(axes[1], retrained, "retrained")
    axes[0].legend(loc="upper left", frameon=False, ncols=2)
    figure.autofmt_xdate()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _weeks(place: Axes, monitor: Monitor, measure: Callable[[ErrorFigures], Estimate], colour: str, label: str) -> None:
    weeks = [(group.name, measure(group.errors)) for group in monitor.weeks if group.errors]
    days = np.array([name for name, _ in weeks], dtype="datetime64[D]") + 3
    found = np.array([estimate for _, estimate in weeks])
    place.fill_between(days, found[:, 1], found[:, 2], color=colour, alpha=0.18, lw=0)
    place.plot(days, found[:, 0], "o-", color=colour, ms=3.5, lw=1.4, label=label)


def _alarms(place: Axes, monitor: Monitor) -> None:
    """Mark the day of each alarm, those of one day together."""
    days: dict[str, list[str]] = {}
    for alarm in monitor.raised:
        days.setdefault(str(alarm.raised_on), []).append(f"{alarm.name} {alarm.about}".strip())
    top = place.get_ylim()[1]
    place.set_ylim(0.0, top * 1.45)
    for number, (day, names) in enumerate(days.items()):
        height = top * (1.02 + 0.09 * (number % 4))
        place.plot(_day(date.fromisoformat(day)), height, "v", color=RAISED, ms=7)
        place.annotate(
            _words(names), (_day(date.fromisoformat(day)), height), (6, -3), textcoords="offset points",
            color=RAISED, fontsize=8,
        )  # fmt: skip


def _words(names: Sequence[str]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def _note(place: Axes, day: date, words: str) -> None:
    place.annotate(words, (_day(day), place.get_ylim()[0]), (4, 6), textcoords="offset points", fontsize=8)


def _day(day: date) -> np.datetime64:
    return np.datetime64(day, "D")
