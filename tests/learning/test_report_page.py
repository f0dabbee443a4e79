"""A report is one HTML page: complete, safe, self-contained, reproducible and accessible."""

import re
import subprocess
import sys
import zipfile
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from houseprice.learning.report.colours import COLOURS
from learning.pages import QUALITY, SECTIONS, EvaluatedModel, Page


def test_every_section_is_there_in_order_and_says_how_to_read_it(page: str) -> None:
    """The verdict comes first, the limits last."""
    parts = re.findall(r'<section id="([a-z-]+)".*?<h2[^>]*>(.*?)</h2>\s*<p class="lead">(.*?)</p>', page, re.DOTALL)
    assert [title for _, title, _ in parts] == SECTIONS
    assert all(sentence.endswith(".") and len(sentence) > 40 for _, _, sentence in parts)
    linked = [attributes["href"] for attributes in Page(page).all("a")]
    assert linked == [f"#{anchor}" for anchor, _, _ in parts]


def test_it_is_self_contained(page: str) -> None:
    """No link leaves the page, nothing is fetched, nothing runs; its own content security policy forbids both."""
    found = Page(page)
    assert not {"script", "link", "img", "iframe", "object", "base"} & {tag for tag, _ in found.seen}
    for tag, attributes in found.seen:
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


def test_it_is_well_formed_and_its_ids_are_unique(page: str) -> None:
    """Every element is closed, and whatever is referred to exists."""
    found = Page(page)
    assert found.open == []
    ids = [attributes["id"] for _, attributes in found.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    referred = {attributes["aria-labelledby"] for attributes in found.all("section")}
    referred |= {(a["href"] or "")[1:] for tag in ("a", "use") for a in found.all(tag)}
    referred |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert referred <= set(ids)


def test_texts_from_the_data_are_escaped(page: str) -> None:
    """Names of columns, locations, units and reasons are shown, and never become markup."""
    found = Page(page)
    assert not {"script", "img", "b", "u"} & {tag for tag, _ in found.seen}
    assert "si'ze <i>" in found.text("h3")
    assert any('<script>alert("1")</script> & $a$' in text for text in found.text("th"))
    assert any('<script>alert("1")</script> & $a$ \N{REPLACEMENT CHARACTER}' in text for text in found.text("th"))
    assert any("si'ze <i>" in text for text in found.text("text")), "a label of a figure"
    assert "\x08" not in page


@pytest.mark.long
def test_the_same_inputs_give_the_same_bytes(evaluated: EvaluatedModel, page: str) -> None:
    """The page depends on no clock, no counter and no unseeded random number."""
    assert evaluated.page(quality=QUALITY) == page
    assert not re.search(r"20[2-9]\d-\d\d-\d\d", page), "a date of this decade; the made sales are older"


def test_figures_have_text_alternatives_and_tables_have_headings(page: str) -> None:
    """A screen reader can read what each figure shows; every cell belongs to a row and a column."""
    found = Page(page)
    figures = found.all("svg")
    assert len(figures) >= 18
    assert all(figure["role"] == "img" and len(figure["aria-label"] or "") > 20 for figure in figures)
    assert len(found.all("table")) == len(found.all("caption")) >= 6
    assert {attributes.get("scope") for attributes in found.all("th")} == {"row", "col"}
    levels = [int(tag[1]) for tag, _ in found.seen if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_figures_take_every_colour_from_the_page(page: str) -> None:
    """Figures follow the dark or light mode of the browser: no colour is fixed in a drawing, each has both values."""
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert re.findall(r"(?:fill|stroke): ?(#[0-9a-f]{3,8})", drawn) == []
    assert set(re.findall(r"var\(--(\w+)\)", page)) <= set(COLOURS) == set(colours())


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_contrast_is_sufficient_in_light_and_in_dark_mode(side: int) -> None:
    """Text has a contrast of at least 4.5 to 1, and figures of 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    for ground in ("background", "surface"):
        for name in ("text", "muted", "primary", "success", "danger"):
            assert contrast(colours()[name][side], colours()[ground][side]) >= 4.5, (name, ground)
        for name in ("secondary", "low3", "low2", "high3"):
            assert contrast(colours()[name][side], colours()[ground][side]) >= 3.0, (name, ground)


def colours() -> dict[str, tuple[str, str]]:
    """Return name → light and dark value, as the style sheet of the installed package defines them."""
    sheet = files("houseprice.html_report").joinpath("templates/report.css").read_text()
    return {name: (light, dark) for name, light, dark in re.findall(r"--(\w+):light-dark\((#\w+),(#\w+)\)", sheet)}


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours by the formula of WCAG."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_the_wheel_contains_every_template(root: Path, tmp_path: Path) -> None:
    """An installed package has the templates and style sheets of the source tree."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=root, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    templates = {str(path.relative_to(root / "src")) for path in root.glob("src/houseprice/**/templates/**/*.*")}
    assert len(templates) > 10
    assert templates <= set(zipfile.ZipFile(wheel).namelist())
