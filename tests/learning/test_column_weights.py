"""Weights of columns: Shapley values of a model that can be worked out by hand."""

from typing import Any

import numpy as np
import pytest

from houseprice.bundle.load import Predictions
from houseprice.learning.column_weights import column_weights


class Product:
    """A model whose log price is 3·a + b; c has no part in it."""

    def __init__(self) -> None:
        self.inputs = {"a": False, "b": False, "c": True}

    def predict(self, columns: Any) -> Predictions:
        """Return the prices."""
        price = np.exp(3.0 * columns["a"] + columns["b"])
        return Predictions(price, price, price, 0.0 * price)


def columns(count: int) -> dict[str, Any]:
    """Return columns of alike spread."""
    draw = np.random.default_rng(0)
    texts = draw.choice(np.array(["x", "y"], dtype=object), count)
    return {"a": draw.normal(size=count), "b": draw.normal(size=count), "c": texts}


def test_a_column_weighs_what_it_moves_prices_by() -> None:
    """Three times as much as another, and nothing where it has no part."""
    found = column_weights(Product(), columns(500))  # type: ignore[arg-type]
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-3)
    assert found["a"] / found["b"] == pytest.approx(3.0, rel=0.35)
    assert found["c"] == 0.0


def test_the_same_sales_have_the_same_weights() -> None:
    """Those of the bundle are sealed."""
    assert column_weights(Product(), columns(100)) == column_weights(Product(), columns(100))  # type: ignore[arg-type]


def test_a_model_that_knows_one_price_has_no_weights() -> None:
    """Not a division by zero."""
    same = {"a": np.zeros(5), "b": np.zeros(5), "c": np.array(["x"] * 5, dtype=object)}
    assert column_weights(Product(), same) == {"a": 0.0, "b": 0.0, "c": 0.0}  # type: ignore[arg-type]
