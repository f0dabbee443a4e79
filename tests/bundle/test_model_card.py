"""The model card states what the manifest says, and shows texts from the data without letting them become markup."""

import copy
import json
import re
from typing import Any

import pytest

from houseprice.bundle.model_card import NOT_MEASURED, render_model_card
from houseprice.bundle.noise_floor import NOT_MEASURED as NO_FLOOR
from pipeline import Pipeline

Facts = dict[str, Any]


@pytest.fixture
def facts(pipe: Pipeline) -> Facts:
    """Return the manifest of the session's bundle."""
    return copy.deepcopy(json.loads((pipe.bundle / "manifest.json").read_bytes()))


def section(card: str, title: str) -> str:
    """Return the text below a heading of the card."""
    return card.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_card_of_a_bundle_is_written_from_its_manifest(pipe: Pipeline, facts: Facts) -> None:
    """The file beside the manifest is the card of that manifest."""
    assert (pipe.bundle / "model_card.md").read_text() == render_model_card(facts)


def test_every_metric_of_the_holdout_has_its_confidence_interval(facts: Facts) -> None:
    """The first line of the metrics is the holdout's, with both bounds."""
    holdout = facts["metrics"]["holdout"]
    low, high = holdout["ci95"]["log_rmse"]
    assert f"{holdout['log_rmse']:.4f} ({low:.4f} to {high:.4f})" in section(render_model_card(facts), "Metrics")


def test_the_card_has_the_further_measures_and_the_hit_rate(facts: Facts) -> None:
    """The values of the manifest, and a row for each of a few hit rates, the last of all sales."""
    holdout = facts["metrics"]["holdout"]
    metrics = section(render_model_card(facts), "Metrics")
    for name in ("within_5", "within_20", "p15_low", "p15_high"):
        assert f"{holdout[name]:.1%} ({holdout['ci95'][name][0]:.1%} to" in metrics
    assert f"{holdout['vei']['value']:+.1f} (".replace("-", "−") in metrics
    assert f"{holdout['spatial_autocorrelation']['morans_i']:.3f}".replace("-", "−") in metrics
    rows = [row.split(" | ") for row in metrics.splitlines() if re.match(r"\| \d+% \| ", row)]
    assert [row[0] for row in rows] == ["| 10%", "| 25%", "| 50%", "| 75%", "| 100%"]
    assert rows[-1][2:6] == [
        f"{holdout['sales']:,}", f"{holdout['median_ape']:.1%}", f"{holdout['within_10']:.1%}",
        f"{holdout['within_20']:.1%}",
    ]  # fmt: skip


def test_without_enough_sales_the_card_says_what_was_not_measured(facts: Facts) -> None:
    """Neither a VEI nor Moran's I; equal FSDs leave one row."""
    holdout = facts["metrics"]["holdout"]
    for split in ("holdout", "rolling_origin", "grouped_folds"):
        facts["metrics"][split].pop("vei", None)
    holdout["spatial_autocorrelation"] = {"reason": "no_coordinates"}
    holdout["hit_rate"]["curve"] = holdout["hit_rate"]["curve"][-1:]
    metrics = section(render_model_card(facts), "Metrics")
    assert metrics.count("too few sales") == 3
    assert NOT_MEASURED["no_coordinates"] in metrics
    assert len(re.findall(r"^\| \d+% \| ", metrics, re.MULTILINE)) == 1


def test_the_card_has_the_noise_floor_and_every_baseline(facts: Facts) -> None:
    """The floor beside what is explained; without it, the reason."""
    metrics = facts["metrics"]
    floor = metrics["noise_floor"]
    shown = section(render_model_card(facts), "Metrics")
    assert f"{floor['value']:.3f} ({floor['ci95'][0]:.3f} to {floor['ci95'][1]:.3f})" in shown
    assert f"{floor['near_twins']['log_rms']:.3f}" in shown
    for found in metrics["baselines"].values():
        assert f"{found['log_rmse']:.4f}" in shown
    metrics["noise_floor"] = {"reason": "too_few_pairs"}
    assert NO_FLOOR["too_few_pairs"] in section(render_model_card(facts), "Metrics")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "&#60;script&#62;alert(1)&#60;/script&#62;"),
        ("one | two", "one &#124; two"),
        ("[click](javascript:x) `code` *loud*", "&#91;click&#93;(javascript:x) &#96;code&#96; &#42;loud&#42;"),
        ("first\n\n# second", "first # second"),
        ("&lt; \\|", "&#38;lt; &#92;&#124;"),
    ],
)
def test_markup_in_texts_is_escaped(facts: Facts, text: str, shown: str) -> None:
    """A description, a unit, a column, a slice or a gate cannot add HTML, links or cells to the card."""
    columns, metrics = facts["schema"]["columns"], facts["metrics"]
    columns["bedrooms"] |= {"description": text, "unit": text}
    facts["schema"]["columns"] = {text if name == "floors" else name: column for name, column in columns.items()}
    facts["project"]["name"] = text
    metrics["slices"][f"place {text}"] = next(iter(metrics["slices"].values())) | {"log_rmse": 9.0}
    facts["verdict"]["log_rmse"]["required"] = text
    card = render_model_card(facts)
    assert text not in card
    assert card.count(shown) == 6
    rows = [line for line in card.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {5, 6, 7, 8, 9}, "cells per table"


def test_a_failed_gate_is_marked(facts: Facts) -> None:
    """A reader of the gates sees which one failed."""
    assert "**failed**" not in render_model_card(facts)
    facts["verdict"]["prd"]["passed"] = False
    assert section(render_model_card(facts), "Gates").count("**failed**") == 1


def test_without_resales_none_are_mentioned(facts: Facts) -> None:
    """A holdout without resales has no line for them."""
    facts["metrics"].pop("resold", None)
    facts["metrics"]["baselines"].pop("last_sale", None)
    assert "resales" not in render_model_card(facts)
