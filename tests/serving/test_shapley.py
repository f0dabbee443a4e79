"""Amounts are Shapley values of the price itself, and they add up to the cent."""

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import onnx.parser
import pytest
import toy as toys
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import FULL, LEAST, LEAST_PRICE

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import Bundle, open_bundle
from houseprice.errors import ArtifactError, ServingError
from houseprice.schema import Schema
from houseprice.serving.explain.feature_groups import group_features
from houseprice.serving.explain.shapley import Explainer, to_the_cent
from houseprice.serving.scorer import Scorer

ROOT = Path(__file__).parents[2]
NAMES = "abcdef"
SHAP = """
import json, sys
import numpy as np, shap
part = json.load(sys.stdin)
table = np.array(part["table"])
count = part["groups"]
bits = 2 ** np.arange(count)
explainer = shap.ExactExplainer(lambda rows: table[(rows > 0.5).astype(int) @ bits], np.zeros((1, count)))
found = explainer(np.ones((1, count)))
json.dump({"values": found.values[0].tolist(), "base": float(np.ravel(found.base_values)[0])}, sys.stdout)
"""


def explainer(bundle: Bundle) -> Explainer:
    """Return what explains a model's prices."""
    return Explainer(bundle, Scorer(bundle).request)


def build_bundle(folder: Path, steps: str, columns: Sequence[str], background: list[dict[str, Any]]) -> Bundle:
    """Seal a model of some columns of numbers that gives `y`, whose logs or sums can be worked out."""
    inputs = ", ".join(f"double[n] {name}" for name in columns)
    text = f"""
    <ir_version: 10, opset_import: ["" : 21]>
    price (double[n] day, {inputs}) => (double[n] predicted_price, double[n] interval_low, double[n] interval_high,
      double[n] fsd)
    <double base = {{1000}}, double tenth = {{0.1}}, double half = {{0.5}}, double none = {{0}}>
    {{
      {steps}
      z = Mul(day, none)
      predicted_price = Sum(y, z, base)
      interval_low = Mul(predicted_price, half)
      interval_high = Add(predicted_price, base)
      fsd = Add(z, tenth)
    }}
    """
    schema: dict[str, Any] = {
        "id": {"kind": "category", "role": "parcel", "description": "Parcel"},
        "day": {"kind": "date", "role": "sale_date", "known": "at_sale", "description": "Day"},
        "paid": {"kind": "number", "role": "target", "known": "at_sale", "description": "Price"},
        **{name: {"kind": "number", "description": name} for name in columns},
    }
    changes = {
        manifests.MODEL: bytes(onnx.parser.parse_model(text).SerializeToString()),
        manifests.GOLDEN: {"tolerance": 1e-4, "rows": background[:1], "answers": []},
        manifests.EXPLANATION: {"background": background, "coordinates": {}},
    }
    return open_bundle(toys.seal(folder, changes, schema=Schema.model_validate({"columns": schema})))


def drawn(columns: Sequence[str], count: int) -> list[dict[str, Any]]:
    """Return houses with a number in each column, one decimal."""
    draw = np.random.default_rng(count)
    rows = draw.uniform(1, 5, (count, len(columns))).round(1).tolist()
    return [{"day": "2015-01-02", **dict(zip(columns, row, strict=True))} for row in rows]


def by_force(
    price: Callable[[dict[str, Any]], float], house: dict[str, Any], other: dict[str, Any]
) -> dict[str, float]:
    """Return Shapley values by their definition, a sum over all subsets (Shapley 1953)."""
    names = [name for name in house if name != "day"]
    amounts = dict.fromkeys(names, 0.0)
    for name in names:
        rest = [other_name for other_name in names if other_name != name]
        for size in range(len(names)):
            weight = factorial(size) * factorial(len(names) - size - 1) / factorial(len(names))
            for subset in combinations(rest, size):
                mixed = {**other, **{taken: house[taken] for taken in subset}}
                amounts[name] += weight * (price({**mixed, name: house[name]}) - price(mixed))
    return amounts


