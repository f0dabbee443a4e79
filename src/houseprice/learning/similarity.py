"""Similarity of houses as the model sees it, and the files of the bundle that explanations and comparables need.

Each coordinate of the kernel ridge regression counts by how much the predicted log price changes along it, so that a
distance between two houses is a share of a price.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle import export, sales_store
from houseprice.bundle import manifest as manifests
from houseprice.bundle.graph import export_similarity
from houseprice.bundle.load import Model
from houseprice.bundle.similarity import Similarity
from houseprice.learning.column_weights import column_weights
from houseprice.learning.derived_features import DERIVED_FEATURES
from houseprice.learning.features import Lookup, Preprocessor, look_up, source_column
from houseprice.learning.kernel_ridge import AdditiveKernelRidge
from houseprice.learning.mixed_model import source_texts
from houseprice.learning.rbf_kernel import rbf
from houseprice.learning.text_pairs import texts_of
from houseprice.learning.training import PriceModel
from houseprice.schema import Schema

BACKGROUND = 16
"""Sales that represent all others when a price is explained, for which the model predicts some forty times each."""
SAMPLED = 2000
"""Number of sales, evenly drawn, that are used where all of them would take long."""
MONTHS_AHEAD = 12  # of the market index, after the newest sale
MIDDLE_OF_MONTH = np.timedelta64(14, "D")
Floats = npt.NDArray[np.float64]
Columns = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class SimilaritySpace:
    """Coordinates in which a distance is a share of a price: those of the kernel ridge regression, and its effects.

    Attributes:
        preprocessor, model: the trained pair.
        gradient: root mean squared change of the log price along each coordinate.
    """

    preprocessor: Preprocessor
    model: PriceModel
    gradient: Floats

    def compute(self, columns: Mapping[str, Any], lookup: Lookup = look_up) -> tuple[Any, Any]:
        """Return the coordinates [coordinates, houses] and the market trend of each house, by the array API."""
        features = self.preprocessor.compute(columns, lookup).as_float32()
        xp = features.table.__array_namespace__()
        kernel_ridge, encoded = self.model.kernel_ridge_, self.model.encode(features, lookup)
        coordinates = kernel_ridge.coordinates(encoded) * xp.asarray(self.gradient[:, None])
        effects = [
            xp.reshape(lookup(encoded[name], table, 0.0), (1, -1)) for name, table in kernel_ridge.effects.items()
        ]
        trend = self.model.trend_.predict(features)
        if not self.model.trend_.knots:
            trend = coordinates[0, :] * 0.0
        return xp.concat([coordinates, *(xp.astype(effect, xp.float64) for effect in effects)], axis=0), trend

    def source_columns(self) -> dict[str, list[str]]:
        """Return name of each coordinate → the request columns that it is computed from, without the date."""
        schema, kernel_ridge = self.preprocessor.schema, self.model.kernel_ridge_
        texts = [name for name, column in schema.request.items() if column.is_text]
        effects = {f"{name}_effect": texts_of(name, texts) for name in kernel_ridge.effects}
        return {name: columns_of(name, schema) for name in kernel_ridge.standardisation.columns} | effects


def columns_of(feature: str, schema: Schema) -> list[str]:
    """Return the request columns that a feature is computed from; the date only when there is no other."""
    if feature not in DERIVED_FEATURES:
        return source_texts(feature, schema) or [source_column(feature, schema)]
    roles = schema.roles()
    columns = [roles[role] for role in DERIVED_FEATURES[feature].roles]
    return [name for name in columns if name != schema.sale_date] or columns


def rms_gradient(kernel_ridge: AdditiveKernelRidge, coordinates: Floats) -> Floats:
    """Return how much the log price changes per standard deviation of each coordinate, averaged over some houses.

    The root mean squared partial derivative, √E[(∂f/∂z)²], with ∂/∂z exp(−|rz − c|²) = −2r(rz − c)·exp(−|rz − c|²).
    Source: Sobol & Kucherenko 2009, "Derivative based global sensitivity measures and their link with global
    sensitivity indices".

    Args:
        kernel_ridge: the fitted regression.
        coordinates: of the houses [coordinates, houses].
    """
    gradient = np.repeat(kernel_ridge.linear_coef[:, None], coordinates.shape[1], axis=1)
    for kernel in kernel_ridge.kernels:
        scale = kernel.inverse_lengthscale[:, None]
        scaled = coordinates[kernel.column_index] * scale
        weighted = kernel.dual_coef[:, None] * rbf(kernel.log_kernel(coordinates))
        gradient[kernel.column_index] += -2.0 * scale * (scaled * weighted.sum(axis=0) - kernel.centres.T @ weighted)
    return np.asarray(np.sqrt((gradient**2).mean(axis=1)))


def kernel_herding(coordinates: Floats, count: int) -> npt.NDArray[np.int64]:
    """Return the positions of some houses that together are distributed as all of them are.

    Kernel herding (Chen, Welling & Smola 2010): each next one is where houses are dense and few were chosen. The kernel
    is as wide as the median distance.

    Args:
        coordinates: the houses [coordinates, houses].
        count: how many to choose, at most.
    """
    squares = (coordinates**2).sum(axis=0)
    distances = np.maximum(squares[:, None] + squares - 2.0 * coordinates.T @ coordinates, 0.0)
    kernel = rbf(-distances / max(float(np.median(distances)), 1e-12))
    density, herded, chosen = kernel.mean(axis=0), np.zeros(len(squares)), []
    free = np.ones(len(squares), dtype=bool)
    for number in range(min(count, len(squares))):
        best = int(np.where(free, density - herded / (number + 1), -np.inf).argmax())
        free[best] = False
        herded += kernel[best]
        chosen.append(best)
    return np.array(chosen, dtype=np.int64)


def explanation_files(
    preprocessor: Preprocessor, model: PriceModel, columns: Columns, prices: Floats, predictor: Model
) -> tuple[export.Content, float]:
    """Return the files that explanations, comparables and monitoring need, from the sales that the model was fitted on.

    Beside them stands the largest difference between a coordinate of the exported graph and of the trained pair.
    `predictor` is the exported graph of the model.
    """
    sampled = np.unique(np.linspace(0, len(prices) - 1, SAMPLED).round().astype(np.int64))
    sample = {name: values[sampled] for name, values in columns.items()}
    kernel_ridge = model.kernel_ridge_
    encoded = model.encode(preprocessor.compute(sample).as_float32())
    gradient = rms_gradient(kernel_ridge, kernel_ridge.coordinates(encoded))
    space = SimilaritySpace(preprocessor, model, gradient)
    graph = export_similarity(preprocessor.schema, space)
    coordinates, _ = space.compute(sample)
    background = np.sort(sampled[kernel_herding(np.vstack([coordinates, np.log(prices[sampled])]), BACKGROUND)])
    houses = export.complete_required(columns, preprocessor.schema)
    rows = [export.row(houses, int(position), preprocessor.schema) for position in background]
    about = {
        "background": rows,
        "coordinates": space.source_columns(),
        "weights": column_weights(predictor, houses),
        "market_index": market_index(Similarity(graph), columns, preprocessor.schema),
    }
    files = {
        manifests.SIMILARITY: graph,
        manifests.SALES: sales_store.pack(columns, prices),
        manifests.EXPLANATION: manifests.canonical(about),
    }
    return files, measure_parity(graph, space, columns)


def market_index(graph: Similarity, columns: Columns, schema: Schema) -> dict[str, float]:
    """Return month → market trend in log price at its middle, from the first sale until a year after the newest one.

    It is relative to the first of these months, and empty where sales have no dates.
    """
    if schema.sale_date is None:
        return {}
    days = columns[schema.sale_date]
    if np.isnan(days).all():
        return {}
    ends = np.array([np.nanmin(days), np.nanmax(days)]).astype(np.int64).astype("datetime64[D]").astype("datetime64[M]")
    months = np.arange(ends[0], ends[1] + MONTHS_AHEAD + 1)
    house = {name: np.repeat(values[:1], len(months)) for name, values in columns.items()}
    house[schema.sale_date] = (months.astype("datetime64[D]") + MIDDLE_OF_MONTH).astype(np.int64).astype(np.float64)
    trend = graph.coordinates(house)[1]
    return {str(month): round(float(level), 6) for month, level in zip(months, trend - trend[0], strict=True)}


def measure_parity(graph: bytes, space: SimilaritySpace, columns: Columns) -> float:
    """Return the largest difference between a coordinate of the graph and of the trained pair; NaN is infinite."""
    expected, exported = np.vstack(space.compute(columns)), np.vstack(Similarity(graph).coordinates(columns))
    return float(np.nan_to_num(np.abs(exported - expected), nan=np.inf).max())
