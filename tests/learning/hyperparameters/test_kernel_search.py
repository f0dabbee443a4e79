"""The search for kernels: which columns matter, and what the result may cost."""

import numpy as np
import polars as pl
import pytest

from houseprice.config import KernelRidgeConfig
from houseprice.learning.features import look_up, matrix
from houseprice.learning.hyperparameters import kernel_search
from houseprice.learning.hyperparameters.kernel_search import CENTRES, find_kernel_ridge, kernel_numbers
from houseprice.learning.kernel_ridge import fit_kernel_ridge

DRAW = np.random.default_rng(0)
COUNT = 600
EAST, NORTH, SIZE, NOISE = (DRAW.uniform(0, 1, COUNT) for _ in range(4))
TABLE = pl.DataFrame(
    {"east": EAST, "north": NORTH, "size": np.exp(4 + SIZE), "noise": NOISE, "north_east": EAST + NORTH},
    schema=dict.fromkeys(("east", "north", "size", "noise", "north_east"), pl.Float32),
).with_columns(quarter=pl.Series(DRAW.choice(["a", "b"], COUNT)))
LOG_PRICES = np.sin(9 * EAST) + np.cos(7 * NORTH) + SIZE + 0.3 * (TABLE["quarter"] == "b").to_numpy()
LOG_PRICES = LOG_PRICES + DRAW.normal(0, 0.1, COUNT)


@pytest.fixture(scope="module")
def found() -> KernelRidgeConfig:
    """Return the kernels that are found for the made houses."""
    return find_kernel_ridge(matrix(TABLE), LOG_PRICES, ("east", "north"), seed=0)[0]


def test_what_was_found_predicts(found: KernelRidgeConfig) -> None:
    """Houses that it was not fitted on, nearly as well as the noise allows."""
    learned, judged = np.arange(0, COUNT, 2), np.arange(1, COUNT, 2)
    fitted = fit_kernel_ridge(matrix(TABLE[learned]), LOG_PRICES[learned], found, seed=0)
    assert np.std(fitted.predict(matrix(TABLE[judged]), look_up) - LOG_PRICES[judged]) < 0.16


def test_a_column_that_matters_is_seen_more_sharply_than_one_that_does_not(found: KernelRidgeConfig) -> None:
    """Automatic relevance determination."""
    scale = {name: column.inverse_lengthscale for name, column in found.columns.items()}
    assert scale["east"] > 3 * scale["noise"]


def test_a_column_that_others_add_up_to_is_left_out(found: KernelRidgeConfig) -> None:
    """Or every kernel would see the place."""
    assert list(found.categories) == ["quarter"]
    assert set(found.columns) == {"east", "north", "size", "noise"}


def test_sizes_are_seen_on_their_scale(found: KernelRidgeConfig) -> None:
    """And places as they are."""
    assert found.columns["size"].transform == "log"
    assert found.columns["east"].transform == "none"


def test_the_centres_are_bounded(found: KernelRidgeConfig) -> None:
    """By the sales, and by what a prediction may cost."""
    counts = [kernel.centres for kernel in found.kernels]
    assert max(counts) <= COUNT
    assert sum(counts) <= CENTRES


@pytest.mark.long
def test_an_outlier_makes_weights_worth_while() -> None:
    """One price in thirty is wrong by a factor of e²."""
    wrong = LOG_PRICES + 2.0 * (np.arange(COUNT) % 30 == 0)
    assert find_kernel_ridge(matrix(TABLE), wrong, ("east", "north"), seed=0)[1]


def test_only_some_of_many_sales_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without places; none twice."""
    monkeypatch.setattr(kernel_search, "ROWS", 100)
    for places in ([], ["east", "north"]):
        rows = kernel_search._draw(matrix(TABLE), places, 0)
        assert len(set(rows.tolist())) == len(rows) == 100


def test_ranks_are_seen_when_they_rise_with_the_effects() -> None:
    """Levels of a scale do; names in alphabetical order need not."""
    features = matrix(
        pl.DataFrame(
            {
                "state_ordinal": [0.0, 1.0, 2.0, 3.0] * 5,
                "state_target_encoding": [-0.2, -0.1, 0.1, 0.2] * 5,
                "quarter_ordinal": [0.0, 1.0, 2.0, 3.0] * 5,
                "quarter_target_encoding": [0.2, -0.2, -0.2, 0.2] * 5,
                "state": ["bad", "fair", "good", "new"] * 5,
                "quarter": ["a", "b", "c", "d"] * 5,
            }
        )
    )
    assert kernel_numbers(features) == ("state_ordinal",)
