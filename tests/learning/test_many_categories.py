"""Texts with thousands of categories: what is held in memory does not grow with rows times categories."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from houseprice.config import KernelRidgeColumn, KernelRidgeConfig
from houseprice.config.training import TrendRules
from houseprice.learning import kernel_ridge
from houseprice.learning.features import matrix
from houseprice.learning.kernel_ridge import fit_kernel_ridge
from houseprice.learning.trend import fit_trend
from houseprice.learning.trend_design import TIME

ROWS, CATEGORIES = 8000, 1500
DRAW = np.random.default_rng(5)
CODES = DRAW.integers(0, CATEGORIES, ROWS)
EFFECTS = DRAW.normal(0, 0.3, CATEGORIES)
TABLE = pl.DataFrame(
    {
        "size": DRAW.uniform(0, 1, ROWS).astype(np.float32),
        TIME: np.linspace(0, 12, ROWS).astype(np.float32),
        "place": [f"p{code}" for code in CODES],
    }
)
LOG_PRICES = 10 + EFFECTS[CODES] + 0.5 * TABLE["size"].to_numpy() + 0.01 * TABLE[TIME].to_numpy()
DENSE = ROWS * CATEGORIES * 8


def peak(compute: Callable[[], object]) -> int:
    """Return the bytes that a computation has at most beyond what there was before."""
    tracemalloc.start()
    try:
        compute()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def ridge() -> KernelRidgeConfig:
    """Return a small regression with an effect for each category."""
    columns = {"size": KernelRidgeColumn()}
    return KernelRidgeConfig(centres=20, penalty=0.1, inverse_lengthscale=1.0, columns=columns, categories=("place",))


@pytest.mark.long
def test_the_regression_holds_its_design_matrix_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of as many rows as fit; the coefficients are those of the whole matrix."""
    features = matrix(TABLE)
    whole = fit_kernel_ridge(features, LOG_PRICES, ridge(), seed=0)
    monkeypatch.setattr(kernel_ridge, "DESIGN_BYTES", DENSE // 20)
    parts = fit_kernel_ridge(features, LOG_PRICES, ridge(), seed=0)
    assert parts.effects["place"] == pytest.approx(whole.effects["place"], abs=1e-9)
    gram = 5 * 8 * CATEGORIES**2
    assert peak(lambda: fit_kernel_ridge(features, LOG_PRICES, ridge(), seed=0)) < DENSE // 2 + gram
    assert parts.effects["place"]["p7"] - parts.effects["place"]["p8"] == pytest.approx(
        EFFECTS[7] - EFFECTS[8], abs=0.5
    )


def test_the_trend_holds_a_bounded_number_of_categories() -> None:
    """Rare ones share a column, and the slope is found all the same."""
    rules = TrendRules(knots_months=(), horizon_months=3.0)
    trend = fit_trend(TABLE, LOG_PRICES, rules, 10.0)
    assert trend.slopes[0] == pytest.approx(0.01, abs=0.003)
    assert peak(lambda: fit_trend(TABLE, LOG_PRICES, rules, 10.0)) < DENSE // 4
