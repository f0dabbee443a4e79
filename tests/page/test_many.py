"""Many houses: a table is read, priced and handed back; whatever its cells hold stays text."""

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from opened_page import READY, Open, OpenedPage, axe_violations
from playwright.sync_api import Locator, expect
from running import Server

pytestmark = pytest.mark.long

HEAD = "living area,rooms,zip,grade"
MARKUP = "<img src=x onerror=\"document.title='owned'\">"


def take(shown: OpenedPage, content: str | bytes, name: str = "houses.csv") -> None:
    """Choose a file."""
    file: Any = {
        "name": name,
        "mimeType": "text/csv",
        "buffer": content.encode() if isinstance(content, str) else content,
    }
    shown.page.locator("input[type=file]").set_input_files(file)


def price(shown: OpenedPage) -> Locator:
    """Price the table that was taken, to the end; return the summary."""
    shown.page.locator(".many-preview .button.primary").click()
    expect(shown.page.locator(".many-progress progress")).to_have_count(0, timeout=60_000)
    summary = shown.page.locator(".many-summary")
    summary.wait_for()
    return summary


def downloaded(shown: OpenedPage, button: Locator) -> list[list[str]]:
    """Return the table that a button saves."""
    with shown.page.expect_download() as download:
        button.click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_a_table_is_priced(town: Server, open_page: Open) -> None:
    """As the API prices its rows, with a download that holds the same, and a row that opens as the house."""
    shown = open_page(town, "#/many", ready=".many-drop")
    take(shown, f"{HEAD}\n80,3,98039,1\n120.5,4,98178,3\n")
    price(shown)
    found = downloaded(shown, shown.page.locator(".many-summary .button"))
    column = found[0].index("predicted_price")
    houses = [{"living area": 80, "rooms": 3, "zip": "98039", "grade": 1}]
    houses.append({"living area": 120.5, "rooms": 4, "zip": "98178", "grade": 3})
    expected = [town.ask("POST", "/predict", house)[1]["predicted_price"] for house in houses]
    assert [float(row[column]) for row in found[1:]] == pytest.approx(expected)
    shown.page.locator(".many-scroll tbody button").nth(1).click()
    shown.page.locator(READY).wait_for()
    assert shown.field("living area").input_value() == "120.5"


def test_errors_point_at_row_and_column(town: Server, open_page: Open) -> None:
    """The other rows are priced all the same."""
    shown = open_page(town, "#/many", ready=".many-drop", may_fail=True)
    take(shown, f"{HEAD}\n80,3,98039,1\n90,many,98039,1\n100,3,98039,9\n,3,98039,1\n110,3,98178,2\n")
    price(shown)
    shown.page.locator(".many-show input").nth(1).check()
    rows = shown.page.locator(".many-scroll tbody tr").all()
    cells = [row.locator("td").all_inner_texts() for row in rows]
    assert [(row[0], row[1]) for row in cells] == [("3", "rooms"), ("4", "grade"), ("5", "living area")]
    shown.page.locator(".many-show input").nth(0).check()
    expect(shown.page.locator(".many-scroll tbody tr")).to_have_count(2)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfliving area;rooms;zip;grade\r\n80,5;3;98039;1\r\n\r\n",
        "living area\trooms\tzip\tgrade\n80,5\t3\t98039\t1\n".encode("utf-16"),
        b'"living area";"rooms";"zip";"grade"\n"80,5";"3";"98039";"1"',
    ],
    ids=["semicolons", "utf-16 with tabs", "quotes"],
)
def test_tables_of_european_spreadsheets(content: bytes, town: Server, open_page: Open) -> None:
    """Semicolons or tabs, decimal commas, byte order marks, empty lines."""
    shown = open_page(town, "#/many", ready=".many-drop", language="es-ES")
    take(shown, content)
    price(shown)
    found = downloaded(shown, shown.page.locator(".many-summary .button"))
    house = {"living area": 80.5, "rooms": 3, "zip": "98039", "grade": 1}
    text = found[1][found[0].index("predicted_price")] if len(found[0]) > 1 else ";".join(found[1])
    expected = town.ask("POST", "/predict", house)[1]["predicted_price"]
    assert re.search(rf"{int(expected)}", text)


def test_a_pasted_table(town: Server, open_page: Open) -> None:
    """Typed or pasted into the field."""
    shown = open_page(town, "#/many", ready=".many-drop")
    shown.page.locator("textarea").fill("living area\trooms\tzip\tgrade\n80\t3\t98039\t1\n")
    shown.page.locator(".many-intake .button.primary").click()
    price(shown)
    expect(shown.page.locator(".many-scroll tbody tr")).to_have_count(1)


