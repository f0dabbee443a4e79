"""Pairs of sales of different houses that are as alike as any two in the table.

They are alike in the coordinates of the kernel ridge regression, each weighted by how much the price changes along it,
so that the distance of two houses is about the share of the price by which they should differ.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.spatial import cKDTree

from houseprice.learning.features import look_up, matrix
from houseprice.learning.similarity import rms_gradient
from houseprice.learning.training import BLOCK, PriceModel

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
NEIGHBOURS = 8
"""Nearest sales of each sale that are looked at."""
POINTS_A_CELL = 10
SAMPLED = 2000  # sales that gradients are averaged over


class Pairs(NamedTuple):
    """Pairs of sales, each once.

    Attributes:
        first, second: positions of the two sales.
        distance: of the two, in log price.
    """

    first: Rows
    second: Rows
    distance: Floats

    def nearest(self, sales: int) -> Floats:
        """Return the distance of each of so many sales to its nearest twin; infinite where it has none."""
        found = np.full(sales, np.inf)
        for ends in (self.first, self.second):
            np.minimum.at(found, ends, self.distance)
        return found

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(self.first[chosen], self.second[chosen], self.distance[chosen])


def similarity_coordinates(features: pl.DataFrame, model: PriceModel) -> tuple[Floats, Floats]:
    """Return coordinates of some sales in which a distance is about a difference in log price, and a prediction.

    The coordinates [sales, coordinates] are the features of the model's kernel ridge regression, each times the root
    mean squared gradient of the log price along it, and the effects of categories. The prediction is the log price by
    that regression, a smooth function of them, and the market trend.
    """
    kernel_ridge, whole = model.kernel_ridge_, matrix(features)
    encoded = model.encode(whole)
    coordinates = np.asarray(kernel_ridge.coordinates(encoded))
    sampled = np.unique(np.linspace(0, coordinates.shape[1] - 1, SAMPLED).round().astype(np.int64))
    gradient = rms_gradient(kernel_ridge, coordinates[:, sampled])
    effects = [look_up(encoded.texts[name], known, 0.0) for name, known in kernel_ridge.effects.items()]
    blocks = [model.encode(matrix(block)) for block in features.iter_slices(BLOCK)]
    smooth = np.concatenate([np.asarray(kernel_ridge.predict(block, look_up)) for block in blocks])
    return np.column_stack([coordinates.T * gradient, *effects]), smooth + model.trend_.predict(whole)


def nearest_pairs(coordinates: Floats, houses: npt.NDArray[np.str_]) -> Pairs:
    """Return each sale with the `NEIGHBOURS` sales nearest to it, without those of the same house."""
    count = min(NEIGHBOURS + 1, len(coordinates))
    distances, nearest = cKDTree(coordinates).query(coordinates, k=np.arange(1, count + 1))
    one = np.repeat(np.arange(len(coordinates)), count)
    other, distance = nearest.ravel().astype(np.int64), distances.ravel()
    ends = np.column_stack([np.minimum(one, other), np.maximum(one, other)])
    _, once = np.unique(ends[:, 0] * len(coordinates) + ends[:, 1], return_index=True)
    pairs = Pairs(ends[once, 0], ends[once, 1], distance[once])
    return pairs.where(houses[pairs.first] != houses[pairs.second])


def cells(points: Floats, count: int) -> Rows:
    """Return the cell of each point: of equal numbers, each halved across its longest side until there are so many.

    Args:
        points: [points, coordinates].
        count: of cells; there are no more of them than leave `POINTS_A_CELL` in each.
    """
    cell = np.zeros(len(points), dtype=np.int64)
    parts = [np.arange(len(points))]
    while 2 * len(parts) <= min(count, len(points) // POINTS_A_CELL):
        parts = [half for part in parts for half in _halves(part, points[part])]
    for number, part in enumerate(parts):
        cell[part] = number
    return cell


def _halves(part: Rows, points: Floats) -> list[Rows]:
    longest = int(np.ptp(points, axis=0).argmax())
    return np.array_split(part[np.argsort(points[:, longest], kind="stable")], 2)
