"""What a report says about a model is true, whatever the data contain and whatever they lack."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from houseprice.bundle.model_card import NOT_MEASURED
from houseprice.learning.report.holdout import Holdout
from houseprice.learning.report.what_if import WhatIf
from houseprice.learning.splitting import RESOLD
from houseprice.learning.verdict import Gate, Verdict
from learning.pages import SECTIONS, EvaluatedModel, Page, evaluate_made_houses
from pipeline import Pipeline


@pytest.fixture(scope="module")
def size_only(root: Path) -> EvaluatedModel:
    """Return a model of houses of which only the size is known."""
    text = (root / "configs/model_config.yaml").read_text()
    return evaluate_made_houses(text, leave_out=("built", "lift", "place", "east", "north"))


def gate(name: str, found: float, *, passed: bool, detail: str = "") -> Gate:
    """Return a gate that requires at least zero."""
    return Gate(name, found, "at least -0", passed=passed, detail=detail)


def test_a_report_is_written_for_houses_of_which_only_the_size_is_known(size_only: EvaluatedModel) -> None:
    """Without locations, years or derived features every section is still there, and says what it lacks."""
    page = size_only.page()
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", page) == SECTIONS
    assert "There is no map" in page
    assert NOT_MEASURED["no_coordinates"] in page
    assert "Errors of neighbours" not in Page(page).text("h3")
    assert "The cleaning report was not available." in page
    assert Page(page).open == []


@pytest.mark.long
def test_failed_gates_come_first(evaluated: EvaluatedModel) -> None:
    """The reader sees at once that the model must not be published, and why."""
    failed = Verdict((gate("fine", 1.0, passed=True), gate("worse", -0.5, passed=False, detail="<x>")))
    page = replace(evaluated, verdict=failed).page()
    assert page.index("Not to be published") < page.index("median error")
    assert page.index('<th scope="row">worse') < page.index('<th scope="row">fine')
    assert "1 of 2 gates passed." in page
    assert "&lt;x&gt;" in page
    assert {"<td>−0.5</td>", "<td>at least −0</td>"} <= set(re.findall("<td>.*?</td>", page)), "a true minus sign"
    passed = replace(evaluated, verdict=Verdict((gate("fine", 1.0, passed=True),))).page()
    assert "All gates passed" in passed
    assert "failed" not in re.findall(r'class="badge (\w+)"', passed)


@pytest.mark.long
def test_without_gates_a_model_must_not_be_published(evaluated: EvaluatedModel) -> None:
    """A verdict without gates is no approval."""
    page = replace(evaluated, verdict=Verdict(())).page()
    assert "No gate was evaluated." in page
    assert "All gates passed" not in page


def test_every_gate_of_the_pipeline_is_explained(pipe: Pipeline) -> None:
    """Each gate has a sentence that says what it measures."""
    page = (pipe.reports / "model_report.html").read_text()
    rows = re.findall(r'<tr><th scope="row">([^<]*)(<small>)?.*?class="badge', page, re.DOTALL)
    assert {name.replace(" ", "_") for name, _ in rows} == {gate.name for gate in pipe.trained.verdict.gates}
    assert [name for name, explanation in rows if not explanation] == []


def test_the_numbers_are_those_of_the_evaluation(evaluated: EvaluatedModel, page: str) -> None:
    """Every split is listed with its confidence intervals, beside the baselines; the worst slice is named."""
    metrics = evaluated.evaluation.metrics
    for split in ("holdout", "rolling_origin", "grouped_folds", "resold"):
        assert f"<td>{metrics[split]['log_rmse']:.4f}" in page
    low, high = metrics["holdout"]["ci95"]["log_rmse"]
    assert f"{low:.4f} … {high:.4f}" in page
    assert f"<td>{metrics['holdout']['coverage']:.1%}</td>" in page
    assert f"<td>{metrics['holdout']['constant_width']['coverage']:.1%}</td>" in page
    assert metrics["worst_slice"] in Page(page).text("strong")


def test_the_noise_floor_is_stated_with_what_it_is_read_off(
    evaluated: EvaluatedModel, page: str, size_only: EvaluatedModel
) -> None:
    """The floor, the near twins and the baselines of the evaluation; so it is where only the size is known."""
    metrics = evaluated.evaluation.metrics
    shown = page.partition("<h3>Noise floor</h3>")[2].partition("</section>")[0]
    floor = metrics["noise_floor"]
    for value in (floor["value"], *floor["ci95"], floor["near_twins"]["log_rms"], *floor["by_distance"]):
        assert f"{value:.3f}" in shown
    assert f"{metrics['baselines']['nearest_sales']['log_rmse']:.4f}" in page
    alone = size_only.evaluation.metrics
    assert f"{alone['noise_floor']['value']:.3f}" in size_only.page()
    assert "nearest_sales" not in alone["baselines"]


def test_the_further_metrics_and_the_hit_rate_are_those_of_the_evaluation(evaluated: EvaluatedModel, page: str) -> None:
    """Each with its interval; every point of the curve is a row."""
    holdout = evaluated.evaluation.metrics["holdout"]
    for name in ("within_5", "within_15", "within_20", "p15_low", "p15_high"):
        low, high = holdout["ci95"][name]
        assert f"<td>{holdout[name]:.1%}<small>{low:.1%} … {high:.1%}</small></td>" in page
    assert f"<td>{holdout['vei']['value']:+.1f}<small>".replace("-", "−") in page
    section = page.split('<section id="hit-rate"')[1].split("</section>", maxsplit=1)[0]
    assert f"<strong>{holdout['hit_rate']['within_10_at_half']['value']:.1%}</strong>" in section
    assert section.count("<tr>") == 1 + len(holdout["hit_rate"]["curve"])
    assert f"{holdout['spatial_autocorrelation']['morans_i']:.3f}".replace("-", "−") in page
    assert "Errors of neighbours" in Page(page).text("h3")


def test_the_largest_errors_include_a_resale(evaluated: EvaluatedModel) -> None:
    """A house that sold for nine times its prediction comes first, with its earlier price."""
    row = int(evaluated.table.rows(RESOLD)[0])
    prices = evaluated.table.prices.copy()
    prices[row] = 9 * evaluated.evaluation.predictions[0][row]
    keys = evaluated.table.keys.with_columns(pl.Series(evaluated.table.schema.target, prices))
    page = replace(evaluated, table=replace(evaluated.table, keys=keys)).page()
    sales = re.findall(r'<li class="sale">(.*?)</details>', page, re.DOTALL)
    assert len(sales) == 12
    assert f"1. Parcel {evaluated.table.parcels[row]} " in sales[0]
    assert "Sold 13 months earlier" in sales[0]
    assert f"Actual <strong>{prices[row]:,.0f}</strong>" in sales[0]
    assert "outside" in sales[0]


def test_changed_columns_change_the_derived_features(evaluated: EvaluatedModel) -> None:
    """A house with another year, day or location has the features that the preprocessor would give it."""
    what_if = WhatIf(Holdout(evaluated.evaluation, evaluated.table, evaluated.config))
    rows = np.array([3, 77, 399])
    years, days = np.array([1950.0, 2001.0, 1999.0]), np.array([16010.0, 16400.0, 16222.0])
    places = evaluated.sales["place"].to_numpy().astype(str)[[8, 9, 10]]
    expected = evaluated.preprocessor.transform(
        evaluated.sales[rows].with_columns(
            pl.Series("built", years).cast(pl.Int64),
            pl.Series("day", days).cast(pl.Int32).cast(pl.Date),
            pl.Series("place", places.tolist()),
        )
    )
    changed = what_if.with_values(rows, {"built": years, "day": days, "place": places})
    assert changed.select(expected.columns).equals(expected)


def test_the_cleaning_report_is_shown_when_it_is_available(page: str) -> None:
    """How many rows were kept, why others were not, what was blank and what was ignored."""
    assert "400 of 420 raw rows were kept, 20 rejected." in page
    assert "Ignored because the configuration does not declare them: &lt;b&gt;." in page
    blanks = re.findall(r'<th scope="row">built<small>[^<]*</small></th>\s*<td>(\d+)</td>', page)
    assert blanks == ["7"]


def test_training_writes_a_small_and_complete_report(pipe: Pipeline) -> None:
    """The report on real sales is written beside the metrics, with maps and with the cleaning report."""
    content = (pipe.reports / "model_report.html").read_bytes()
    assert len(content) < 1_000_000
    page = content.decode()
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", page) == SECTIONS
    assert "Map of errors by sale" in page
    assert "raw rows were kept" in page
    assert Page(page).open == []


def test_many_sales_do_not_make_a_heavy_page(evaluated: EvaluatedModel) -> None:
    """Of four hundred times as many held-out sales only a sample is drawn."""
    evaluation = evaluated.evaluation
    page = replace(evaluated, evaluation=replace(evaluation, holdout=np.repeat(evaluation.holdout, 400))).page()
    assert len(page.encode()) < 3_000_000