def test_the_template_is_priced(county: Server, town: Server, open_page: Open) -> None:
    """As it is, for both kinds of data: it holds all columns and a typical house."""
    for server in (county, town):
        shown = open_page(server, "#/many", ready=".many-drop")
        table = downloaded(shown, shown.page.locator(".many-intake > .many-actions .button").last)
        config = json.loads(server.text("/page-config"))
        assert set(table[0]) == {column["name"] for column in config["columns"]}
        written = io.StringIO()
        csv.writer(written).writerows(table)
        take(shown, written.getvalue())
        price(shown)
        expect(shown.page.locator(".many-scroll tbody tr")).to_have_count(1)


def test_a_hostile_table_stays_text(town: Server, open_page: Open) -> None:
    """Markup and formulas in every field: shown as they are, and no formula in the download runs in a spreadsheet."""
    shown = open_page(town, "#/many", ready=".many-drop", may_fail=True)
    formula = '=HYPERLINK("http://example.org")'
    quoted = [value.replace('"', '""') for value in (MARKUP, formula, "@SUM(1)", "+1+1", "-2+3")]
    head = ",".join([HEAD, "note", f'"{quoted[0]}"'])
    good = [f'80,3,"{value}",1,"{value}","{value}"' for value in quoted]
    bad = ",".join([f'"{quoted[0]}"'] * 6)
    take(shown, "\n".join([head, *good, bad]) + "\n", f"{MARKUP.replace('/', '')}.csv")
    price(shown)
    assert shown.page.title() != "owned"
    expect(shown.page.locator("main img, main script")).to_have_count(0)
    cells = downloaded(shown, shown.page.locator(".many-summary .button"))
    dangerous = [
        cell
        for row in cells
        for cell in row
        if re.match(r"[=@+\-\t\r]", cell) and not re.fullmatch(r"[-+]?[\d.e+-]+", cell)
    ]
    assert dangerous == []
    shown.page.locator(".many-show input").nth(1).check()
    expect(shown.page.locator("main img, main script")).to_have_count(0)
    assert MARKUP in shown.page.locator(".many-scroll").inner_text()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n\n",
        "no,column,of,ours\n1,2,3,4\n",
        f"{HEAD}\n",
        f'{HEAD}\n"80,3\n',
        "\0\0\0",
        f"{HEAD},rooms\n1,2,3,4,5\n",
    ],
    ids=["empty", "blank lines", "other columns", "no rows", "open quote", "binary", "repeated column"],
)
def test_what_is_no_table_of_houses(content: str, town: Server, open_page: Open) -> None:
    """The page says so, and another can be taken."""
    shown = open_page(town, "#/many", ready=".many-drop", may_fail=True)
    take(shown, content)
    page = shown.page
    said = page.locator(".many-problem, .many-names.warning, .many-preview")
    expect(said.first).to_be_visible()
    button = page.locator(".many-preview .button.primary")
    if button.count() and button.is_enabled():
        button.click()
        expect(page.locator(".many-problem, .many-results").first).to_be_visible()
        assert page.locator(".many-scroll tbody td strong").count() == 0
    if page.locator(".many-drop").count() == 0:
        page.locator(".many-preview .many-actions .button").last.click()
    take(shown, f"{HEAD}\n80,3,98039,1\n")
    price(shown)


def test_ten_thousand_rows(town: Server, axe: Path, open_page: Open) -> None:
    """Only the rows on the screen are in the document, wherever the table is scrolled to."""
    shown = open_page(town, "#/many", ready=".many-drop")
    take(shown, f"{HEAD}\n" + "".join(f"{80 + index % 300},{index % 9 + 1},98039,1\n" for index in range(10_000)))
    summary = price(shown)
    assert "10,000" in summary.inner_text()
    scroller = shown.page.locator(".many-scroll")
    for share in (0, 0.5, 1):
        scroller.evaluate("(box, share) => { box.scrollTop = share * box.scrollHeight; }", share)
        last = 10_001 if share == 1 else 2 if share == 0 else None
        if last:
            expect(scroller.locator(f'tr[aria-rowindex="{last}"]')).to_be_visible()
        assert 5 < scroller.locator("tbody tr").count() < 100
    assert len(downloaded(shown, summary.locator(".button"))) == 10_001
    assert axe_violations(shown.page, axe) == []


def test_pricing_can_be_cancelled_and_goes_on(town: Server, open_page: Open) -> None:
    """What has been priced stays."""
    shown = open_page(town, "#/many", ready=".many-drop")
    blocks: list[int] = []

    def some(route: Any) -> None:
        blocks.append(1)
        if len(blocks) != 3:
            route.continue_()

    shown.page.route("**/batch-predict*", some)
    take(shown, f"{HEAD}\n" + "80,3,98039,1\n" * 3000)
    button = shown.page.locator(".many-preview .button.primary")
    button.click()
    shown.page.locator(".many-summary").wait_for()
    while len(blocks) < 3:
        shown.page.wait_for_timeout(20)
    shown.page.locator(".many-progress .button").click()
    button.click()
    expect(shown.page.locator(".many-progress progress")).to_have_count(0, timeout=60_000)
    assert "3,000" in shown.page.locator(".many-summary").inner_text()
