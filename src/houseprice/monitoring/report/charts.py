"""The figures of the monitoring report."""

from collections.abc import Sequence

import numpy as np

from houseprice.html_report import Figure, number
from houseprice.html_report.charts import Chart, Point
from houseprice.metrics import Estimate
from houseprice.monitoring.alarms import Alarm
from houseprice.monitoring.figures import WITHIN_FSD, Group
from houseprice.monitoring.monitor import Monitor

MAX_POINTS = 120
NEWEST_WEEKS = 26


def percent(value: float) -> str:
    """Return a share for an axis."""
    return number(value, ".0%") if round(value * 100, 6) % 1 == 0 else number(value, ".1%")


def signed_percent(value: float) -> str:
    """Return a signed share for an axis."""
    return "0%" if abs(value) < 1e-9 else number(value, "+.0%" if round(value * 100, 6) % 1 == 0 else "+.1%")


def error_charts(monitor: Monitor) -> list[Figure]:
    """Return the figures of the realised error and the coverage by month, or by week while there are few months."""
    groups, unit = (monitor.months, "month") if len(monitor.months) > 3 else (monitor.weeks[-NEWEST_WEEKS:], "week")
    names = [group.name for group in groups]
    if not any(group.errors for group in groups):
        return []
    errors = [_point(group.errors.median_ape) if group.errors else None for group in groups]
    covered = [_point(group.errors.coverage) if group.errors else None for group in groups]
    expected = monitor.profile.errors.median_ape
    chart = Chart(names, 0.0, max(expected, *_highs(errors)) * 1.05, percent)
    chart.level(expected, "holdout")
    chart.dots(errors)
    coverage = monitor.profile.errors.coverage
    lower = Chart(names, min(coverage, *_lows(covered)) - 0.02, 1.0, percent)
    lower.level(coverage, "nominal")
    lower.dots(covered)
    return [
        Figure(
            f"Median error by {unit} of the sale",
            "Bars: 95% intervals. Dashed: the error of the holdout.",
            chart.svg(f"Median error by {unit}: " + _values(names, errors)),
        ),
        Figure(
            f"Interval coverage by {unit}",
            "The share of prices within their interval. Dashed: what the interval promises.",
            lower.svg(f"Coverage by {unit}: " + _values(names, covered)),
        ),
    ]


def market_charts(monitor: Monitor) -> list[Figure]:
    """Return the figures of the market drift, and of the index with what was found."""
    months = monitor.market
    if not months:
        return []
    names, drift = [month.month for month in months], [_percent(month.drift) for month in months]
    chart = Chart(names, min(-0.02, *_lows(drift)), max(0.02, *_highs(drift)), signed_percent)
    chart.level(0.0)
    chart.dots(drift, "secondary")
    figures = [
        Figure(
            "Market drift by month",
            "How far prices are above or below what the model's index says; bars are 95% intervals.",
            chart.svg("Market drift by month: " + _values(names, drift)),
        )
    ]
    index = monitor.profile.market_index
    if index and any(month.index is not None for month in months):
        last = months[-1].month
        held = [month for month in index if month <= max(last, next(iter(index)))]
        found = {month.month: month.found_index for month in months}
        points = [_percent(found.get(month)) for month in held]
        line = [float(np.expm1(index[month])) for month in held]
        ends = [*line, *(end for point in points if point for end in point)]
        chart = Chart(held, min(ends), max(ends), signed_percent)
        chart.line(line)
        chart.dots(points, "secondary")
        figures.append(
            Figure(
                "Market index",
                "Since the first month of the training sales: what the model holds, and where prices were.",
                chart.svg("Market index found by month: " + _values(held, points)),
                (("primary", "index of the model"), ("secondary", "prices paid")),
            )
        )
    return figures


