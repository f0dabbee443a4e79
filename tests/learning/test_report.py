"""The report: one HTML file that tells the truth about a model, whatever the data hold."""

import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from houseprice.config import Config
from houseprice.learning import gates, report, table
from houseprice.learning.evaluation import Evaluation, evaluate
from houseprice.learning.features import Preprocessor, engineer
from houseprice.learning.gates import Gate, Verdict
from houseprice.learning.report import style
from houseprice.learning.report.changed import Question
from houseprice.learning.report.newest import Newest
from houseprice.learning.splitting import RESOLD
from road import Road, hurried

VOID = {"meta", "br", "hr", "link", "img", "input"}
EVIL = '<script>alert("1")</script> & $a$ \x08'
SECTIONS = [
    "Verdict and gates",
    "Honest numbers",
    "Price interval",
    "Errors over price, time and map",
    "Importance",
    "Partial dependence",
    "Slices",
    "Worst sales",
    "Data quality",
    "What this model is not for",
]
COLUMNS: dict[str, dict[str, Any]] = {
    "plot": {"kind": "category", "role": "parcel"},
    "day": {"kind": "date", "role": "sale_date", "known": "at_sale"},
    "paid": {"kind": "number", "role": "target", "known": "at_sale"},
    "si'ze <i>": {"kind": "number", "role": "living_area", "unit": "m² <u>"},
    "built": {"kind": "integer", "role": "year_built"},
    "lift": {"kind": "flag"},
    "place": {"kind": "category", "role": "location"},
    "east": {"kind": "number", "role": "longitude"},
    "north": {"kind": "number", "role": "latitude"},
}
QUALITY = {
    "rows_read": 420,
    "rows_kept": 400,
    "rows_rejected": 20,
    "reasons": {f"place: {EVIL}": 20},
    "ignored_columns": ["<b>"],
    "blanks": {"built": 7},
}


@dataclass(frozen=True)
class Judged:
    """Whatever `render` takes, and what it was made from."""

    evaluation: Evaluation
    table: table.FeatureTable
    verdict: Verdict
    config: Config
    sales: pl.DataFrame
    preprocessor: Preprocessor

    def page(self, **more: Any) -> str:
        """Give the report as text."""
        return report.render(self.evaluation, self.table, self.verdict, self.config, **more).decode()


