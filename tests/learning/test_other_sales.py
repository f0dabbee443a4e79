"""Sums over sales that are not learned from as a whole: what they add to a trend and to the effects of categories."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from houseprice.learning import other_sales
from houseprice.learning.features import look_up, matrix
from houseprice.learning.mixed_model import MixedModel, cross_fit_encode, fit_mixed_model
from houseprice.learning.other_sales import OtherSales
from houseprice.learning.text_pairs import pair_name
from houseprice.learning.trend import Trend, fit_trend
from houseprice.learning.trend_design import TIME

Floats = npt.NDArray[np.float64]
TRANSFORMS = {"size": "none"}
SLOPE = 0.01
"""Of the market, in log price a month."""


def made(count: int, streets: int = 300, seed: int = 0) -> tuple[pl.DataFrame, Floats, Floats]:
    """Return houses in many streets, their log prices, and the true effect of each street."""
    draw = np.random.default_rng(seed)
    street, size, months = draw.integers(0, streets, count), draw.normal(size=count), draw.uniform(0, 24, count)
    effects = np.random.default_rng(1).normal(0, 0.3, streets)
    log_prices = 12 + 0.5 * size + effects[street] + SLOPE * months + draw.normal(0, 0.2, count)
    numbers = {"size": size.astype(np.float32), TIME: months.astype(np.float32)}
    texts = {"street": [f"s{number:03}" for number in street], "town": [f"t{number % 7}" for number in street]}
    return pl.DataFrame(numbers | texts), log_prices, effects


def street_effects(model: MixedModel, streets: int = 300) -> Floats:
    """Return the effect of each street together with that of its town."""
    return np.array(
        [
            model.effects["street"].get(f"s{number:03}", 0.0) + model.effects["town"][f"t{number % 7}"]
            for number in range(streets)
        ]
    )


def parts(count: int, learned: int) -> tuple[pl.DataFrame, Floats, OtherSales, Floats]:
    """Return some sales to learn from, the others, and the true effects."""
    table, log_prices, effects = made(count)
    return table[:learned], log_prices[:learned], OtherSales(table[learned:], log_prices[learned:]), effects


def test_a_street_is_known_by_all_its_sales() -> None:
    """Nearly as well as by a model of all sales, and far better than by the sample alone."""
    table, log_prices, others, truth = parts(60_000, 1500)
    months = (matrix(frame)[TIME] for frame in (table, others.features))
    log_prices, of_others = (
        prices - SLOPE * time for prices, time in zip((log_prices, others.log_prices), months, strict=True)
    )
    others = OtherSales(others.features, of_others)
    alone = street_effects(fit_mixed_model(matrix(table), log_prices, TRANSFORMS))
    with_others = street_effects(fit_mixed_model(matrix(table), log_prices, TRANSFORMS, None, others))
    errors = [float(np.std(found - truth)) for found in (alone, with_others)]
    assert errors[1] < 0.02 < errors[0] / 3


def test_the_encodings_in_training_are_of_all_sales_but_the_own_group() -> None:
    """So that what trees are trained on is what they see later; no row's own price is in its encoding."""
    table, log_prices, others, _ = parts(20_000, 2000)
    found, _ = cross_fit_encode(matrix(table), log_prices, TRANSFORMS, 0, None, others)
    model = fit_mixed_model(matrix(table), log_prices, TRANSFORMS, None, others)
    later = model.encode(matrix(table), look_up)
    assert set(found) == set(later)
    for name, values in found.items():
        assert np.std(values - later[name]) < 0.02
    changed = log_prices.copy()
    changed[5] += 10.0
    again, _ = cross_fit_encode(matrix(table), changed, TRANSFORMS, 0, None, others)
    assert all(again[name][5] == values[5] for name, values in found.items())


def test_pairs_of_texts_are_of_the_others_too() -> None:
    """Named and made as those of the sample are."""
    _, _, others, _ = parts(100, 50)
    pair = ("street", "town")
    found = others.with_pairs((pair,)).features[pair_name(pair)]
    assert found[0] == others.features["street"][0] + "\x1f" + others.features["town"][0]


def test_the_trend_is_of_all_sales() -> None:
    """As that of one table, but for the units of the penalty."""
    table, log_prices, others, _ = parts(30_000, 1000)
    together = fit_trend(
        pl.concat([table, others.features]), np.concatenate([log_prices, others.log_prices]), "auto", 10.0
    )
    found, alone = (fit_trend(table, log_prices, "auto", 10.0, some) for some in (others, None))

    def apart(trend: Trend) -> float:
        months = {TIME: np.linspace(0, 24, 50)}
        difference = trend.predict(months) - together.predict(months)
        return float(np.std(difference))

    assert apart(found) < 0.002 < apart(alone)


def test_blocks_of_any_size_give_the_same_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """To nine digits: the trend, the effects and what they leave over."""
    table, log_prices, others, _ = parts(3000, 500)
    trends, effects = [], []
    for rows in (10_000, 37):
        monkeypatch.setattr(other_sales, "BLOCK_ROWS", rows)
        trends.append(fit_trend(table, log_prices, "auto", 10.0, others).slopes)
        effects.append(street_effects(fit_mixed_model(matrix(table), log_prices, TRANSFORMS, None, others)))
    assert trends[0] == pytest.approx(trends[1], rel=1e-9)
    assert effects[0] == pytest.approx(effects[1], rel=1e-9)
