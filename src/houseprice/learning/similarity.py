"""Trained pair and its sales in, what the shop explains and compares with out: three sealed files.

Houses are alike when the model finds them so: each coordinate of its surface counts by how steep the surface is along
it, so that a distance is a share of a price.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle import export, sales_store
from houseprice.bundle import manifest as manifests
from houseprice.bundle import similarity as sealed
from houseprice.bundle.graph import export_similarity
from houseprice.errors import ParityError
from houseprice.learning.derived_features import DERIVED
from houseprice.learning.features import Lookup, Preprocessor, look_up
from houseprice.learning.kernel_ridge import Surface, rbf
from houseprice.learning.training import PriceModel
from houseprice.schema import Schema

BACKGROUND = 16
"""Sales that stand for all others when a price is explained, which asks the model some forty times for each."""
DRAWN = 2000
"""So many of the sales, evenly drawn, are looked at where all would take long."""
Floats = npt.NDArray[np.float64]
Columns = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Likeness:
    """Where a house stands: the surface's coordinates and the texts' effects, each in shares of a price.

    Attributes:
        preprocessor, model: the trained pair.
        weights: how much the log price changes along each of the surface's coordinates.
    """

    preprocessor: Preprocessor
    model: PriceModel
    weights: Floats

    def compute(self, columns: Mapping[str, Any], lookup: Lookup = look_up) -> tuple[Any, Any]:
        """Give back coordinates [coordinates, houses] and the market's trend, by the array API."""
        features = self.preprocessor.compute(columns, lookup).as_float32()
        xp = features.table.__array_namespace__()
        surface = self.model.surface_
        place = surface.coordinates(features) * xp.asarray(self.weights[:, None])
        texts = [xp.reshape(lookup(features[name], table, 0.0), (1, -1)) for name, table in surface.effects.items()]
        trend = self.model.trend_.at(features)
        if not self.model.trend_.knots:
            trend = place[0, :] * 0.0
        return xp.concat([place, *(xp.astype(text, xp.float64) for text in texts)], axis=0), trend

    def parts(self) -> dict[str, list[str]]:
        """Give back name of each coordinate → the columns of a request that it is made of, its day left out."""
        schema, surface = self.preprocessor.schema, self.model.surface_
        effects = {f"{name}_effect": [name] for name in surface.effects}
        return {name: columns_of(name, schema) for name in surface.columns} | effects


def columns_of(feature: str, schema: Schema) -> list[str]:
    """Give back the columns of a request that a feature is made of; the day is named only when there is no other."""
    if feature not in DERIVED:
        return [feature.removesuffix("_position")]
    roles = schema.roles()
    made_of = [roles[role] for role in DERIVED[feature].roles]
    return [name for name in made_of if name != schema.sale_date] or made_of


def steepness(surface: Surface, coordinates: Floats) -> Floats:
    """Give back how much the log price changes a standard deviation along each coordinate, at some houses on average.

    The root of the mean squared slope, √E[(∂s/∂z)²], with ∂/∂z exp(−|rz − c|²) = −2r(rz − c)·exp(−|rz − c|²).
    Source: Sobol & Kucherenko 2009, "Derivative based global sensitivity measures and their link with global
    sensitivity indices".

    Args:
        surface: the fitted surface.
        coordinates: of the houses [coordinates, houses].
    """
    slopes = np.repeat(surface.slopes[:, None], coordinates.shape[1], axis=1)
    for kernel in surface.kernels:
        place = coordinates[kernel.seen] * kernel.reach[:, None]
        pull = kernel.heights[:, None] * rbf(kernel.apart(coordinates))
        slopes[kernel.seen] += -2.0 * kernel.reach[:, None] * (place * pull.sum(axis=0) - kernel.centres.T @ pull)
    steep: Floats = np.sqrt((slopes**2).mean(axis=1))
    return steep


def stand_for_all(table: Floats, count: int) -> npt.NDArray[np.int64]:
    """Give back the positions of some houses that together are spread as all of them are.

    Kernel herding (Chen, Welling & Smola 2010): each next one is where most houses are and fewest were chosen. The
    kernel is a bump as wide as the median distance.

    Args:
        table: the houses [coordinates, houses].
        count: how many to choose, at most.
    """
    squares = (table**2).sum(axis=0)
    apart = np.maximum(squares[:, None] + squares - 2.0 * table.T @ table, 0.0)
    near = rbf(-apart / max(float(np.median(apart)), 1e-12))
    wanted, given, chosen = near.mean(axis=0), np.zeros(len(squares)), []
    free = np.ones(len(squares), dtype=bool)
    for number in range(min(count, len(squares))):
        best = int(np.where(free, wanted - given / (number + 1), -np.inf).argmax())
        free[best] = False
        given += near[best]
        chosen.append(best)
    return np.array(chosen, dtype=np.int64)


def insight(preprocessor: Preprocessor, model: PriceModel, columns: Columns, prices: Floats) -> export.Content:
    """Give back the files that explanations and comparisons need, from the sales that the model was fitted on.

    Raises:
        ParityError: the exported graph places a house otherwise than the trained pair.
    """
    drawn = np.unique(np.linspace(0, len(prices) - 1, DRAWN).round().astype(np.int64))
    some = {name: values[drawn] for name, values in columns.items()}
    surface = model.surface_
    steep = steepness(surface, surface.coordinates(preprocessor.compute(some).as_float32()))
    likeness = Likeness(preprocessor, model, steep)
    graph = export_similarity(preprocessor.schema, likeness)
    _prove(graph, likeness, columns)
    place, _ = likeness.compute(some)
    background = np.sort(drawn[stand_for_all(np.vstack([place, np.log(prices[drawn])]), BACKGROUND)])
    rows = [export.row(columns, int(position), preprocessor.schema) for position in background]
    return {
        manifests.SIMILARITY: graph,
        manifests.SALES: sales_store.pack(columns, prices),
        manifests.EXPLANATION: manifests.canonical({"background": rows, "coordinates": likeness.parts()}),
    }


def _prove(graph: bytes, likeness: Likeness, columns: Columns) -> None:
    expected, found = np.vstack(likeness.compute(columns)), np.vstack(sealed.Similarity(graph).place(columns))
    worst = float(np.nan_to_num(np.abs(found - expected), nan=np.inf).max())
    if not worst <= 1e-6:
        raise ParityError(
            f"The exported graph of likeness places a house {worst:.2e} from where the trained pair does; expected at "
            "most 1e-06; nothing was written."
        )