@pytest.mark.parametrize(
    ("columns", "steps", "price", "within"),
    [
        ("abcd", "s0 = Sum(a, b)\n s1 = Mul(c, d)\n s2 = Sub(s0, s1)\n y = Exp(s2)",
         lambda h: np.exp(h["a"] + h["b"] - h["c"] * h["d"]), 0.015),
        ("abcdef", "s0 = Mul(a, b)\n s1 = Mul(c, d)\n s2 = Mul(e, a)\n y = Sum(s0, s1, s2, f)",
         lambda h: h["a"] * h["b"] + h["c"] * h["d"] + h["e"] * h["a"] + h["f"], 0.015),
        ("abcdef", "s0 = Sum(a, b, c, d, e)\n s1 = Mul(s0, half)\n s2 = Mul(s1, f)\n s3 = Mul(s2, tenth)\n"
         "s4 = Exp(s3)\n y = Mul(s4, base)",
         lambda h: 1000 * np.exp(0.05 * (h["a"] + h["b"] + h["c"] + h["d"] + h["e"]) * h["f"]), 400.0),
    ],
    ids=["four columns, whatever they do", "six columns, two at a time", "six columns, all at once"],
)  # fmt: skip
def test_amounts_are_those_of_the_definition(
    tmp_path: Path, columns: str, steps: str, price: Callable[[dict[str, Any]], float], within: float
) -> None:
    """Within a cent of rounding for few columns or what two do together; near it for what many do together."""
    background = drawn(columns, 8)
    bundle = build_bundle(tmp_path, steps, columns, background)
    rules = Scorer(bundle).request
    for house in drawn(columns, 5):
        found = explainer(bundle).explain(rules.validate([house])[0])
        forced = [by_force(price, house, other) for other in background]
        expected = {name: np.mean([amounts[name] for amounts in forced]) for name in columns}
        assert found.base_price == pytest.approx(1000 + np.mean([price(other) for other in background]), abs=0.005)
        for part in found.contributions:
            assert part.amount == pytest.approx(expected.get(part.name, 0.0), abs=within), part.name


def test_each_column_s_amount_can_be_worked_out_by_hand(toy: Bundle) -> None:
    """In a model of sums, an amount is how much more a column is worth than in the background."""
    found = explainer(toy).explain({"living area": 80.0, "rooms": 3.0, "zip": "98039", "grade": 1.0})
    amounts = {part.name: part.amount for part in found.contributions}
    assert amounts["living area"] == pytest.approx(80000 - (100000 + 90000 + 80000) / 3, abs=0.01)
    assert amounts["zip"] == pytest.approx(50000 / 3, abs=0.01)
    assert amounts["lot"] == pytest.approx(-(500 + 500 + 800) / 3, abs=0.01)
    assert amounts["sold"] == pytest.approx(10 * (16582 - (16356 + 16405 + 16465) / 3), abs=0.01)
    assert found.predicted_price == LEAST_PRICE
    assert found.base_houses == 3
    assert found.valuation_date == "2015-05-27"
    sizes = [abs(part.amount) for part in found.contributions]
    assert sizes == sorted(sizes, reverse=True)
    texts = {part.name: part.text for part in found.contributions}
    assert texts["zip"] == "zip 98039 adds 16,667 EUR"
    assert texts["lot"] == "lot not given takes away 600 EUR"
    assert texts["pool"] == "pool not given takes away 1,000 EUR"
    assert found.summary.startswith("On 2015-05-27 it is worth 146,820 EUR, ")
    assert "3 representative sold houses" in found.summary


