"""Small charts: every value has its place, and every text is harmless."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.html_report.charts import Chart, nice_ticks

ENDS = st.floats(-1e6, 1e6, allow_nan=False)


def parsed(svg: str) -> ET.Element:
    """Return a drawing as XML."""
    return ET.fromstring(svg)  # noqa: S314 - made here


@given(ENDS, st.floats(1e-6, 1e6))
def test_ticks_are_few_and_hold_the_range(low: float, width: float) -> None:
    """From below the lowest value to above the highest, evenly."""
    ticks = nice_ticks(low, low + width)
    slack = 1e-6 * width + 1e-12 * abs(low)  # the digits that a number near `low` has
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + width - slack
    assert 2 <= len(ticks) <= 8


def test_larger_values_are_higher_up() -> None:
    """And names go from left to right."""
    chart = Chart(["a", "b"], 0.0, 1.0, str)
    assert chart.y(0.0) > chart.y(0.5) > chart.y(1.0)
    assert chart.x(0) < chart.x(1)
    assert chart.y(7.0) == chart.y(1.0)


def test_names_do_not_overlap() -> None:
    """Of many, only some are written."""
    chart = Chart([f"2015-01-{day:02}" for day in range(1, 31)], 0.0, 1.0, str)
    drawn = [node for node in parsed(chart.svg("")).iter("text") if node.get("text-anchor") == "middle"]
    places = [float(node.get("x", 0)) for node in drawn]
    assert 3 <= len(places) <= 8
    assert min(after - before for before, after in pairwise(places)) > 75


def test_texts_cannot_break_out() -> None:
    """Names of columns come from the data."""
    name = '"><script>alert(1)</script>\x00'
    chart = Chart([name], 0.0, 1.0, lambda value: f"<{value}>")
    chart.level(0.5, name)
    svg = chart.svg(name)
    assert "<script" not in svg
    assert "<script>" in parsed(svg).attrib["aria-label"]


@pytest.mark.parametrize("points", [[None, None], [(0.5, 0.4, 0.6), None]])
def test_missing_values_are_left_out(points: list[tuple[float, float, float] | None]) -> None:
    """A month of few sales has no dot."""
    chart = Chart(["a", "b"], 0.0, 1.0, str)
    chart.dots(points)
    assert len(list(parsed(chart.svg("")).iter("circle"))) == sum(point is not None for point in points)
