"""Fitted preprocessor and model in, one ONNX graph out: raw house columns in, price and interval out.

Nothing is written twice: the preprocessor's and the model's own `compute` run on recording arrays (ndonnx), so the
graph holds the very steps that learning ran on numbers. Only the look-up of texts has another form in the graph.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import ndonnx as ndx
import onnx
import spox.opset.ai.onnx.ml.v3 as onnx_ml

from houseprice.bundle.load import Model
from houseprice.bundle.similarity import Similarity
from houseprice.feature_matrix import FeatureMatrix
from houseprice.schema import Schema


class Preprocess(Protocol):
    """What the exporter needs of a fitted preprocessor."""

    schema: Schema

    def compute(self, columns: Mapping[str, Any], lookup: Callable[..., Any]) -> FeatureMatrix:
        """Return the matrix of features, as float64, from the request's columns."""


class Price(Protocol):
    """What the exporter needs of a fitted model."""

    inputs_: dict[str, bool]

    def compute(self, features: FeatureMatrix, lookup: Callable[..., Any]) -> tuple[Any, Any, Any]:
        """Return price, low and high from the matrix of float32 features and texts."""


def export_onnx(preprocessor: Preprocess, model: Price) -> bytes:
    """Return the graph from the request's columns to the answers, as bytes that depend on nothing else."""
    columns = _columns(preprocessor.schema)
    return _build(columns, preprocessor.compute(columns, _look_up).as_float32(), model)


class Place(Protocol):
    """What the exporter needs of what tells how alike houses are."""

    def compute(self, columns: Mapping[str, Any], lookup: Callable[..., Any]) -> tuple[Any, Any]:
        """Return coordinates [coordinates, houses] and the market's trend from the request's columns."""


def export_similarity(schema: Schema, similarity: Place) -> bytes:
    """Return the graph from the request's columns to where a house stands, and to the market's trend on its day."""
    columns = _columns(schema)
    return _built(columns, dict(zip(Similarity.OUTPUTS, similarity.compute(columns, _look_up), strict=True)))


def export_model(model: Price) -> bytes:
    """Return the graph from features to the answers, for when the preprocessor is not at hand."""
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


def _build(inputs: Mapping[str, ndx.Array], features: FeatureMatrix, model: Price) -> bytes:
    return _built(inputs, dict(zip(Model.OUTPUTS, model.compute(features, _look_up), strict=True)))


def _built(inputs: Mapping[str, ndx.Array], outputs: dict[str, ndx.Array]) -> bytes:
    built = ndx.build(dict(inputs), outputs)
    _unguard(built.graph)
    built.producer_name = "houseprice"
    built.producer_version = ""
    onnx.checker.check_model(built)
    return bytes(built.SerializeToString(deterministic=True))


def _unguard(graph: onnx.GraphProto) -> None:
    """Put the bare product where a product is guarded against empty arrays; a request holds a house at least.

    The recorder writes each as a condition with two branches; what only fed the condition is left out with it.
    """
    nodes = list(graph.node)
    for place, node in enumerate(nodes):
        if node.op_type != "If":
            continue
        product = onnx.NodeProto()
        product.CopyFrom(next(inner.g.node[0] for inner in node.attribute if inner.g.node[0].op_type == "MatMul"))
        product.output[0] = node.output[0]
        nodes[place] = product
    needed = {output.name for output in graph.output}
    kept = []
    for node in reversed(nodes):
        if needed & set(node.output):
            needed |= set(node.input)
            kept.append(node)
    del graph.node[:]
    graph.node.extend(reversed(kept))


def _look_up(texts: ndx.Array, table: dict[str, float], unknown: float) -> ndx.Array:
    """Record a look-up of texts as one node; it answers in float32."""
    found = onnx_ml.label_encoder(
        texts.unwrap_spox(),
        keys_strings=list(table),
        values_floats=list(table.values()),
        default_float=unknown,
    )
    return ndx.astype(ndx.asarray(found), ndx.float64)
