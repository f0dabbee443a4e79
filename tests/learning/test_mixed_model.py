"""The log-linear mixed model: slopes, effects of nested texts, and encodings that no row's own price is in."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.features import look_up, matrix
from houseprice.learning.mixed_model import (
    GROUPS,
    MAX_WEIGHT,
    TOTAL,
    cross_fit_encode,
    fit_mixed_model,
    source_texts,
)
from houseprice.learning.text_pairs import pair_name
from learning.houses import SCHEMA

Floats = npt.NDArray[np.float64]
TRANSFORMS = {"size": "none"}


def houses(count: int = 4000, streets: int = 200) -> tuple[pl.DataFrame, Floats, dict[str, float]]:
    """Return houses in streets of five towns, their log prices, and the true effect of each street with its town's."""
    draw = np.random.default_rng(0)
    street = draw.integers(0, streets, count)
    towns, own = draw.normal(0, 0.4, 5), draw.normal(0, 0.2, streets)
    size = draw.normal(size=count) + towns[street % 5]  # dear towns have large houses: a raw mean would mix the two
    log_prices = 12 + 0.5 * size + towns[street % 5] + own[street] + draw.normal(0, 0.2, count)
    table = pl.DataFrame(
        {"size": size, "town": [f"t{number % 5}" for number in street], "street": [f"s{number}" for number in street]},
        schema_overrides={"size": pl.Float32},
    )
    return table, log_prices, {f"s{number}": float(towns[number % 5] + own[number]) for number in range(streets)}


def encoded(table: pl.DataFrame, log_prices: Floats, other: pl.DataFrame) -> FeatureMatrix:
    """Return other houses with the encodings of a model of some."""
    model = fit_mixed_model(matrix(table), log_prices, TRANSFORMS)
    return matrix(other).with_columns(model.encode(matrix(other), look_up))


def test_slope_and_nested_effects_are_found() -> None:
    """A street's effect with that of its town is the true one, houses being alike in size."""
    table, log_prices, truth = houses()
    model = fit_mixed_model(matrix(table), log_prices, TRANSFORMS)
    scale = float(model.standardisation.scales[0])
    assert model.slopes[0] * scale == pytest.approx(0.5, abs=0.02)
    towns = dict(zip(table["street"], table["town"], strict=True))
    found = [model.effects["street"][street] + model.effects["town"][towns[street]] for street in truth]
    assert np.corrcoef(found, list(truth.values()))[0, 1] > 0.98


def test_an_unknown_street_is_worth_its_town() -> None:
    """What the town tells is kept."""
    table, log_prices, _ = houses()
    model = fit_mixed_model(matrix(table), log_prices, TRANSFORMS)
    new = table.head(50).with_columns(street=pl.lit("nowhere"))
    found = encoded(table, log_prices, new)
    expected = [model.effects["town"][town] for town in new["town"]]
    assert np.asarray(found[TOTAL]) == pytest.approx(expected, abs=1e-6)


def test_predictions_are_slopes_and_effects() -> None:
    """And err by little more than the noise."""
    table, log_prices, _ = houses()
    model = fit_mixed_model(matrix(table), log_prices, TRANSFORMS)
    assert np.std(model.predict(encoded(table, log_prices, table)) - log_prices) < 0.22


def test_categories_that_do_not_differ_have_no_effect() -> None:
    """Nor have those that stand for one house each, whose noise is not known."""
    table, log_prices, _ = houses()
    draw = np.random.default_rng(1)
    other = table.select(
        "size",
        chance=pl.Series(draw.choice(list("abcdef"), table.height)),
        own=pl.Series([f"h{number}" for number in range(table.height)]),
    )
    model = fit_mixed_model(matrix(other), log_prices, TRANSFORMS)
    assert model.weights["own"] == MAX_WEIGHT
    assert max(map(abs, model.effects["own"].values())) == 0.0
    assert max(map(abs, model.effects["chance"].values())) < 0.03


def test_the_weight_can_be_set_by_hand() -> None:
    """Then it is that of every text."""
    table, log_prices, _ = houses()
    assert set(fit_mixed_model(matrix(table), log_prices, TRANSFORMS, 7.0).weights.values()) == {7.0}


@given(st.integers(0, 2**32), st.integers(20, 60))
def test_no_row_is_encoded_by_its_own_price(seed: int, count: int) -> None:
    """Another price of one row leaves its own encodings as they are."""
    table, log_prices, _ = houses(count, 4)
    row = int(np.random.default_rng(seed).integers(0, count))
    changed = log_prices.copy()
    changed[row] += 100.0
    before, after = (cross_fit_encode(matrix(table), prices, TRANSFORMS, seed)[0] for prices in (log_prices, changed))
    assert all(before[name][row] == after[name][row] for name in before)


def test_each_row_is_encoded_by_the_model_of_the_other_groups() -> None:
    """A street of one house has no effect in training."""
    table, log_prices, _ = houses(500, 20)
    table = table.with_columns(street=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("own")).otherwise("street"))
    found, _ = cross_fit_encode(matrix(table), log_prices, TRANSFORMS, seed=3)
    assert found["street_target_encoding"][0] == 0.0
    group = np.random.default_rng(3).permutation(500) % GROUPS
    others, rows = np.flatnonzero(group != 1), np.flatnonzero(group == 1)
    expected = encoded(table[others], log_prices[others], table[rows])["town_target_encoding"]
    assert found["town_target_encoding"][rows] == pytest.approx(np.asarray(expected), abs=2e-3)


def test_encodings_name_the_texts_they_come_from() -> None:
    """Of the request, which is what people see."""
    assert source_texts("quarter_target_encoding", SCHEMA) == ["quarter"]
    assert "quarter" in source_texts(TOTAL, SCHEMA)
    assert source_texts("area", SCHEMA) == []
    texts = [name for name, column in SCHEMA.request.items() if column.is_text]
    assert source_texts(f"{pair_name((texts[0], texts[1]))}_target_encoding", SCHEMA) == texts[:2]


def test_the_cross_fitted_prediction_errs_by_little_more_than_the_noise() -> None:
    """And by no less: a row's own price is not in it."""
    table, log_prices, _ = houses()
    _, predicted = cross_fit_encode(matrix(table), log_prices, TRANSFORMS, 0)
    assert 0.195 < np.std(predicted - log_prices) < 0.23


def test_a_text_with_many_categories_has_their_mean_prices_too() -> None:
    """Of houses as they are, large ones in dear towns and all; cross-fitted where rows are trained on."""
    table, log_prices, _ = houses()
    model = fit_mixed_model(matrix(table), log_prices, TRANSFORMS)
    assert list(model.means) == ["street"]
    street = log_prices[(table["street"] == "s7").to_numpy()]
    assert model.means["street"]["s7"] == pytest.approx(street.mean() - log_prices.mean(), abs=0.1)
    assert set(cross_fit_encode(matrix(table), log_prices, TRANSFORMS, 0)[0]) == set(
        model.encode(matrix(table), look_up)
    )