def calibration_chart(groups: Sequence[Group]) -> list[Figure]:
    """Return the figure of the calibration of the forecast standard deviation."""
    if not groups:
        return []
    names = [group.name.replace(" to ", "–") for group in groups]
    points = [_point(group.errors.within_fsd) if group.errors else None for group in groups]
    chart = Chart(names, min(0.5, *_lows(points)), max(0.9, *_highs(points)), percent)
    chart.level(WITHIN_FSD, "normal errors")
    chart.dots(points)
    return [
        Figure(
            "Calibration of the expected error",
            "Share of errors within one forecast standard deviation (FSD), in fifths of the FSD. Above the dashed line "
            "the model is more certain than it says.",
            chart.svg("Share within one FSD: " + _values(names, points)),
        )
    ]


def expected_chart(monitor: Monitor) -> list[Figure]:
    """Return the figure of the expected error beside what came."""
    months = monitor.expected
    if not months:
        return []
    names, expected = [month.month for month in months], [month.expected for month in months]
    realised = [_point(month.realised) for month in months]
    chart = Chart(names, 0.0, max(*expected, *_highs(realised), 0.01) * 1.05, percent)
    chart.line(expected)
    chart.dots(realised, "secondary")
    return [
        Figure(
            "Expected and realised error by month of the request",
            "Line: median error that the model expects of all it was asked. Dots: that of the sales known by now.",
            chart.svg("Realised error by month of the request: " + _values(names, realised)),
            (("primary", "expected"), ("secondary", "realised")),
        )
    ]


def requests_chart(monitor: Monitor) -> list[Figure]:
    """Return the figure of the number of requests, by day or, of a longer time, by week or month."""
    days = monitor.daily.day.astype("datetime64[D]")
    if not len(days):
        return []
    unit, words = ("D", "day") if np.ptp(days).astype(int) <= MAX_POINTS else ("M", "month")
    starts = days.astype(f"datetime64[{unit}]")
    periods = np.unique(starts)
    counts = [int(monitor.daily.count[starts == period].sum()) for period in periods]
    chart = Chart([str(period) for period in periods], 0.0, float(max(counts)), lambda value: f"{value:,.0f}")
    chart.bars(counts)
    return [Figure(f"Requests by {words}", "Live predictions of this model.", chart.svg(f"Requests by {words}."))]


def evidence_chart(alarm: Alarm) -> Figure:
    """Return the figure of the evidence of an alarm over time."""
    rows = np.unique(np.linspace(0, alarm.observations - 1, MAX_POINTS).round().astype(int))
    evidence = alarm.log_evidence[rows] / np.log(10.0)
    needed = -float(np.log10(alarm.alpha))
    names = [str(day) for day in alarm.days[rows].astype("datetime64[D]")]
    low = max(float(evidence.min()), -2.0)
    high = min(max(float(evidence.max()), needed), 4.0 * needed)
    chart = Chart(names, min(low, 0.0), high, lambda value: number(value, "g"), height=190.0)
    chart.level(needed, "alarm", "danger")
    chart.line(evidence.tolist())
    return Figure(
        "Evidence",
        "Evidence in powers of ten; it may be looked at every day.",
        chart.svg(f"Evidence reached {float(evidence.max()):.1f} powers of ten; {needed:.1f} raise the alarm."),
    )


def _point(estimate: Estimate | None) -> Point:
    return None if estimate is None else (estimate.value, estimate.low, estimate.high)


def _percent(estimate: Estimate | None) -> Point:
    if estimate is None:
        return None
    value, low, high = (float(np.expm1(end)) for end in estimate)
    return value, low, high


def _lows(points: Sequence[Point]) -> list[float]:
    return [point[1] for point in points if point]


def _highs(points: Sequence[Point]) -> list[float]:
    return [point[2] for point in points if point]


def _values(names: Sequence[str], points: Sequence[Point]) -> str:
    return ", ".join(f"{name} {point[0]:.1%}" for name, point in zip(names, points, strict=True) if point)
