"""The model card states what the manifest says, and shows texts from the data without letting them become markup."""

import copy
import json
from typing import Any

import pytest

from houseprice.bundle.model_card import render_model_card
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
    assert {row.count("|") for row in rows} == {6, 7, 9}, "cells per table: gates and columns, slices, metrics"


def test_a_failed_gate_is_marked(facts: Facts) -> None:
    """A reader of the gates sees which one failed."""
    assert "**failed**" not in render_model_card(facts)
    facts["verdict"]["prd"]["passed"] = False
    assert section(render_model_card(facts), "Gates").count("**failed**") == 1


def test_without_resales_none_are_mentioned(facts: Facts) -> None:
    """A holdout without resales has no line for them."""
    facts["metrics"].pop("resold", None)
    assert "resales" not in render_model_card(facts)
