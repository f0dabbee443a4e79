"""Languages, themes and sizes: everything fits, is readable by axe-core's rules, and is as calm as the system asks."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from opened_page import DESKTOP, PHONE, READY, Open, OpenedPage, axe_violations
from playwright.sync_api import expect
from running import Server

pytestmark = pytest.mark.long

VIEWS = {"estimate": READY, "many": ".many-drop", "model": ".model-facts"}
LOOKS = list(product((DESKTOP, PHONE), ("light", "dark"), ("en-US", "es-ES")))


def whole(shown: OpenedPage) -> None:
    """Look at every part, since a part out of sight is not asked for, and return to the top."""
    for section in shown.page.locator("section[aria-busy]").all():
        section.scroll_into_view_if_needed()
        expect(section).to_have_attribute("aria-busy", "false")
    shown.page.evaluate("scrollTo(0, 0)")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("width", "theme", "language"), LOOKS)
def test_a_view_in_a_look(
    view: str, width: int, theme: str, language: str, county: Server, axe: Path, open_page: Open
) -> None:
    """It fits, speaks the browser's language, and axe-core finds nothing."""
    shown = open_page(county, f"#/{view}", width=width, theme=theme, language=language, ready=VIEWS[view])
    whole(shown)
    shown.page.evaluate("document.querySelectorAll('form details').forEach((one) => { one.open = true; })")
    expect(shown.page.locator("html")).to_have_attribute("lang", language[:2])
    assert shown.fits()
    assert clipped(shown) == []
    assert axe_violations(shown.page, axe) == []


def clipped(shown: OpenedPage) -> list[str]:
    """Return the texts that stick out of the window, and are not in something that scrolls."""
    found: list[str] = shown.page.evaluate("""() => {
      const out = [];
      for (const element of document.querySelectorAll("main *, header *, footer *")) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || !element.checkVisibility() || element.closest(".visually-hidden, .skip, svg")) continue;
        let parent = element.parentElement;
        while (parent && !/auto|scroll|hidden/.test(getComputedStyle(parent).overflowX)) parent = parent.parentElement;
        const box = element.getBoundingClientRect();
        if (!parent && box.width > 0 && (box.left < -1 || box.right > innerWidth + 1)) out.push(element.outerHTML);
      }
      return out;
    }""")
    return found


def test_the_switches_of_language_and_theme(town: Server, open_page: Open) -> None:
    """They hold at once and after a reload, and are in no link."""
    shown = open_page(town)
    page = shown.page
    background = "getComputedStyle(document.body).backgroundColor"
    english, light = page.locator("nav").inner_text(), page.evaluate(background)
    language, theme = (page.locator(".settings select").nth(index) for index in (0, 1))
    language.select_option("es")
    theme.select_option("dark")
    for _ in range(2):
        expect(page.locator("html")).to_have_attribute("lang", "es")
        assert page.locator("nav").inner_text() != english
        assert page.evaluate(background) != light
        page.reload()
        page.locator(READY).wait_for()
    assert "dark" not in page.url


def test_the_theme_follows_the_system(town: Server, open_page: Open) -> None:
    """Also when it changes while the page is open."""
    shown = open_page(town)
    colour = "getComputedStyle(document.body).backgroundColor"
    light = shown.page.evaluate(colour)
    shown.page.emulate_media(color_scheme="dark")
    assert shown.page.evaluate(colour) != light


@pytest.mark.parametrize("language", ["en-US", "es-ES", "fr-FR"])
def test_the_language_of_the_browser(language: str, town: Server, open_page: Open) -> None:
    """English where the page does not speak it."""
    shown = open_page(town, language=language)
    expect(shown.page.locator("html")).to_have_attribute("lang", "es" if language == "es-ES" else "en")


def test_a_decimal_comma_in_spanish(town: Server, open_page: Open) -> None:
    """What is typed with one is the same number."""
    shown = open_page(town, language="es-ES")
    shown.set("living area", "123,5")
    assert shown.asked()[-1]["living area"] == 123.5


def test_nothing_moves_where_motion_is_not_wanted(county: Server, open_page: Open) -> None:
    """No animation and no transition lasts."""
    shown = open_page(county, reduced_motion="reduce")
    whole(shown)
    shown.field("bedrooms").fill("4")
    longest = shown.page.evaluate("""Math.max(...[...document.querySelectorAll("*")].flatMap((element) => {
      const style = getComputedStyle(element);
      return [style.transitionDuration, style.animationDuration].flatMap((all) => all.split(",").map(parseFloat));
    }))""")
    assert longest <= 0.01
    assert shown.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_forced_colours(county: Server, open_page: Open) -> None:
    """In a system's high contrast the estimate is readable, and controls keep borders."""
    shown = open_page(county, forced_colors="active")
    price = shown.page.locator("#answer .price strong")
    colour, canvas = price.evaluate("""(price) => {
      const probe = document.createElement("i");
      document.body.append(probe);
      probe.style.color = "CanvasText";
      return [getComputedStyle(price).color, getComputedStyle(probe).color];
    }""")
    assert colour == canvas
    assert shown.field("bedrooms").evaluate("(control) => getComputedStyle(control).borderStyle") != "none"


def test_large_text(town: Server, open_page: Open) -> None:
    """At twice the size of text, as at half the width, nothing is cut off (WCAG 1.4.4 and 1.4.10)."""
    shown = open_page(town, width=640)
    shown.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert shown.fits()
    assert clipped(shown) == []


@pytest.mark.parametrize("problem", ["offline", "invalid", "key"])
def test_failure_states_are_accessible(
    problem: str, town: Server, axe: Path, open_page: Open, request: pytest.FixtureRequest
) -> None:
    """The notice, the error beside a field, and the dialog for the key: axe-core finds nothing."""
    shown = open_page(town, theme="dark")
    shown.may_fail = True
    provoke: dict[str, Callable[[], object]] = {
        "offline": lambda: shown.page.route("**/predict?*", lambda route: route.abort()),
        "invalid": lambda: None,
        "key": lambda: shown.page.route(
            "**/predict?*", lambda route: route.fulfill(status=401, json={"detail": "key"})
        ),
    }
    provoke[problem]()
    shown.field("living area").fill("-1" if problem == "invalid" else "77")
    appears = {"offline": ".notice.problem", "invalid": "[aria-invalid]", "key": "dialog[open]"}
    shown.page.locator(appears[problem]).wait_for()
    assert axe_violations(shown.page, axe) == []
