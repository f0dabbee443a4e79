"""Without a mouse, and on paper."""

import json
import re
from itertools import pairwise

from opened_page import PHONE, READY, Open
from playwright.sync_api import expect
from running import Server

CONTROLS = "a[href], button, input, select, textarea, summary"
FOCUS = """() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const seen = style.outlineStyle !== "none" || style.boxShadow !== "none" || element.matches(":focus-visible");
  const box = element.getBoundingClientRect();
  return { key: element.outerHTML.slice(0, 200), tag: element.tagName, seen, shown: box.width > 0 && box.height > 0 };
}"""


def test_every_control_is_reached_by_the_tab_key(county: Server, open_page: Open) -> None:
    """In the order of the page, each visibly focused; nothing keeps the focus, and none of the controls is left out."""
    shown = open_page(county)
    shown.page.wait_for_load_state("networkidle")
    wanted = shown.page.locator(CONTROLS).evaluate_all(
        "(all) => all.filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex >= 0).length"
    )
    seen: list[str] = []
    for _ in range(wanted + 20):
        shown.page.keyboard.press("Tab")
        now = shown.page.evaluate(FOCUS)
        if now["tag"] == "BODY":
            break
        assert now["seen"], now
        assert now["shown"], now
        seen.append(now["key"])
    assert len(seen) >= wanted


def test_the_skip_link_leads_to_the_estimate(town: Server, open_page: Open) -> None:
    """It is the first control."""
    shown = open_page(town)
    shown.page.keyboard.press("Tab")
    shown.page.keyboard.press("Enter")
    assert shown.page.evaluate("document.activeElement.id") == "answer"


def test_a_house_is_valued_by_the_keyboard_alone(town: Server, open_page: Open) -> None:
    """Typing, arrows in a number, and letters in a list; a screen reader hears the new estimate once."""
    shown = open_page(town, may_fail=True)  # the first digit alone is too small an area
    spoken = shown.page.locator("#answer [aria-live=polite]")
    before = spoken.inner_text()
    shown.field("living area").focus()
    with shown.page.expect_response("**/predict?include=valuation"):
        shown.page.keyboard.press("ControlOrMeta+a")
        shown.page.keyboard.type("150")
    with shown.page.expect_response("**/predict?include=valuation"):
        shown.page.keyboard.press("ArrowUp")
    shown.page.locator(READY).wait_for()
    assert shown.asked()[-1]["living area"] > 150
    expect(spoken).not_to_have_text(before)


def test_a_heading_names_each_section(county: Server, open_page: Open) -> None:
    """One first heading, no level left out, and one main landmark."""
    shown = open_page(county)
    levels = shown.page.locator("h1, h2, h3, h4").evaluate_all("(all) => all.map((one) => Number(one.tagName[1]))")
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    expect(shown.page.locator("main")).to_have_count(1)


def test_paper_holds_the_estimate_on_one_page(county: Server, open_page: Open) -> None:
    """With day, version, interval, the house and the comparable sales, and without controls; from a dark phone, too."""
    shown = open_page(county, width=PHONE, theme="dark")
    sales = shown.page.locator("section[aria-labelledby=comparables-title]")
    expect(sales).to_have_attribute("aria-busy", "false")
    paper = shown.page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    shown.page.emulate_media(media="print")
    text = shown.page.locator("body").inner_text()
    config = json.loads(county.text("/page-config"))
    valuation = county.ask("POST", "/predict?include=valuation", shown.asked()[-1])[1]["valuation"]
    for amount in (valuation["display_price"], *valuation["display_range"]):
        assert f"{round(amount):,}" in text
    assert config["model_version"] in text
    assert shown.page.evaluate("String(new Date().getFullYear())") in text
    assert sales.locator("tbody tr:visible").count() >= 3
    expect(shown.page.locator("form:visible, nav:visible, .button:visible, .map canvas:visible")).to_have_count(0)