class Page(HTMLParser):
    """Reads a page, and minds that every element is closed where it must be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text and the element that it is in."""
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Give the attributes of every element of a kind."""
        return [attributes for found, attributes in self.seen if found == tag]

    def text(self, tag: str) -> list[str]:
        """Give the texts that stand directly in elements of a kind."""
        return [text for found, text in self.texts if found == tag]


def judge(text: str, leave_out: tuple[str, ...] = (), derived: tuple[str, ...] = ()) -> Judged:
    """Learn from made houses of some columns in a moment, and judge what was learned."""
    draw = np.random.default_rng(3)
    count = 400
    size, built = draw.uniform(40, 250, count).round(), draw.integers(1900, 2014, count)
    east, north = draw.uniform(9, 10, count), draw.uniform(53, 54, count)
    places = np.array(["old town", EVIL.replace("\x08", ""), "“Öst”"])[(3 * (north - 53)).astype(int)]
    lift = draw.integers(0, 2, count)
    log = 8 + 0.8 * np.log(size) + 0.1 * lift + (north - 53) + draw.normal(0, 0.15, count)
    sales = pl.DataFrame(
        {
            "plot": [str(number % 390) for number in range(count)],
            "day": pl.Series(np.arange(count) + 16000).cast(pl.Int32).cast(pl.Date),
            "paid": np.exp(log), "si'ze <i>": size, "built": built, "lift": lift, "place": places, "east": east,
            "north": north,
        }
    ).drop(*leave_out)  # fmt: skip
    told = yaml.safe_load(hurried(text))
    told["data"]["columns"] = {
        name: {"description": f"What {name} is", **column} for name, column in COLUMNS.items() if name not in leave_out
    }
    told["features"]["derived"] = list(derived)
    told["split"] |= {"holdout_share": 0.45}  # enough for slices
    told["training"]["boosting"] |= {"rounds": 15, "depth": 3, "column_share": 1.0}
    told["training"]["smooth"] |= {
        "centres": 20,
        "columns": {"si'ze <i>": {"form": "log"}},
        "texts": [] if "place" in leave_out else ["place"],
        "further": [],
    }
    config = Config.model_validate(told)
    made, preprocessor = engineer(sales, config.schema_, config.features.derived, config.split.holdout_share)
    features = table.parse(table.write(made, "0" * 64), "made.csv", config.schema_)
    evaluation = evaluate(features, config, lambda what, done, of: None)
    verdict = gates.judge(evaluation.metrics, config.gates)
    return Judged(evaluation, features, verdict, config, sales, preprocessor)


@pytest.fixture(scope="module")
def judged(root: Path) -> Judged:
    """Give a model of houses with every role that the report knows, and with names that try to break out of it."""
    text = (root / "configs/model_config.yaml").read_text()
    return judge(text, derived=("months_since_first_sale", "age_at_sale"))


@pytest.fixture(scope="module")
def page(judged: Judged) -> str:
    """Give its report."""
    return judged.page(quality=QUALITY)


@pytest.fixture(scope="module")
def bare(root: Path) -> Judged:
    """Give a model of houses of which only the size is known."""
    text = (root / "configs/model_config.yaml").read_text()
    return judge(text, leave_out=("built", "lift", "place", "east", "north"))


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


def test_it_is_well_formed_and_no_name_is_given_twice(page: str) -> None:
    """Every element is closed in its turn, and whatever is referred to is there."""
    found = Page(page)
    assert found.open == []
    ids = [attributes["id"] for _, attributes in found.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    referred = {attributes["aria-labelledby"] for attributes in found.all("section")}
    referred |= {(a["href"] or "")[1:] for tag in ("a", "use") for a in found.all(tag)}
    referred |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert referred <= set(ids)


def test_texts_from_the_data_stay_texts(page: str) -> None:
    """Names of columns, places, units and reasons are shown, and are never markup."""
    found = Page(page)
    assert not {"script", "img", "b", "u"} & {tag for tag, _ in found.seen}
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
    levels = [int(tag[1]) for tag, _ in found.seen if re.fullmatch("h[1-6]", tag)]
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
    for ground in ("paper", "card"):
        for name in ("ink", "soft", "ours", "good", "bad"):
            assert contrast(style.COLOURS[name][side], style.COLOURS[ground][side]) >= 4.5, (name, ground)
        for name in ("other", "low3", "low2", "high3"):
            assert contrast(style.COLOURS[name][side], style.COLOURS[ground][side]) >= 3.0, (name, ground)


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours as WCAG reckons it."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_it_is_written_for_houses_of_which_only_the_size_is_known(bare: Judged) -> None:
    """Without places, coordinates, years or the time of sale every part is still there, and says what it lacks."""
    page = bare.page()
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", page) == SECTIONS
    assert "There is no map" in page
    assert "The report of the cleaning was not at hand." in page
    assert Page(page).open == []


def test_a_red_gate_is_told_first(judged: Judged) -> None:
    """The reader sees at once that the model may not be published, and why."""
    red = Verdict(
        (Gate("fine", 1.0, "at least 1", passed=True), Gate("worse", -0.5, "at least 0", passed=False, detail="<x>"))
    )
    page = replace(judged, verdict=red).page()
    assert page.index("Not to be published") < page.index("median error")
    assert page.index('<th scope="row">worse') < page.index('<th scope="row">fine')
    assert "1 of 2 gates are red." in page
    assert "&lt;x&gt;" in page
    green = replace(judged, verdict=Verdict((Gate("fine", 1.0, "at least 1", passed=True),))).page()
    assert "All gates passed" in green
    assert "RED" not in green


def test_the_numbers_are_those_of_the_evaluation(judged: Judged, page: str) -> None:
    """Every honest number stands there with its bounds, beside its baselines; the worst slice is named."""
    metrics = judged.evaluation.metrics
    for side in ("holdout", "rolling_origin", "grouped_folds", "resold"):
        assert f'<td class="number">{metrics[side]["log_rmse"]:.4f}' in page
    low, high = metrics["holdout"]["ci95"]["log_rmse"]
    assert f"{low:.4f} … {high:.4f}" in page
    assert f'<td class="number">{metrics["holdout"]["coverage"]:.1%}</td>' in page
    assert f'<td class="number">{metrics["holdout"]["constant_width"]["coverage"]:.1%}</td>' in page
    texts = Page(page).text("strong")
    assert metrics["worst_slice"] in texts


def test_the_worst_sales_are_the_worst_and_a_house_sold_before_is_told(judged: Judged) -> None:
    """A house that went for thrice its first price stands at the top, with that price."""
    row = int(judged.table.rows(RESOLD)[0])
    prices = judged.table.prices.copy()
    prices[row] = 9 * judged.evaluation.answers[0][row]
    keys = judged.table.keys.with_columns(pl.Series(judged.table.schema.target, prices))
    page = replace(judged, table=replace(judged.table, keys=keys)).page()
    first = re.findall(r'<li class="sale">(.*?)</details>', page)[0]
    assert f"1. Parcel {judged.table.parcels[row]} " in first
    assert "Sold 13 months before" in first
    assert f"Paid <strong>{prices[row]:,.0f}</strong>" in first
    assert len(re.findall('<li class="sale">', page)) == 12


def test_what_is_asked_otherwise_is_derived_anew(judged: Judged) -> None:
    """A house asked for with another year or day has the features that the preprocessor would give it."""
    question = Question(Newest(judged.evaluation, judged.table, judged.config))
    rows = np.array([3, 77, 399])
    years, days = np.array([1950.0, 2001.0, 1999.0]), np.array([16010.0, 16400.0, 16222.0])
    places = judged.sales["place"].to_numpy().astype(str)[[8, 9, 10]]
    expected = judged.preprocessor.transform(
        judged.sales[rows].with_columns(
            pl.Series("built", years).cast(pl.Int64),
            pl.Series("day", days).cast(pl.Int32).cast(pl.Date),
            pl.Series("place", places.tolist()),
        )
    )
    changed = question.with_values(rows, {"built": years, "day": days, "place": places})
    assert changed.select(expected.columns).equals(expected)


def test_the_cleaning_is_told_when_it_is_at_hand(page: str) -> None:
    """How many rows were kept, why others were not, what was blank and what was ignored."""
    assert "400 of 420 raw rows were kept, 20 rejected." in page
    assert "Ignored, as they are not declared: &lt;b&gt;." in page
    blanks = re.findall(r'<th scope="row">built<small>[^<]*</small></th><td class="number">(\d+)</td>', page)
    assert blanks == ["7"]


def test_training_writes_it_small_and_whole(road: Road) -> None:
    """The road's report of real sales lies beside its numbers, with maps and with what cleaning found."""
    content = (road.reports / "model_report.html").read_bytes()
    assert len(content) < 1_000_000
    page = content.decode()
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", page) == SECTIONS
    assert "Error of each sale on the map" in page
    assert "raw rows were kept" in page
    assert Page(page).open == []


def test_many_sales_do_not_make_a_heavy_page(judged: Judged) -> None:
    """Of a hundred times as many newest sales only some are drawn."""
    every = judged.evaluation
    many = np.repeat(every.holdout, 400)
    page = replace(judged, evaluation=replace(every, holdout=many)).page()
    assert len(page.encode()) < 3_000_000
