"""Pairs of texts are found where the worth of one depends on the other, and nowhere else."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from houseprice.learning.features import matrix
from houseprice.learning.hyperparameters import pair_search
from houseprice.learning.hyperparameters.pair_search import find_text_pairs

Floats = npt.NDArray[np.float64]


def homes(count: int = 3000, interaction: float = 0.3) -> tuple[pl.DataFrame, Floats]:
    """Return homes whose tenure counts the more the commercial they are, log prices, and texts that tell nothing."""
    draw = np.random.default_rng(0)
    kind, tenure, street = draw.integers(0, 4, count), draw.integers(0, 2, count), draw.integers(0, 40, count)
    log_prices = 0.2 * kind + 0.1 * tenure + 0.02 * street + interaction * kind * tenure + draw.normal(0, 0.2, count)
    texts = {
        "kind": kind, "tenure": tenure, "street": street, "district": street % 8, "chance": draw.integers(0, 5, count),
        "own": np.arange(count), "constant": np.zeros(count, dtype=int),
    }  # fmt: skip
    table = {name: [f"{name}{value}" for value in values] for name, values in texts.items()}
    return pl.DataFrame({"size": draw.normal(size=count).astype(np.float32), **table}), log_prices


def test_an_interaction_is_found() -> None:
    """And ranked first."""
    table, log_prices = homes()
    assert find_text_pairs(matrix(table), log_prices, 0)[0] == ("kind", "tenure")


def test_effects_that_add_up_need_no_pair() -> None:
    """What chance suggests is not kept either."""
    table, log_prices = homes(interaction=0.0)
    assert find_text_pairs(matrix(table), log_prices, 0) == ()


def test_pairs_that_tell_no_more_apart_are_not_tried() -> None:
    """A street lies in one district; a text that names every house, or none, pairs with nothing."""
    tried = pair_search._candidates(matrix(homes()[0]))
    assert ("street", "district") not in tried
    assert ("kind", "tenure") in tried
    assert not any(name in pair for pair in tried for name in ("own", "constant"))


def test_of_many_pairs_the_likeliest_are_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that matters is among the few."""
    monkeypatch.setattr(pair_search, "CANDIDATES", 2)
    table, log_prices = homes()
    assert find_text_pairs(matrix(table), log_prices, 0)[0] == ("kind", "tenure")


def test_without_texts_there_are_no_pairs() -> None:
    """Nor with one."""
    table, log_prices = homes(100)
    assert find_text_pairs(matrix(table.select("size")), log_prices, 0) == ()
    assert find_text_pairs(matrix(table.select("size", "kind")), log_prices, 0) == ()
