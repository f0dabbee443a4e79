"""The report on a model in production: one self-contained HTML file for people.

`render` is pure: no file, no clock, no network. charts draws the figures, and wording says what each alarm means and
what to do; templates/ holds the page, html_report what it has in common with the report on a trained model.
"""

from functools import cache

from jinja2 import Environment

from houseprice.html_report import environment, printable
from houseprice.monitoring.alarms import EPOCH_DAYS
from houseprice.monitoring.figures import MIN_SALES
from houseprice.monitoring.input_drift import RECENT_DAYS
from houseprice.monitoring.monitor import Monitor
from houseprice.monitoring.report import charts
from houseprice.monitoring.report.wording import ON_SALES, WORDS

NAME = "monitoring_report.html"
SECTIONS = {  # template → title, in the order of the page
    "alarms": "Alarms",
    "errors": "Realised error",
    "market": "Market and model",
    "expected": "Expected error",
    "slices": "Errors by slice",
    "inputs": "Inputs",
    "shadow": "Shadow model",
    "terms": "What the words mean",
}
MAX_SLICES = 12
"""Categories of the location that the page shows: those with the largest error."""


def render(monitor: Monitor, project: str) -> bytes:
    """Return the report as one HTML file, UTF-8; `project` is the name of the model."""
    sections = {name: title for name, title in SECTIONS.items() if name != "shadow" or monitor.shadow is not None}
    page = (
        _environment()
        .get_template("report.html")
        .render(
            monitor=monitor,
            project=project,
            sections=sections,
            words=WORDS,
            errors=monitor.errors,
            sealed=monitor.profile.errors,
            newest_month=monitor.market[-1] if monitor.market else None,
            alarms=sorted(monitor.alarms, key=lambda alarm: -alarm.level),
            fault_and_errors=any(alarm.name in ON_SALES for alarm in monitor.raised)
            and any(alarm.name not in ON_SALES for alarm in monitor.raised),
            on_sales=ON_SALES,
            evidence={alarm.name + alarm.about: charts.evidence_chart(alarm) for alarm in monitor.raised},
            error_charts=charts.error_charts(monitor),
            market_charts=charts.market_charts(monitor),
            expected_charts=[*charts.expected_chart(monitor), *charts.calibration_chart(monitor.fsd)],
            requests_charts=charts.requests_chart(monitor),
            locations=_worst(monitor),
            min_sales=MIN_SALES,
            recent_days=RECENT_DAYS,
            epoch_days=EPOCH_DAYS,
        )
    )
    return printable(page).encode()


def _worst(monitor: Monitor) -> list[object]:
    """Return the categories of the location with the largest median errors."""
    groups = [group for group in monitor.slices.get("location", []) if group.errors]
    groups.sort(key=lambda group: -(group.errors.median_ape.value if group.errors else 0.0))
    return list(groups[:MAX_SLICES])


@cache
def _environment() -> Environment:
    return environment("houseprice.monitoring.report")
