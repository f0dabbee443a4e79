"""The report on a model in production: whole, self-contained, and harmless whatever the data hold."""

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from made_days import made_inputs, made_predictions, made_sales

from houseprice.monitoring.alarms import ALPHAS
from houseprice.monitoring.monitor import Monitor, monitor
from houseprice.monitoring.profile import ReferenceProfile
from houseprice.monitoring.report import SECTIONS, render
from houseprice.monitoring.report.wording import ON_SALES, WORDS


@pytest.fixture(scope="module")
def watched(profile: ReferenceProfile) -> Monitor:
    """Return a model with a moved market, a fault of units and a shadow."""
    sales = made_sales(500, 1, shift=0.12)
    inputs = made_inputs(profile, 60, lambda houses: {"area": houses["area"] / 10.7639}, 20)
    better = replace(sales, price=sales.price_paid * (sales.price / sales.price_paid) ** 0.5)
    return monitor(profile, sales, made_predictions(60), inputs, better)


@pytest.fixture(scope="module")
def page(watched: Monitor) -> str:
    """Return its report."""
    return render(watched, "made model").decode()


class Tags(HTMLParser):
    """Tags of a page, which must be closed in the order in which they were opened."""

    VOID = ("meta", "circle", "line", "rect", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag."""
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Take the end of one."""
        if tag not in self.VOID:
            assert self.open.pop() == tag


def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """Return the tags of a page that is well formed."""
    parser = Tags()
    parser.feed(page)
    assert parser.open == []
    return parser.seen


def test_the_page_needs_nothing_from_elsewhere(page: str) -> None:
    """No script, no address, and a policy that would refuse them."""
    seen = tags(page)
    assert "script" not in {tag for tag, _ in seen}
    assert not {name for _, attrs in seen for name in attrs} & {"src", "onclick", "onload"}
    assert all((attrs.get("href") or "#").startswith("#") for _, attrs in seen)
    assert "default-src 'none'" in page


def test_every_section_is_there_and_linked(page: str) -> None:
    """The shadow's only where there is one."""
    seen = tags(page)
    assert [attrs["id"] for tag, attrs in seen if tag == "section"] == list(SECTIONS)
    assert [attrs["href"] for tag, attrs in seen if tag == "a"] == [f"#{name}" for name in SECTIONS]


def test_every_drawing_says_in_words_what_it_shows(page: str) -> None:
    """For readers who cannot see it."""
    drawings = [attrs for tag, attrs in tags(page) if tag == "svg"]
    assert len(drawings) >= 8
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in drawings)


def test_raised_alarms_say_what_was_found_and_what_to_do(page: str, watched: Monitor) -> None:
    """Each with its evidence; the numbers are none that a person cannot read."""
    names = {alarm.name for alarm in watched.raised}
    assert {"market_above", "inputs"} <= names
    for name in names:
        assert WORDS[name].remedy in page
    assert not re.search(r"\b(nan|inf|None)\b", re.sub(r"<[^>]*>", " ", page.split("</style>")[1]))


def test_every_alarm_has_its_words() -> None:
    """And those on sales count sales."""
    assert set(WORDS) == set(ALPHAS) > set(ON_SALES)


def test_the_same_data_give_the_same_bytes(watched: Monitor) -> None:
    """No clock, no chance."""
    assert render(watched, "made model") == render(watched, "made model")


def test_names_from_the_data_cannot_break_out(profile: ReferenceProfile) -> None:
    """Neither the project's nor a category's."""
    hostile = '<img src=x onerror="alert(1)">'
    quarter = profile.columns["quarter"]
    evil = replace(quarter, names=(hostile, *quarter.names[1:]), known=quarter.known | {hostile})
    profile = replace(profile, columns=profile.columns | {"quarter": evil})
    sales = made_sales(100, quarter=np.full(100, hostile, dtype=object))
    found = render(monitor(profile, sales, made_predictions(40), made_inputs(profile, 1)), hostile).decode()
    assert "<img" not in found
    assert "&lt;img" in found
    tags(found)


def test_a_model_without_data_has_a_page(profile: ReferenceProfile) -> None:
    """On the first day nothing is known."""
    nothing = monitor(profile, made_sales(0), made_predictions(0), made_inputs(profile, 1).where(np.arange(0)))
    tags(render(nothing, "made model").decode())


def test_monitoring_imports_numpy_and_jinja2_alone() -> None:
    """It runs where the model runs."""
    code = "import sys, houseprice.monitoring.report; print(' '.join(sorted(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "jinja2"} <= set(loaded)
    assert not {"pydantic", "polars", "onnxruntime", "sqlalchemy", "fastapi", "scipy", "matplotlib"} & set(loaded)
