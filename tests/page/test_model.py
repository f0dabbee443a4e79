"""The model card in readable form: its figures are those of `/model`."""

import json
from pathlib import Path

import pytest
from opened_page import PHONE, READY, Open, axe_violations
from playwright.sync_api import expect
from running import Server


def test_the_card_holds_the_models_figures(county: Server, open_page: Open) -> None:
    """Version, digest, the median error of the newest sales, and every requirement."""
    shown = open_page(county, "#/model", ready=".model-facts")
    shown.page.locator(".model-measures").wait_for()
    text = shown.page.locator("main").inner_text()
    config = json.loads(county.text("/page-config"))
    assert config["model_version"] in text
    assert config["manifest_sha256"] in text
    card = json.loads(county.text("/model"))
    error = card["metrics"]["holdout"]["median_ape"]
    assert f"{error * 100:.1f}%" in text
    shown.page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    expect(shown.page.locator(".model-passed, .model-failed")).to_have_count(len(card["verdict"]))


def test_links_lead_to_what_is_there(county: Server, open_page: Open) -> None:
    """All of them are relative, and the server answers each."""
    shown = open_page(county, "#/model", ready=".model-facts")
    links = shown.page.locator("a[href]:not([href^='#'])").evaluate_all(
        "(all) => all.map((a) => a.getAttribute('href'))"
    )
    assert len(links) >= 2
    for link in links:
        assert "://" not in link
        assert not link.startswith("/")
        assert shown.page.request.get(f"{shown.origin}/{link}").ok


def test_a_small_model_has_a_card_too(town: Server, open_page: Open) -> None:
    """One without most of the figures."""
    shown = open_page(town, "#/model", ready=".model-facts")
    assert shown.fits()


@pytest.mark.parametrize(("view", "ready"), [("estimate", READY), ("many", ".many-drop"), ("model", ".model-facts")])
def test_a_view_is_accessible(view: str, ready: str, town: Server, axe: Path, open_page: Open) -> None:
    """By the rules of axe-core, on a phone; every other look is tested at length in test_appearance."""
    shown = open_page(town, f"#/{view}", ready=ready, width=PHONE)
    assert shown.fits()
    assert axe_violations(shown.page, axe) == []
