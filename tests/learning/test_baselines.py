"""The silly baselines: to know nothing, and to know only straight lines."""

import numpy as np
import polars as pl
import pytest

from houseprice.learning.baselines import constant_log, ridge


def test_the_constant_is_the_mean_log_price() -> None:
    """The same for every house."""
    assert constant_log(np.array([100.0, 10000.0]), 3) == pytest.approx([np.log(1000)] * 3)


def test_the_ridge_finds_lines_roots_and_effects_of_texts() -> None:
    """What is made of them is answered all but exactly, on rows that were not learned from."""
    draw = np.random.default_rng(0)
    area = draw.uniform(20, 300, 400).astype(np.float32)
    quarter = draw.choice(["north", "south"], 400)
    log = 10 + np.sqrt(area) / 5 - area / 500 + 0.3 * (quarter == "north")
    features = pl.DataFrame({"area": area, "quarter": quarter})
    model = ridge(features, 1e-6).fit(features[:200], log[:200])
    assert model.predict(features[200:]) == pytest.approx(log[200:], abs=1e-3)


def test_an_unknown_text_and_a_missing_kind_of_column_are_no_trouble() -> None:
    """The newest sales may hold a text that no training row has; a table may have no text at all."""
    features = pl.DataFrame({"area": np.arange(10, dtype=np.float32), "quarter": ["a"] * 5 + ["b"] * 5})
    model = ridge(features, 1.0).fit(features, np.arange(10.0))
    assert np.isfinite(model.predict(features.with_columns(quarter=pl.lit("c")))).all()
    numbers = features.select("area")
    assert np.isfinite(ridge(numbers, 1.0).fit(numbers, np.arange(10.0)).predict(numbers)).all()


def test_negative_numbers_have_roots_too() -> None:
    """Longitudes are negative, and a house may be sold before it is built."""
    features = pl.DataFrame({"age": np.array([-4, -1, 0, 1, 9], dtype=np.float32)})
    log = np.array([-2.0, -1.0, 0.0, 1.0, 3.0])
    assert ridge(features, 1e-9).fit(features, log).predict(features) == pytest.approx(log, abs=1e-6)
