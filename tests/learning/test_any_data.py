"""Only the price is mandatory: sales that lack dates, identifiers, places or most values go the whole road."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from houseprice import pipeline
from houseprice.bundle.load import open_bundle
from houseprice.config import load
from houseprice.serving import startup
from houseprice.serving.explain.comparables import ComparableFinder
from houseprice.serving.explain.shapley import Explainer
from houseprice.serving.scorer import Scorer
from learning.markets import COLUMNS, blank, configuration, run, sales
from pipeline import Pipeline

pytestmark = pytest.mark.long
Road = Callable[..., Pipeline]
EVERY = tuple(COLUMNS)


@pytest.fixture
def road(tmp_path: Path, empty_store: Path) -> Road:
    """Run the whole pipeline on some sales; return where everything lies."""

    def one(table: pl.DataFrame, **more: Any) -> Pipeline:
        shutil.copy(empty_store, tmp_path)
        return run(tmp_path, table, configuration(table.columns, **more))

    return one


def served(pipe: Pipeline) -> dict[str, Any]:
    """Return the predictions of the bundle for its first golden row: price, explanation and comparables."""
    folder = pipe.trained.bundle
    assert folder is not None, pipe.trained.reason
    assert startup.refusal(folder, allow_red=True) is None
    bundle = open_bundle(folder)
    scorer = Scorer(bundle)
    house = scorer.request.validate(bundle.golden["rows"][:1])[0]
    (prediction,) = scorer.score([house])
    explanation = Explainer(bundle, scorer.request).explain(house)
    comparables = ComparableFinder(bundle).find(house)
    assert prediction.prediction_interval[0] < prediction.predicted_price < prediction.prediction_interval[1]
    assert explanation.predicted_price == prediction.predicted_price
    assert explanation.valuation_date == comparables.valuation_date == prediction.valuation_date
    assert len(comparables.comparables) == 5
    return {"prediction": prediction, "comparables": comparables, "manifest": bundle.manifest, "card": bundle.card}


def without(*names: str) -> pl.DataFrame:
    """Return the sales without some columns."""
    return sales().drop(*names)


@pytest.mark.parametrize(
    ("lacking", "kind"),
    [
        ((), "time"),
        (("finca",), "time"),
        (("finca", "calle"), "time"),
        (("finca", "calle", "norte", "este"), "time"),
        (("vendida",), "random"),
        (("vendida", "finca", "calle", "norte", "este", "barrio"), "random"),
        (tuple(name for name in EVERY if name not in ("precio", "superficie", "barrio")), "random"),
    ],
    ids=lambda value: "+".join(value) or "nothing" if isinstance(value, tuple) else value,
)
def test_columns_may_be_missing(road: Road, lacking: tuple[str, ...], kind: str) -> None:
    """The model is trained, judged, sealed and served by what there is."""
    pipe = road(without(*lacking))
    found = served(pipe)
    assert pipe.trained.metrics["protocol"]["kind"] == kind
    assert ("rolling_origin" in pipe.trained.metrics) is (kind == "time")
    assert (found["manifest"].reference_date is None) is ("vendida" in lacking)
    assert (found["prediction"].valuation_date is None) is ("vendida" in lacking)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_nothing_need_be_required_of_a_request(road: Road, share: float) -> None:
    """As `houseprice init` writes it: also a request for no date and a sale without one are answered as checked."""
    table = blank(sales(), share)
    settings = configuration(table.columns)
    for column in settings["data"]["columns"].values():
        column["required"] = column.get("role") == "target"
    served(road(table, data=settings["data"]))


def test_what_time_alone_could_tell_is_left_out_with_the_reason(road: Road) -> None:
    """Gates that need time are neither red nor gone, and report, card and verdict say what is hidden."""
    pipe = road(without("vendida"))
    gates = {gate.name: gate for gate in pipe.trained.verdict.gates}
    for name in ("error_growth", "trend_to_error"):
        assert (gates[name].outcome, gates[name].passed) == ("skipped", True)
        assert gates[name].detail
    assert pipe.trained.metrics["protocol"] == {"kind": "random", "reason": "no_sale_date", "grouped": True}
    page = (pipe.reports / "model_report.html").read_text()
    assert "drawn at random" in page
    assert "drawn at random" in served(pipe)["card"]


@pytest.mark.parametrize(("days", "reason"), [(1, "sale_dates_too_close"), (30, "sale_dates_too_close")])
def test_dates_of_a_short_time_do_not_divide(road: Road, days: int, reason: str) -> None:
    """One date only, or some days: houses are held out at random."""
    pipe = road(sales(days=days))
    assert pipe.trained.metrics["protocol"]["reason"] == reason
    assert served(pipe)["prediction"].valuation_date is not None


def test_few_sales_are_enough(road: Road) -> None:
    """Eighty rows."""
    served(road(sales(80)))


def test_many_columns_do_no_harm(road: Road) -> None:
    """Eighty columns, most of them noise."""
    draw = np.random.default_rng(5)
    noise = {f"extra {number}": [f"{value:.3f}" for value in draw.normal(size=240)] for number in range(67)}
    table = sales().with_columns(**{name: pl.Series(values) for name, values in noise.items()})
    served(road(table))


@pytest.mark.parametrize("share", [0.4, 0.95])
def test_missing_values_are_normal(road: Road, share: float) -> None:
    """Every cell but the price may be blank; no row is rejected for it."""
    pipe = road(blank(sales(400), share))
    assert pl.read_csv(pipe.cleaned).height == 400
    served(pipe)


def test_a_coarse_identifier_neither_rejects_nor_empties_the_holdout(road: Road) -> None:
    """Flats of a few blocks: no sale is a duplicate, and the newest are held out although their block is known."""
    table = sales().with_columns(finca=pl.Series([f"block {number % 12}" for number in range(240)]))
    pipe = road(table)
    assert pl.read_csv(pipe.cleaned).height == 240
    assert pipe.trained.metrics["protocol"] == {"kind": "time", "reason": "", "grouped": False}
    assert pipe.trained.metrics["sides"]["holdout"] > 20
    gates = {gate.name: gate for gate in pipe.trained.verdict.gates}
    assert gates["holdout_separation"].passed


@pytest.mark.parametrize("lacking", [(), ("vendida", "barrio", "calle")])
def test_the_gates_are_tested_on_other_data(tmp_path: Path, lacking: tuple[str, ...]) -> None:
    """Mutations that the sales do not allow are left out with the reason; every other is caught."""
    table = sales(900).drop(*lacking)
    raw, config_file = tmp_path / "raw.csv", tmp_path / "config.yaml"
    table.write_csv(raw)
    config_file.write_text(yaml.safe_dump(configuration(table.columns), allow_unicode=True))
    unmutated, *results = pipeline.self_test(load(config_file), raw)
    judged = [result for result in results if not result.inapplicable]
    assert unmutated.failed == ()
    assert [result.mutation for result in judged if not result.caught] == []
    assert len(judged) > 10
    left_out = {result.mutation for result in results if result.inapplicable}
    assert ("held-out rows among the training rows" in left_out) is ("vendida" in lacking)
