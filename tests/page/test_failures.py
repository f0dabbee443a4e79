"""What can go wrong: the page says so, keeps trying, and never shows a price that is not the house's."""

import hashlib
import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import toy as toys
from opened_page import READY, Open
from playwright.sync_api import Route, expect
from running import Server

pytestmark = pytest.mark.long

Start = Callable[..., Server]
MARKUP = '<img src=x onerror="document.title=`owned`"><script>document.title="owned"</script>'


def test_a_server_that_dies_and_comes_back(start_town: Start, open_page: Open) -> None:
    """The page says that it is away, keeps the old price dimmed, and goes on by itself when it is back."""
    server = start_town()
    shown = open_page(server)
    shown.may_fail = True
    before = shown.price()
    server.kill()
    shown.field("rooms").fill("7")
    notice = shown.page.locator(".notice.problem")
    expect(notice).to_be_visible()
    expect(shown.page.locator("#answer .stale")).to_be_visible()
    assert shown.price() == before
    start_town("--port", str(server.port))
    shown.page.locator(READY).wait_for(timeout=40_000)
    expect(notice).to_have_count(0)
    assert shown.price() != before


def test_a_new_model_is_loaded_on_request(start_town: Start, open_page: Open, tmp_path: Path) -> None:
    """The page says that another model answers than the one of its form and its card; the house stays."""
    server = start_town()
    shown = open_page(server)
    shown.may_fail = True
    server.kill()
    newer = toys.seal(tmp_path / "newer", model_version="fedcba987654")
    start_town("--port", str(server.port), bundle=newer)
    shown.set("rooms", "7")
    notice = shown.page.locator(".notice")
    expect(notice).to_be_visible()
    notice.locator("button").click()
    expect(shown.page.locator("footer")).to_contain_text("fedcba987654")
    shown.page.locator(READY).wait_for()
    expect(notice).to_have_count(0)
    assert shown.field("rooms").input_value() == "7"


def test_a_page_that_opens_while_the_model_is_away(town: Server, open_page: Open) -> None:
    """It says so, and begins by itself."""
    shown = open_page(town)
    shown.may_fail = True
    shown.page.route("**/page-config", lambda route: route.abort())
    shown.page.reload()
    expect(shown.page.locator(".notice.problem")).to_be_visible()
    expect(shown.page.locator("#answer")).to_have_count(0)
    shown.page.unroute("**/page-config")
    shown.page.locator(READY).wait_for()


@pytest.mark.parametrize("status", [503, 429])
def test_a_busy_server_is_asked_again_when_it_says(status: int, town: Server, open_page: Open) -> None:
    """After the seconds of Retry-After, which are counted down, and not before."""
    shown = open_page(town)
    shown.may_fail = True
    asked: list[float] = []

    def busy(route: Route) -> None:
        asked.append(shown.page.evaluate("performance.now()"))
        if len(asked) == 1:
            route.fulfill(status=status, headers={"retry-after": "2"}, json={"detail": "busy", "code": "busy"})
        else:
            route.continue_()

    shown.page.route("**/predict?*", busy)
    shown.field("rooms").fill("6")
    countdown = shown.page.locator(".notice.problem")
    expect(countdown).to_contain_text(re.compile(r"\d|one"))
    shown.page.locator(READY).wait_for()
    assert len(asked) == 2
    assert asked[1] - asked[0] >= 1900


@pytest.mark.parametrize("status", [500, 404, 418])
def test_any_other_failure_is_said(status: int, town: Server, open_page: Open) -> None:
    """With a button that tries again; the old price is dimmed."""
    shown = open_page(town)
    shown.may_fail = True
    shown.page.route("**/predict?*", lambda route: route.fulfill(status=status, json={"detail": MARKUP}))
    shown.field("rooms").fill("6")
    notice = shown.page.locator(".notice.problem")
    expect(notice).to_be_visible()
    expect(shown.page.locator(READY)).to_have_count(0)
    shown.page.unroute("**/predict?*")
    notice.locator("button").click()
    shown.page.locator(READY).wait_for()


@pytest.mark.parametrize("body", ["<html>login</html>", "", "null", "[]", '{"predicted_price": 1}'])
def test_an_answer_of_somebody_else(body: str, town: Server, open_page: Open) -> None:
    """A captive portal may answer 200 with anything: it is no price."""
    shown = open_page(town)
    before = shown.price()
    shown.page.route("**/predict?*", lambda route: route.fulfill(status=200, body=body))
    shown.field("rooms").fill("6")
    expect(shown.page.locator(".notice.problem")).to_be_visible()
    prices = shown.page.locator("#answer .price strong").all_inner_texts()
    assert [price for price in prices if re.search(r"\d", price)] in ([], [before])
    expect(shown.page.locator(READY)).to_have_count(0)


