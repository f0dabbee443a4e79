"""ONNX export of the fitted preprocessor and model as one graph, from raw house columns to price, interval and FSD.

Nothing is implemented twice: the `compute` methods of preprocessor and model run on tracing arrays (ndonnx), so the
graph holds the very steps that training ran on numbers. What has another form in the graph, for the time that ONNX
Runtime takes: the lookup of texts, that of leaves (`leaf_lookup`), and sums of kernels (`kernel_sums`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import ndonnx as ndx
import onnx
import spox.opset.ai.onnx.ml.v3 as onnx_ml

from houseprice.bundle.similarity import Similarity
from houseprice.feature_matrix import FeatureMatrix
from houseprice.schema import Schema


class PreprocessorLike(Protocol):
    """A fitted preprocessor, as far as the exporter needs it."""

    schema: Schema

    def compute(self, columns: Mapping[str, Any], lookup: Callable[..., Any]) -> FeatureMatrix:
        """Return the matrix of features, as float64, from the request's columns."""


class ModelLike(Protocol):
    """A fitted model, as far as the exporter needs it."""

    inputs_: dict[str, bool]

    def compute(self, features: FeatureMatrix, lookup: Callable[..., Any]) -> dict[str, Any]:
        """Return output → values from the matrix of float32 features and texts."""


def export_onnx(preprocessor: PreprocessorLike, model: ModelLike) -> bytes:
    """Return the graph from the columns of a request to the predictions, as bytes that depend on nothing else."""
    columns = _columns(preprocessor.schema)
    return _build(columns, preprocessor.compute(columns, _look_up).as_float32(), model)


class SimilarityLike(Protocol):
    """A similarity space, as far as the exporter needs it."""

    def compute(self, columns: Mapping[str, Any], lookup: Callable[..., Any]) -> tuple[Any, Any]:
        """Return coordinates [coordinates, houses] and the market's trend from the request's columns."""


def export_similarity(schema: Schema, similarity: SimilarityLike) -> bytes:
    """Return the graph from the columns of a request to the similarity coordinates and the market trend."""
    columns = _columns(schema)
    return _build_graph(columns, dict(zip(Similarity.OUTPUTS, similarity.compute(columns, _look_up), strict=True)))


def export_model(model: ModelLike) -> bytes:
    """Return the graph from features to the predictions, for when there is no preprocessor."""
    features = {
        name: ndx.argument(shape=("houses",), dtype=ndx.utf8 if is_text else ndx.float32)
        for name, is_text in model.inputs_.items()
    }
    texts = {name: features[name] for name, is_text in model.inputs_.items() if is_text}
    numbers = {name: column for name, column in features.items() if name not in texts}
    return _build(features, FeatureMatrix.of(numbers, texts), model)


def _columns(schema: Schema) -> dict[str, ndx.Array]:
    return {
        name: ndx.argument(shape=("houses",), dtype=ndx.utf8 if column.is_text else ndx.float64)
        for name, column in schema.request.items()
    }


def _build(inputs: Mapping[str, ndx.Array], features: FeatureMatrix, model: ModelLike) -> bytes:
    return _build_graph(inputs, model.compute(features, _look_up))


def _build_graph(inputs: Mapping[str, ndx.Array], outputs: dict[str, ndx.Array]) -> bytes:
    graph = ndx.build(dict(inputs), outputs)
    graph.producer_name = "houseprice"
    graph.producer_version = ""
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString(deterministic=True))


def _look_up(texts: ndx.Array, table: dict[str, float], unknown: float) -> ndx.Array:
    """Trace a lookup of texts as one node, whose output is float32."""
    found = onnx_ml.label_encoder(
        texts.unwrap_spox(),
        keys_strings=list(table),
        values_floats=list(table.values()),
        default_float=unknown,
    )
    return ndx.astype(ndx.asarray(found), ndx.float64)