@pytest.mark.parametrize("count", [62, 63, 64, 86, 300])
def test_any_number_of_columns_is_explained(tmp_path: Path, count: int) -> None:
    """In a model of sums and one product, amounts are those of the definition for as many columns as there are."""
    columns = [f"c{number}" for number in range(count)]
    background, house = drawn(columns, 4), drawn(columns, 5)[4]
    bundle = build_bundle(tmp_path, f"s = Mul(c0, c1)\n y = Sum(s, {', '.join(columns)})", columns, background)
    found = explainer(bundle).explain(Scorer(bundle).request.validate([house])[0])
    amounts = {part.name: part.amount for part in found.contributions}
    for name in columns:
        expected = np.mean([house[name] - other[name] for other in background])
        if name in {"c0", "c1"}:
            partner = "c1" if name == "c0" else "c0"
            averages = [(house[partner] + other[partner]) / 2 for other in background]
            changes = [house[name] - other[name] for other in background]
            expected += np.mean([change * average for change, average in zip(changes, averages, strict=True)])
        assert amounts[name] == pytest.approx(expected, abs=0.015), name
    assert round(found.base_price + sum(amounts.values()), 2) == found.predicted_price


def test_a_house_of_the_background_itself_is_explained(toy: Bundle) -> None:
    """What does not differ changes nothing, and a house that is its only background has no amounts at all."""
    alone = replace(toy, explanation={"background": [FULL], "coordinates": toys.COORDINATES})
    found = explainer(alone).explain(Scorer(toy).request.validate([FULL])[0])
    assert found.base_price == found.predicted_price
    assert {part.amount for part in found.contributions} == {0.0}
    assert found.contributions[0].text.endswith("changes nothing")


def test_columns_that_make_sense_together_are_told_together() -> None:
    """The groups come from the roles of the schema; a lone column keeps its name, and each is explained once."""
    columns: dict[str, Any] = {
        "id": {"kind": "category", "role": "parcel"}, "when": {"kind": "date", "role": "sale_date", "known": "at_sale"},
        "paid": {"kind": "number", "role": "target", "known": "at_sale"},
        "north": {"kind": "number", "role": "latitude"},
        "built": {"kind": "integer", "role": "year_built"}, "code": {"kind": "category", "role": "location"},
        "east": {"kind": "number", "role": "longitude"}, "unasked": {"kind": "number"},
    }  # fmt: skip
    schema = Schema.model_validate(
        {"columns": {name: {"description": name, **declared} for name, declared in columns.items()}}
    )
    asked = ["when", "north", "built", "code", "east"]
    found = {group.name: group.columns for group in group_features(schema, asked)}
    assert found == {"when": ("when",), "place": ("north", "code", "east"), "built": ("built",)}


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
@settings(max_examples=300)
def test_cents_are_shared_out_so_that_nothing_is_lost(amounts: list[float]) -> None:
    """Each amount is moved by less than two cents, and their sum is the whole to the cent."""
    whole = round(sum(amounts), 2)
    found = to_the_cent(np.array(amounts), whole)
    assert round(sum(found), 2) == pytest.approx(whole, abs=1e-9)
    assert all(abs(mine - theirs) < 0.0201 for mine, theirs in zip(found, amounts, strict=True))


def test_amounts_of_the_real_model_add_up_and_are_always_the_same(bundle_dir: Path) -> None:
    """To the cent, to the price that /predict gives; asked again, and by another process's copy, the same."""
    bundle = open_bundle(bundle_dir)
    scorer = Scorer(bundle)
    mine, other = explainer(bundle), explainer(bundle)
    for house in scorer.request.validate(bundle.golden["rows"] + bundle.sample["rows"][:10]):
        found = mine.explain(house)
        assert found.predicted_price == scorer.score([house])[0].predicted_price
        total = found.base_price + sum(part.amount for part in found.contributions)
        assert round(total, 2) == found.predicted_price
        assert other.explain(house) == found
        assert sorted(name for part in found.contributions for name in part.columns) == sorted(bundle.model.inputs)


