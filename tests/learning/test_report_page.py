"""A report is one HTML page: whole, safe, in need of nothing else, the same every time, and legible for everybody."""

import re
from itertools import pairwise

import pytest

from houseprice.learning.report import style
from learning.pages import QUALITY, SECTIONS, Judged, Page


def test_every_part_is_there_in_order_with_a_sentence_that_says_how_to_read_it(page: str) -> None:
    """Verdict first, limits last."""
    parts = re.findall(r'<section id="([a-z-]+)".*?<h2[^>]*>(.*?)</h2><p class="lead">(.*?)</p>', page)
    assert [title for _, title, _ in parts] == SECTIONS
    assert all(sentence.endswith(".") and len(sentence) > 40 for _, _, sentence in parts)
    linked = [attributes["href"] for attributes in Page(page).all("a")]
    assert linked == [f"#{anchor}" for anchor, _, _ in parts]


def test_it_needs_nothing_from_outside(page: str) -> None:
    """No link leaves the page, nothing is fetched, nothing runs; the page itself forbids it to the browser."""
    found = Page(page)
    assert not {"script", "link", "img", "iframe", "object", "base"} & {tag for tag, _ in found.column_index}
    for tag, attributes in found.column_index:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("href", "src", "xlink:href"):
                assert (value or "").startswith("#"), (tag, value)
            assert "//" not in (value or "")
            assert re.findall(r"url\((?!#)", value or "") == []
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []
    policy = [a["content"] for a in found.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_it_is_well_formed_and_no_name_is_given_twice(page: str) -> None:
    """Every element is closed in its turn, and whatever is referred to is there."""
    found = Page(page)
    assert found.open == []
    ids = [attributes["id"] for _, attributes in found.column_index if "id" in attributes]
    assert len(ids) == len(set(ids))
    referred = {attributes["aria-labelledby"] for attributes in found.all("section")}
    referred |= {(a["href"] or "")[1:] for tag in ("a", "use") for a in found.all(tag)}
    referred |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert referred <= set(ids)


def test_texts_from_the_data_stay_texts(page: str) -> None:
    """Names of columns, places, units and reasons are shown, and are never markup."""
    found = Page(page)
    assert not {"script", "img", "b", "u"} & {tag for tag, _ in found.column_index}
    assert "si'ze <i>" in found.text("h3")
    assert any('<script>alert("1")</script> & $a$' in text for text in found.text("th"))
    assert any('<script>alert("1")</script> & $a$ \N{REPLACEMENT CHARACTER}' in text for text in found.text("th"))
    assert any("si'ze <i>" in text for text in found.text("text")), "a label of a drawing"
    assert "\x08" not in page


def test_the_same_inputs_give_the_same_bytes(judged: Judged, page: str) -> None:
    """There is no clock, no counter and no chance in it."""
    assert judged.page(quality=QUALITY) == page
    assert not re.search(r"20[2-9]\d-\d\d-\d\d", page), "a date of this decade; the made sales are older"


def test_drawings_are_told_in_words_and_tables_have_headings(page: str) -> None:
    """Who cannot see a drawing hears what it shows; every cell belongs to a row and a column."""
    found = Page(page)
    drawings = found.all("svg")
    assert len(drawings) >= 18
    assert all(drawing["role"] == "img" and len(drawing["aria-label"] or "") > 20 for drawing in drawings)
    assert len(found.all("table")) == len(found.all("caption")) >= 6
    assert {attributes.get("scope") for attributes in found.all("th")} == {"row", "col"}
    levels = [int(tag[1]) for tag, _ in found.column_index if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_drawings_take_every_colour_from_the_page(page: str) -> None:
    """What is drawn follows the reader's dark or light browser; no colour is fixed in a drawing."""
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert re.findall(r"(?:fill|stroke): ?(#[0-9a-f]{3,8})", drawn) == []
    assert set(re.findall(r"var\(--(\w+)\)", page)) <= set(style.COLOURS)


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_words_can_be_read_on_a_light_and_on_a_dark_page(side: int) -> None:
    """Texts have a contrast of 4.5 to 1 at least, and what is drawn of 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    for baseline in ("paper", "card"):
        for name in ("ink", "soft", "ours", "good", "bad"):
            assert contrast(style.COLOURS[name][side], style.COLOURS[baseline][side]) >= 4.5, (name, baseline)
        for name in ("other", "low3", "low2", "high3"):
            assert contrast(style.COLOURS[name][side], style.COLOURS[baseline][side]) >= 3.0, (name, baseline)


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours as WCAG reckons it."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)
