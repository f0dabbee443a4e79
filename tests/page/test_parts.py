"""Below the answer: what moves the price, comparable sales, what-if curves, the value over the months."""

import json
import re
from typing import Any

import pytest
from opened_page import READY, Open, OpenedPage
from playwright.sync_api import Locator, expect
from running import Server

pytestmark = pytest.mark.long


def number(text: str) -> float:
    """Return the amount of money in a text, which has one."""
    found = re.search(r"([−-]?)\D?(\d[\d,]*)", text)
    assert found, text
    return float(found[2].replace(",", "")) * (-1 if found[1] else 1)


def part(shown: OpenedPage, name: str) -> Locator:
    """Scroll to a part of the page and wait until it belongs to the house in the form."""
    section = shown.page.locator(f"section[aria-labelledby={name}-title]")
    section.scroll_into_view_if_needed()
    expect(section).to_have_attribute("aria-busy", "false")
    return section


def test_the_waterfall_adds_up(town: Server, open_page: Open) -> None:
    """From the average house, by every amount, to the estimate: in whole units of money, as they are shown."""
    shown = open_page(town)
    section = part(shown, "explanation")
    more = section.locator("button[aria-expanded]")
    if more.count():
        more.click()
    amounts = [number(text) for text in section.locator(".waterfall-amount").all_inner_texts()]
    assert len(amounts) > 3
    assert sum(amounts[:-1]) == amounts[-1]
    house = shown.asked()[-1]
    assert amounts[-1] == round(town.ask("POST", "/predict", house)[1]["predicted_price"])


def test_the_explanation_follows_the_house(town: Server, open_page: Open) -> None:
    """After a change, its end is the new price."""
    shown = open_page(town)
    part(shown, "explanation")
    shown.set("living area", "222")
    section = part(shown, "explanation")
    price = town.ask("POST", "/predict", shown.asked()[-1])[1]["predicted_price"]
    assert number(section.locator(".waterfall-amount").last.inner_text()) == round(price)


def sales(section: Locator) -> Locator:
    """Return the rows of the comparable sales."""
    return section.locator("table.sales tbody tr:has(input[type=checkbox])")


def test_leaving_a_sale_out_moves_the_value(county: Server, open_page: Open) -> None:
    """The sale stays in the table, unchecked; using it again brings the first value back."""
    shown = open_page(county)
    section = part(shown, "comparables")
    value = section.locator(".reconciled dd").first
    before = value.inner_text()
    assert sales(section).count() >= 3
    moved = []
    for index in range(3):
        with shown.page.expect_response("**/comparables*exclude=*"):
            sales(section).nth(index).locator("input").uncheck()
        expect(section).to_have_attribute("aria-busy", "false")
        moved.append(value.inner_text())
    assert any(one != before for one in moved)
    expect(section.locator("tr.left-out")).to_have_count(3)
    section.locator(".reconciled button").click()
    expect(section.locator("tr.left-out")).to_have_count(0)
    expect(value).to_have_text(before)


def test_the_table_of_sales_is_sorted_by_a_click(county: Server, open_page: Open) -> None:
    """By price, both ways; the heading says which."""
    shown = open_page(county)
    section = part(shown, "comparables")
    headings = section.locator("thead th:has(button)")
    column = headings.nth(1)
    directions = []
    for _ in range(2):
        column.locator("button").click()
        directions.append(column.get_attribute("aria-sort"))
        position = column.evaluate("(cell) => cell.cellIndex")
        texts = sales(section).locator(f"td:nth-child({position + 1})").all_inner_texts()
        prices = [number(text) for text in texts]
        assert prices == sorted(prices, reverse=directions[-1] == "descending")
    assert sorted(directions, key=str) == ["ascending", "descending"]


def test_the_steps_of_a_sale_add_up(county: Server, open_page: Open) -> None:
    """From the price paid to the adjusted price."""
    shown = open_page(county)
    section = part(shown, "comparables")
    sales(section).first.locator("button[aria-expanded]").click()
    amounts = [number(text) for text in section.locator(".sale-details .waterfall-amount").all_inner_texts()]
    assert len(amounts) > 2
    assert sum(amounts[:-1]) == amounts[-1]


def test_a_point_of_a_curve_sets_the_house(county: Server, open_page: Open) -> None:
    """By the pointer and by the keys of the slider; the estimate follows."""
    shown = open_page(county)
    section = part(shown, "curve")
    chosen = section.locator(".curve-head select").input_value()
    before = shown.field(chosen).input_value()
    box = section.locator("svg.chart").bounding_box()
    assert box
    with shown.page.expect_response("**/predict?include=valuation"):
        shown.page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.3)
    clicked = shown.field(chosen).input_value()
    assert clicked != before
    slider = section.locator("input[type=range]")
    slider.focus()
    with shown.page.expect_response("**/predict?include=valuation"):
        shown.page.keyboard.press("ArrowLeft")
    assert shown.field(chosen).input_value() != clicked
    shown.page.locator(READY).wait_for()


def test_every_curve_of_the_list_is_drawn(county: Server, open_page: Open) -> None:
    """With a table that says the same in words: as many rows as the curve has points."""
    shown = open_page(county)
    section = part(shown, "curve")
    choice = section.locator(".curve-head select")
    for name in choice.locator("option").evaluate_all("(all) => all.map((one) => one.value)")[:4]:
        choice.select_option(name)
        expect(section).to_have_attribute("aria-busy", "false")
        expect(section.locator("svg.chart")).to_be_visible()
        assert section.locator("tbody tr").count() >= 2


def test_the_value_over_the_months(county: Server, open_page: Open) -> None:
    """It is there where sales have dates, with as many months as the API gives."""
    shown = open_page(county)
    section = part(shown, "history")
    months = county.ask("POST", "/history", shown.asked()[-1])[1]["history"]
    assert section.locator("tbody tr").count() == len(months)


def test_a_model_without_its_sales(town: Server, open_page: Open) -> None:
    """An answer of 404 leaves their table away, and nothing else."""
    shown = open_page(town, ready=None)
    shown.may_fail = True
    gone: dict[str, Any] = {"status": 404, "body": json.dumps({"detail": "none", "code": "sales_not_in_bundle"})}
    shown.page.route("**/comparables*", lambda route: route.fulfill(**gone))
    shown.page.reload()
    part(shown, "explanation")
    expect(shown.page.locator("table.sales")).to_have_count(0)
