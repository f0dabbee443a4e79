"""No champion, a champion to compare with, and one that cannot be compared are three things."""

import tempfile
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from houseprice.learning.bundling import read_sales
from houseprice.learning.gates import check_champion
from houseprice.learning.model_comparison import (
    MIN_SALES,
    Champion,
    Comparison,
    Holdout,
    NotComparable,
    compare_on_holdout,
    compare_with_champion,
    out_of_fold_errors,
)
from houseprice.schema import Schema
from pipeline import Pipeline

COUNT = 60


@pytest.fixture(scope="module")
def champion(little: Pipeline) -> Champion:
    """Return the small pipeline's model as the registry holds it."""
    return Champion("1", errors(), {path.name: path.read_bytes() for path in little.bundle.iterdir()})


@pytest.fixture(scope="module")
def holdout(little: Pipeline) -> Holdout:
    """Return sales that were sold again a year later, at the price of then, and their prices as predictions."""
    sales = read_sales(little.cleaned, little.config.schema_).tail(COUNT)
    sales = sales.with_columns(pl.col("day") + timedelta(days=365), ("new" + pl.col("plot")).alias("plot"))
    return Holdout(sales, little.config.schema_, little.config.project.currency, sales["paid"].to_numpy() * 1.0)


def errors(prefix: str = "p", count: int = 100) -> bytes:
    """Return the CSV of some out-of-fold errors."""
    parcels = np.array([f"{prefix}{number}" for number in range(count)])
    draw = np.random.default_rng(0).normal(0.0, 0.1, count)
    return out_of_fold_errors(parcels, np.arange(count), np.arange(count) % 5, draw).write_csv().encode()


def table(content: bytes) -> pl.DataFrame:
    """Return out-of-fold errors as a training has them."""
    return pl.read_csv(content)


def reason(found: object) -> str:
    """Return why two models cannot be compared."""
    assert isinstance(found, NotComparable), found
    return found.reason


def test_without_a_champion_the_gate_passes(holdout: Holdout) -> None:
    """The first model has nobody to be worse than."""
    assert compare_with_champion(table(errors()), None, holdout) is None
    gate = check_champion(None)
    assert (gate.passed, gate.found, gate.accepted) == (True, None, False)


def test_shared_sales_come_first(champion: Champion, holdout: Holdout) -> None:
    """Half of the challenger's are enough; the holdout is not looked at."""
    found = compare_with_champion(table(errors(count=200)), champion, None)
    assert isinstance(found, Comparison)
    assert found.promotes
    assert isinstance(compare_with_champion(table(errors(count=201)), champion, None), NotComparable)
    assert isinstance(compare_with_champion(table(errors(count=201)), champion, holdout), Comparison)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe", errors("other")])
def test_errors_that_say_nothing_lead_to_the_holdout(champion: Champion, holdout: Holdout, content: bytes) -> None:
    """Missing, of another form, unreadable, or of other sales."""
    found = compare_with_champion(table(errors()), replace(champion, out_of_fold=content), holdout)
    assert isinstance(found, Comparison)
    assert str(COUNT) in found.basis


@pytest.mark.parametrize(("factor", "worse"), [(1.0, False), (3.0, True)])
def test_a_clear_difference_on_the_holdout_decides(
    champion: Champion, holdout: Holdout, factor: float, worse: bool
) -> None:
    """Perfect predictions are better than the champion's, those three times too high are worse."""
    predictions = holdout.predictions * factor
    found = compare_on_holdout(champion, replace(holdout, predictions=predictions))
    assert isinstance(found, Comparison)
    assert (found.worse, found.promotes) == (worse, not worse)
    assert check_champion(found).passed is not worse


def test_sales_that_the_champion_was_fitted_on_do_not_count(
    little: Pipeline, champion: Champion, holdout: Holdout
) -> None:
    """It knows their prices: an honest comparison is on those that are new to it."""
    known = read_sales(little.cleaned, little.config.schema_)
    assert "0 sales" in reason(compare_on_holdout(champion, replace(holdout, sales=known, predictions=np.ones(300))))
    mixed = pl.concat([known, holdout.sales])
    found = compare_on_holdout(champion, replace(holdout, sales=mixed, predictions=np.ones(300 + COUNT)))
    alone = compare_on_holdout(champion, replace(holdout, predictions=np.ones(COUNT)))
    assert found == alone


def test_a_few_sales_prove_nothing(champion: Champion, holdout: Holdout) -> None:
    """One fewer than the least is no comparison."""
    for count, kind in ((MIN_SALES, Comparison), (MIN_SALES - 1, NotComparable)):
        few = replace(holdout, sales=holdout.sales.head(count), predictions=holdout.predictions[:count])
        assert isinstance(compare_on_holdout(champion, few), kind)


def test_a_champion_of_other_data_cannot_be_compared(champion: Champion, holdout: Holdout) -> None:
    """In another currency or unit, without a column that it needs, or with texts where it learned numbers."""
    assert "unit" in reason(compare_on_holdout(champion, replace(holdout, currency="SEK")))
    columns = dict(holdout.schema.columns)
    columns["paid"] = columns["paid"].model_copy(update={"unit": "TEUR"})
    assert "unit" in reason(compare_on_holdout(champion, replace(holdout, schema=Schema(columns=columns))))
    columns = {name: column for name, column in holdout.schema.columns.items() if name != "rooms"}
    other = replace(holdout, schema=Schema(columns=columns), sales=holdout.sales.drop("rooms"))
    assert "rooms" in reason(compare_on_holdout(champion, other))


@pytest.mark.parametrize("fault", ["none", "changed", "missing", "older"])
def test_a_bundle_that_cannot_be_opened_is_no_common_ground(champion: Champion, holdout: Holdout, fault: str) -> None:
    """The reason says so, and names no temporary folder."""
    files = dict(champion.bundle)
    if fault == "none":
        files.clear()
    elif fault == "changed":
        files["model.onnx"] += b" "
    elif fault == "missing":
        del files["sales.npy"]
    else:
        files["manifest.json"] = files["manifest.json"].replace(b'"format": ', b'"format": 0')
    assert tempfile.gettempdir() not in reason(compare_on_holdout(replace(champion, bundle=files), holdout))


def test_a_champion_that_cannot_be_compared_fails_the_gate_unless_a_person_accepts_that() -> None:
    """The acceptance and its reason are part of the verdict, and of what the manifest states."""
    comparison = NotComparable("it is of other data")
    refused, accepted = check_champion(comparison), check_champion(comparison, accept_uncomparable=True)
    assert (refused.passed, refused.outcome) == (False, "failed")
    assert (accepted.passed, accepted.outcome) == (True, "accepted")
    stated = accepted.as_dict(for_manifest=True)
    assert stated["accepted"] is True
    assert comparison.reason in stated["detail"]
    worse = Comparison(0.1, 0.05, 0.15, 5, "sales")
    assert not check_champion(worse, accept_uncomparable=True).passed


def test_the_manifest_states_the_gate_alike_with_and_without_a_champion() -> None:
    """What the registry holds must not change the bytes of a bundle that passed."""
    outcomes = (None, Comparison(-0.1, -0.15, -0.05, 5, "sales"), Comparison(0.0, -0.1, 0.1, 5, "sales"))
    assert len({str(check_champion(one).as_dict(for_manifest=True)) for one in outcomes}) == 1
