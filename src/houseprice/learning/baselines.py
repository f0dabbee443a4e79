"""Baselines that the model must beat, and those that people would use instead.

A constant and a linear model know nothing, and only lines; the ten nearest sales, and what a house itself was last sold
for, are what an owner or an agent would ask for.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs
from scipy.spatial import cKDTree
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import matrix
from houseprice.learning.places import as_points, coordinates_of
from houseprice.learning.splitting import Rows
from houseprice.learning.trend import Trend
from houseprice.metrics import Prices

NEAREST = 10
"""Sales around a house whose median price per area is taken."""


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


def nearest_sales(table: FeatureTable, train: Rows, rows: Rows) -> Prices | None:
    """Return the median price per living area of the nearest training sales times the area of each of some rows.

    There are `NEAREST` of them, as the crow flies, whatever they are like and whenever they were sold. An area that is
    not above 0 counts as the median one; without areas, it is the median price of these sales. None without
    coordinates.
    """
    if (coordinates := coordinates_of(table, np.arange(len(table.prices)))) is None:
        return None
    points = as_points(coordinates)
    area = table.number("living_area")
    sizes = np.ones(len(table.prices)) if area is None else area
    known = sizes[train][sizes[train] > 0]
    sizes = np.where(sizes > 0, sizes, np.median(known) if len(known) else 1.0)
    count = min(NEAREST, len(train))
    nearest = cKDTree(points[train]).query(points[rows], k=np.arange(1, count + 1))[1]
    per_area = table.prices[train] / sizes[train]
    return np.asarray(np.median(per_area[nearest], axis=1) * sizes[rows])


def last_sale(table: FeatureTable, train: Rows, rows: Rows, trend: Trend) -> Prices:
    """Return what the house of each of some rows was last sold for in training, carried to the day by the market trend.

    The trend is the product's own, of the training sales alone: a regression on all features that are known of a
    house, so that the index does not move with the kind of house that is sold.

    Args:
        table: holds the rows.
        train: positions of the training sales.
        rows: positions of sales of houses that are among them.
        trend: fitted on the training sales.
    """
    oldest_first = train[np.argsort(table.days[train], kind="stable")]
    last = dict(zip(table.parcels[oldest_first].tolist(), oldest_first.tolist(), strict=True))
    before = np.array([last[parcel] for parcel in table.parcels[rows].tolist()], dtype=np.int64)
    level = trend.predict(matrix(table.features)) + np.zeros(len(table.prices))
    return np.asarray(table.prices[before] * np.exp(level[rows] - level[before]))
