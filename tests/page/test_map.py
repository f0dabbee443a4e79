"""The map: what the pointer and the keys do to it, and that it is not there without coordinates."""

import re

import pytest
from opened_page import Open, OpenedPage
from playwright.sync_api import Locator, expect
from running import Server

pytestmark = pytest.mark.long

WORDS_OF_MAPS = re.compile(r"\bmaps?\b|\bmapas?\b|coordinates?|coordenadas?|latitud|longitud", re.IGNORECASE)


def surface(shown: OpenedPage) -> tuple[Locator, float, float]:
    """Wait for the map; return it, and the pixel of its middle in the window."""
    found = shown.page.locator(".map-surface")
    found.scroll_into_view_if_needed()
    found.locator("canvas").first.wait_for()
    shown.page.locator(".map-legend").wait_for()
    box = found.bounding_box()
    assert box
    return found, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def picture(shown: OpenedPage) -> str:
    """Return what is painted of the sales, as the address of its picture."""
    shown.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return str(shown.page.locator(".map-surface canvas").first.evaluate("(canvas) => canvas.toDataURL()"))


def place(shown: OpenedPage) -> tuple[str, str]:
    """Return the house's place."""
    house = shown.asked()[-1]
    return house["lat"], house["long"]


def test_sales_are_painted(county: Server, open_page: Open) -> None:
    """In more colours than one."""
    shown = open_page(county)
    surface(shown)
    picture(shown)
    colours = shown.page.locator(".map-surface canvas").first.evaluate("""(canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const found = new Set();
      for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 128) found.add(data.slice(at, at + 3).join());
      return found.size;
    }""")
    assert colours >= 5


def test_hovering_shows_a_sale(county: Server, open_page: Open) -> None:
    """Somewhere near the middle of the map lies one; beside the map nothing is shown."""
    shown = open_page(county)
    found, x, y = surface(shown)
    tip = shown.page.locator(".map-tip")
    box = found.bounding_box()
    assert box
    for step in range(-8, 9):
        shown.page.mouse.move(x + step * box["width"] / 20, y)
        shown.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if tip.count():
            break
    assert re.search(r"\d", tip.inner_text())
    shown.page.mouse.move(1, 1)
    expect(tip).to_have_count(0)


def test_a_click_picks_a_place(county: Server, open_page: Open) -> None:
    """The fields follow, the back button returns, and dragging picks nothing."""
    shown = open_page(county)
    _, x, y = surface(shown)
    before = place(shown)
    with shown.page.expect_response("**/predict?include=valuation"):
        shown.page.mouse.click(x + 7, y + 12)
    picked = place(shown)
    assert picked != before
    assert float(shown.field("lat").input_value()) == pytest.approx(picked[0])
    count = len(shown.asked())
    shown.page.mouse.move(x, y)
    shown.page.mouse.down()
    shown.page.mouse.move(x + 80, y + 30, steps=4)
    shown.page.mouse.up()
    with shown.page.expect_response("**/predict?include=valuation"):
        shown.page.go_back()
    assert len(shown.asked()) == count + 1
    assert place(shown) == before


def test_keys_move_the_map_and_pick_its_middle(county: Server, open_page: Open) -> None:
    """Arrows, plus and minus, 0 for all of it, Enter."""
    shown = open_page(county)
    found, _, _ = surface(shown)
    found.focus()
    whole = picture(shown)
    seen = {whole}
    for key in ("ArrowLeft", "+", "ArrowDown"):
        shown.page.keyboard.press(key)
        seen.add(picture(shown))
    assert len(seen) == 4
    shown.page.keyboard.press("0")
    assert picture(shown) == whole
    before = place(shown)
    with shown.page.expect_response("**/predict?include=valuation"):
        shown.page.keyboard.press("Enter")
    assert place(shown) != before


def test_buttons_zoom(county: Server, open_page: Open) -> None:
    """Each has a name, and paints the map anew."""
    shown = open_page(county)
    surface(shown)
    buttons = shown.page.locator(".map-buttons button")
    before = picture(shown)
    for index in range(buttons.count()):
        assert buttons.nth(index).get_attribute("aria-label")
    buttons.first.click()
    assert picture(shown) != before


def test_colour_by_age(county: Server, open_page: Open) -> None:
    """The legend and the colours change."""
    shown = open_page(county)
    surface(shown)
    before, legend = picture(shown), shown.page.locator(".map-legend").inner_text()
    shown.page.locator(".map-colours select").select_option("day")
    expect(shown.page.locator(".map-legend")).not_to_have_text(legend)
    assert picture(shown) != before


def test_a_place_of_the_list_is_gone_to(county: Server, open_page: Open) -> None:
    """The list of locations says in words what the map shows."""
    shown = open_page(county)
    surface(shown)
    before = picture(shown)
    shown.page.locator(".map-places summary").click()
    shown.page.locator(".map-place").first.click()
    assert picture(shown) != before


@pytest.mark.parametrize("language", ["en-US", "es-ES"])
def test_without_coordinates_there_is_no_map(language: str, town: Server, open_page: Open) -> None:
    """And no word of one, and nobody asks for the sales."""
    shown = open_page(town, language=language)
    shown.page.wait_for_load_state("networkidle")
    expect(shown.page.locator(".map, canvas")).to_have_count(0)
    assert not WORDS_OF_MAPS.search(shown.page.locator("body").inner_text())
    entries = shown.page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert not [one for one in entries if one.endswith("/sales")]
