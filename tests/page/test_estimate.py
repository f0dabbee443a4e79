"""Form and answer: they follow the schema of the data, and the answer belongs to the house in the form."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import toy as toys
from opened_page import READY, Open
from playwright.sync_api import Page, Route, expect
from running import Server

CONTROLS = {"number": "text", "integer": "text", "flag": "select-one", "ordinal": "select-one", "date": "date"}
TYPE = """(control, texts) => {
  for (const text of texts) {
    control.value = text;
    control.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}"""
"""What sets the texts of a control one after the other, as keys without a pause do."""


def config_of(server: Server) -> dict[str, Any]:
    """Return what the page is made from."""
    found: dict[str, Any] = json.loads(server.text("/page-config"))
    return found


def house_in(page: Page) -> dict[str, str]:
    """Return the house in the address."""
    return {name: found[0] for name, found in parse_qs(urlsplit(page.url).fragment.partition("?")[2]).items()}


@pytest.mark.parametrize("which", ["county", "town"])
def test_the_form_follows_the_schema(which: str, open_page: Open, request: pytest.FixtureRequest) -> None:
    """Every column of a house has a control of its kind with a label, and none of them is of another data set."""
    server = request.getfixturevalue(which)
    shown = open_page(server)
    columns = config_of(server)["columns"]
    for column in columns:
        control = shown.field(column["name"])
        expect(control).to_have_count(1)
        assert shown.page.locator(f'label[for="{control.get_attribute("id")}"]').inner_text()
        if column["kind"] in CONTROLS:
            assert control.evaluate("(control) => control.type") == CONTROLS[column["kind"]]
        expect(control).to_have_attribute("aria-required", "true") if column["required"] else None
    assert shown.page.locator(".field").count() == len(columns)


def test_a_choice_has_the_levels_of_the_schema(town: Server, open_page: Open) -> None:
    """In their order; an optional one may stay empty."""
    shown = open_page(town)
    options = {name: shown.field(name).locator("option") for name in ("grade", "state")}
    values = {name: found.evaluate_all("(all) => all.map((one) => one.value)") for name, found in options.items()}
    assert values == {"grade": ["1", "2", "3", "5"], "state": ["", "poor", "good"]}


def test_the_estimate_follows_typing(town: Server, open_page: Open) -> None:
    """The price is the model's for the house in the form, and so are both ends of its range."""
    shown = open_page(town)
    for area in ("100", "200"):
        shown.set("living area", area)
        sent = shown.asked()[-1]
        assert sent["living area"] == float(area)
        valuation = town.ask("POST", "/predict?include=valuation", sent)[1]["valuation"]
        figures = [valuation["display_price"], *valuation["display_range"]]
        text = shown.page.locator("#answer .price").inner_text()
        assert [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", text)] == [
            round(one) for one in figures
        ]


def test_overtaken_requests_are_aborted(town: Server, open_page: Open) -> None:
    """While an answer is late, what is shown is marked as old; an answer that was overtaken is never shown."""
    shown = open_page(town)
    before = shown.price()
    late: list[Route] = []
    shown.page.route("**/predict?*", lambda route: late.append(route))  # noqa: PLW0108 - Playwright sets an attribute of it
    shown.field("rooms").fill("5")
    expect(shown.page.locator("#answer .answer-body.stale")).to_be_visible()
    while not late:
        shown.page.wait_for_timeout(20)
    assert shown.price() == before
    shown.field("rooms").fill("9")
    while len(late) < 2:
        shown.page.wait_for_timeout(20)
    assert late[0].request.failure
    assert not late[1].request.failure
    assert shown.price() == before
    late[1].continue_()
    shown.page.locator(READY).wait_for()
    assert shown.price() != before


def test_quick_typing_asks_once(town: Server, open_page: Open) -> None:
    """Keys that follow each other closely make one request, for the last value."""
    shown = open_page(town)
    before = len(shown.asked())
    with shown.page.expect_response("**/predict?include=valuation"):
        shown.field("living area").evaluate(TYPE, ["1", "12", "123"])
    assert [house["living area"] for house in shown.asked()[before:]] == [123]


def test_what_the_server_refuses_is_said_beside_its_field(town: Server, open_page: Open) -> None:
    """There is no price meanwhile, neither in the answer nor in its bar; the next good value brings it back."""
    shown = open_page(town)
    shown.may_fail = True
    control = shown.field("living area")
    for wrong in ("6000", "1e9", "many", "-5", ""):
        with shown.page.expect_response(lambda response: response.status == 422):
            control.fill(wrong)
        expect(control).to_have_attribute("aria-invalid", "true")
        described = control.get_attribute("aria-describedby") or ""
        error = shown.page.locator(f'[id="{described.split()[-1]}"]')
        expect(error).to_be_visible()
        assert control.bounding_box()["y"] < error.bounding_box()["y"] < control.bounding_box()["y"] + 80  # type: ignore[index]
        expect(shown.page.locator("#answer .price .range")).to_have_count(0)
        assert not re.search(r"\d", shown.page.locator("#answer .price").inner_text())
    shown.set("living area", "90")
    expect(control).not_to_have_attribute("aria-invalid", "true")
    assert re.search(r"\d", shown.price())


def test_an_optional_field_may_stay_empty(town: Server, open_page: Open) -> None:
    """It is not sent then."""
    shown = open_page(town)
    shown.set("lot", "700")
    shown.set("lot", "")
    assert "lot" not in shown.asked()[-1]


def test_a_link_reproduces_a_house(town: Server, open_page: Open) -> None:
    """All of its fields, and so its price, in another browser and language."""
    first = open_page(town)
    first.set("living area", "123.5")
    first.field("zip").select_option("98039")
    first.field("grade").select_option("5")
    first.page.wait_for_timeout(500)
    expect(first.page.locator(READY)).to_be_visible()
    second = open_page(town, urlsplit(first.page.url).fragment.join(("#", "")), language="es-ES")
    assert house_in(second.page) == house_in(first.page)
    assert second.field("living area").input_value() == "123,5"
    digits = [re.sub(r"\D", "", one.price()) for one in (first, second)]
    assert digits[0] == digits[1]


def test_back_and_forward(county: Server, open_page: Open) -> None:
    """They lead through the views, and to the house before one was picked."""
    shown = open_page(county)
    page = shown.page
    views = page.locator("nav a")
    views.nth(1).click()
    expect(page.locator("#answer")).to_have_count(0)
    views.nth(2).click()
    assert urlsplit(page.url).fragment.startswith("/model")
    page.go_back()
    expect(views.nth(1)).to_have_attribute("aria-current", "page")
    page.go_back()
    page.locator(READY).wait_for()
    page.go_forward()
    expect(views.nth(1)).to_have_attribute("aria-current", "page")
    page.go_back()
    shown.set("bedrooms", "5")
    page.locator("form .form-head button").click()
    expect(shown.field("bedrooms")).not_to_have_value("5")
    page.go_back()
    expect(shown.field("bedrooms")).to_have_value("5")


def test_no_value_where_the_model_is_too_unsure(
    start_town: Callable[..., Server], tmp_path: Path, open_page: Open
) -> None:
    """The page says why, and shows the range, but no price in large type; nor on paper, nor in the bar of phones."""
    unsure = toys.seal(tmp_path / "unsure", max_fsd=0.1)
    server = start_town(bundle=unsure)
    shown = open_page(server, width=360)
    expect(shown.page.locator("#answer .no-value")).to_be_visible()
    expect(shown.page.locator("#answer .price")).to_have_count(0)
    assert not re.search(r"\d", shown.page.locator(".answer-bar").inner_text())
