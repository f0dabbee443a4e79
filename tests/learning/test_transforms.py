"""Choice of the transform of each column."""

import numpy as np
import polars as pl
import pytest

from houseprice.learning.features import matrix
from houseprice.learning.transforms import choose_transforms

DRAW = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (DRAW.lognormal(7, 0.5, 500), "log"),
        (DRAW.normal(30, 2, 500) ** 2, "sqrt"),
        (DRAW.normal(500, 20, 500), "none"),
        (-DRAW.lognormal(7, 0.5, 500), "none"),
        (DRAW.lognormal(7, 0.5, 500) * (DRAW.random(500) < 0.3), "sqrt"),  # no area where there is no cellar
        (DRAW.integers(1, 6, 500), "none"),
    ],
)
def test_the_transform_makes_a_column_most_nearly_normal(values: np.ndarray, expected: str) -> None:
    """A few distinct values stay as they are, and what is negative."""
    table = pl.DataFrame({"column": values.astype(np.float32)})
    assert choose_transforms(matrix(table), ("column",)) == {"column": expected}


def test_a_constant_column_is_left_out() -> None:
    """It tells nothing."""
    table = pl.DataFrame({"constant": np.ones(9, np.float32), "other": np.arange(9, dtype=np.float32)})
    assert list(choose_transforms(matrix(table), ("constant", "other"))) == ["other"]
