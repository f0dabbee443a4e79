"""What a report tells of a model: the truth, whatever the data hold and whatever they lack."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from houseprice.learning.gates import Gate, Verdict
from houseprice.learning.report.holdout import Newest
from houseprice.learning.report.what_if import Question
from houseprice.learning.splitting import RESOLD
from learning.pages import SECTIONS, Judged, Page, judge
from road import Road


@pytest.fixture(scope="module")
def bare(root: Path) -> Judged:
    """Give a model of houses of which only the size is known."""
    text = (root / "configs/model_config.yaml").read_text()
    return judge(text, leave_out=("built", "lift", "place", "east", "north"))


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
    prices[row] = 9 * judged.evaluation.predictions[0][row]
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