def test_a_slow_network(town: Server, open_page: Open) -> None:
    """Meanwhile the old price is dimmed, and after a while a line says that it takes time."""
    shown = open_page(town)
    held: list[Route] = []
    shown.page.route("**/predict?*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright sets an attribute
    shown.field("rooms").fill("6")
    expect(shown.page.locator("#answer .stale")).to_be_visible()
    expect(shown.page.locator("#answer [role=status]:not(.actions *)")).to_be_visible()
    held[0].continue_()
    shown.page.locator(READY).wait_for()


def test_a_server_that_asks_for_a_key(start_town: Start, open_page: Open) -> None:
    """A dialog asks for it, says when it is wrong, and keeps it out of the link and of what outlives the tab."""
    digest = hashlib.sha256(b"right").hexdigest()
    server = start_town(HOUSEPRICE_API_KEYS=f"me:{digest}")
    shown = open_page(server, ready=None, width=360, may_fail=True)
    dialog = shown.page.locator("dialog[open]")
    dialog.wait_for()
    for key in ("wrong", "right"):
        dialog.locator("input").fill(key)
        shown.page.keyboard.press("Enter")
        expect(dialog.locator(".error") if key == "wrong" else shown.page.locator(READY)).to_be_visible()
    expect(dialog).to_have_count(0)
    assert "right" not in shown.page.url
    assert shown.page.evaluate("JSON.stringify({ ...localStorage })").count("right") == 0
    shown.page.reload()
    shown.page.locator(READY).wait_for()


def test_a_key_that_no_request_can_carry(start_town: Start, open_page: Open) -> None:
    """It is refused like any other, and the next one may be given."""
    server = start_town(HOUSEPRICE_API_KEYS=f"me:{hashlib.sha256(b'right').hexdigest()}")
    shown = open_page(server, ready="dialog[open]", may_fail=True)
    dialog = shown.page.locator("dialog[open]")
    dialog.locator("input").fill("κλειδί")
    shown.page.keyboard.press("Enter")
    expect(dialog.locator(".error")).to_be_visible()
    dialog.locator("input").fill("right")
    shown.page.keyboard.press("Enter")
    shown.page.locator(READY).wait_for()


def test_sales_that_need_a_key_are_loaded_once_it_is_there(county: Server, open_page: Open) -> None:
    """The map comes by itself, as the estimate does."""
    shown = open_page(county, ready=None, may_fail=True)
    keyless = lambda route: (  # noqa: E731
        route.continue_() if "x-api-key" in route.request.headers else route.fulfill(status=401, json={})
    )
    shown.page.route("**/sales", keyless)
    shown.page.reload()
    dialog = shown.page.locator("dialog[open]")
    dialog.locator("input").fill("key")
    shown.page.keyboard.press("Enter")
    expect(shown.page.locator(".map canvas").first).to_be_visible()


@pytest.mark.parametrize(
    "fields",
    [
        {"zip": MARKUP},
        {"living area": "NaN", "rooms": "Infinity", "grade": "9", "pool": "maybe", "sold": "yesterday"},
        {"zip": "A" * 10_000, "x" * 10_000: "1"},
        {MARKUP: MARKUP, "__proto__": "1", "constructor": "1", "colour": "red"},
        {f"field{index}": "1" for index in range(2000)},
    ],
    ids=["markup", "not a number", "10 kB", "unknown fields", "many fields"],
)
def test_a_hostile_link_stays_text(fields: dict[str, str], town: Server, open_page: Open) -> None:
    """What the model does not know is named, shortened, and left out; nothing of it is run or sent."""
    shown = open_page(town, "#/estimate?" + urlencode(fields, quote_via=quote), ready=".field", may_fail=True)
    assert shown.page.title() != "owned"
    expect(shown.page.locator("img, main script")).to_have_count(0)
    ignored = shown.page.locator(".notice:not(.problem)")
    if "zip" not in fields or len(fields["zip"]) > 200:
        expect(ignored).to_be_visible()
        assert len(ignored.inner_text()) < 1000
        ignored.locator("button").click()
        expect(ignored).to_have_count(0)
    assert shown.fits()
    sent = json.dumps(shown.asked())
    assert "colour" not in sent
    assert "field1" not in sent


def test_a_link_that_is_no_link(town: Server, open_page: Open) -> None:
    """Broken escapes and unknown views lead to the estimate."""
    for fragment in ("#", "#/", "#/nowhere?x", "#%E0%A4%A", "#/estimate?%=%&&&=", "#main"):
        open_page(town, fragment)


def test_texts_of_the_data_stay_text(start_town: Start, tmp_path: Path, open_page: Open) -> None:
    """Names, descriptions, units and categories may hold markup."""
    columns = json.loads(json.dumps(toys.COLUMNS, default=str))
    columns["zip"]["description"] = MARKUP
    columns["lot"]["unit"] = "<b>"
    hostile = toys.seal(
        tmp_path / "hostile",
        schema={"columns": columns},
        project={"name": "<i>town</i>", "currency": "EUR"},
    )
    shown = open_page(start_town(bundle=hostile))
    expect(shown.page.locator("main b, main i, img")).to_have_count(0)
    assert "<i>town</i>".lower() in shown.page.locator("h1").inner_text().lower()


def test_the_page_can_be_switched_off(start_town: Start, open_page: Open) -> None:
    """Then the address leads to the documentation, and its two routes are gone."""
    server = start_town(HOUSEPRICE_PAGE="off")
    for path in ("/page-config", "/sales"):
        assert server.ask("GET", path)[0] == 404
    shown = open_page(server, ready=None)
    assert shown.page.url.endswith("/docs")
    shown.faults.clear()  # those of Swagger UI are tested with it
    assert server.stop(signal.SIGTERM)[0] == 0
