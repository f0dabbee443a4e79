"""Baselines that the model must beat: a constant, and a linear model."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler


def constant_log(prices: npt.NDArray[np.float64], rows: int) -> npt.NDArray[np.float64]:
    """Return the mean log price of the training sales for every row."""
    return np.full(rows, np.log(prices).mean())


def ridge(features: pl.DataFrame, alpha: float) -> Pipeline:
    """Return a linear model of log price: numbers, their square roots, and one column for each text."""
    numbers = features.select(cs.numeric()).columns
    texts = features.select(cs.string()).columns
    both = FunctionTransformer(_with_roots, check_inverse=False)
    design = ColumnTransformer(
        [
            ("numbers", make_pipeline(both, StandardScaler()), numbers),
            ("texts", OneHotEncoder(handle_unknown="ignore"), texts),
        ]
    )
    return make_pipeline(design, Ridge(alpha=alpha))


def _with_roots(X: Any) -> npt.NDArray[np.float64]:
    """Return the numbers and their signed square roots, for the diminishing effect of areas and ages."""
    values = np.asarray(X, dtype=np.float64)
    return np.hstack([values, np.sign(values) * np.sqrt(np.abs(values))])