def test_another_day_is_explained_as_another_day(bundle_dir: Path) -> None:
    """The day that the price is for stands in the answer, and it has an amount of its own."""
    bundle = open_bundle(bundle_dir)
    house = Scorer(bundle).request.validate(bundle.sample["rows"][:1])[0]
    days = [explainer(bundle).explain({**house, "date": day}) for day in (date(2014, 6, 1), date(2015, 5, 1))]
    assert [found.valuation_date for found in days] == ["2014-06-01", "2015-05-01"]
    amounts = [next(part.amount for part in found.contributions if part.name == "date") for found in days]
    assert amounts[0] != amounts[1]


@pytest.mark.parametrize("explanation", [{"background": []}, {}, {"background": [{"rooms": 3}]}])
def test_a_background_that_cannot_be_used_is_refused(toy: Bundle, explanation: dict[str, Any]) -> None:
    """At the start, with what to do."""
    with pytest.raises(ArtifactError) as caught:
        explainer(replace(toy, explanation=explanation))
    assert caught.value.code == "background_invalid"


def test_a_model_that_fails_is_told_as_such(toy_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cause is in the message; a price that is not a number is an error of its own."""
    bundle = open_bundle(toy_dir)
    one = explainer(bundle)
    house = Scorer(bundle).request.validate([LEAST])[0]

    def fail(_: Any) -> Any:
        raise RuntimeError("out of memory")

    with pytest.raises(ServingError) as caught:
        one.explain({**house, "living area": float("inf")})
    assert caught.value.code == "price_not_finite"
    monkeypatch.setattr(bundle.model, "predict", fail)
    with pytest.raises(ServingError, match="out of memory"):
        one.explain(house)


def shap_values(amounts: Explainer, house: dict[str, Any]) -> tuple[dict[str, float], float]:
    """Ask the shap package for exact values, from the price of every coalition, averaged over the background."""
    own = amounts._layout.fill([house])
    count, others = len(amounts._groups), len(amounts._bases)
    table = np.zeros(2**count)
    for other in range(others):
        table += (
            amounts._predict(
                amounts._sampler._mixed(own, amounts._others, [(other, coalition) for coalition in range(2**count)])
            )
            / others
        )
    part = json.dumps({"table": table.tolist(), "groups": count})
    asked = subprocess.run(
        [ROOT / ".venv-oracles/bin/python", "-c", SHAP], input=part, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr
    found = json.loads(asked.stdout)
    return dict(zip([group.name for group in amounts._groups], found["values"], strict=True)), found["base"]


@pytest.mark.oracles
def test_shap_gives_the_same_amounts_for_a_model_of_sums(toy: Bundle) -> None:
    """To the cent: nothing is left to chance where columns do not work together."""
    one = explainer(toy)
    house = Scorer(toy).request.validate([FULL])[0]
    values, base = shap_values(one, house)
    found = one.explain(house)
    assert found.base_price == pytest.approx(base, abs=0.006)
    for part in found.contributions:
        assert part.amount == pytest.approx(values[part.name], abs=0.02)


@pytest.mark.oracles
def test_shap_s_exact_amounts_are_near_for_a_real_model(bundle_dir: Path) -> None:
    """With four houses as background: half a percent of the price as a rule, two at the worst.

    A fourth of the background is a fourth of the orders, so that what is served, with sixteen, errs half as much.
    """
    bundle = open_bundle(bundle_dir)
    bundle = replace(bundle, explanation={**bundle.explanation, "background": bundle.explanation["background"][::4]})
    one, errors = explainer(bundle), []
    for house in Scorer(bundle).request.validate(bundle.sample["rows"][:8]):
        values, base = shap_values(one, house)
        found = one.explain(house)
        assert found.base_price == pytest.approx(base, abs=0.006)
        errors += [(part.amount - values[part.name]) / found.predicted_price for part in found.contributions]
    assert np.sqrt(np.mean(np.square(errors))) < 0.005
    assert np.abs(errors).max() < 0.02
