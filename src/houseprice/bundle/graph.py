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
from houseprice.schema import Schema


class Preprocess(Protocol):
    """What the exporter needs of a fitted preprocessor."""

    schema: Schema

    def compute(self, columns: Mapping[str, Any], lookup: Callable[..., Any]) -> dict[str, Any]:
        """Give back the features, as float64, from the request's columns."""


class Price(Protocol):
    """What the exporter needs of a fitted model."""

    inputs_: dict[str, bool]

    def compute(self, features: Mapping[str, Any], lookup: Callable[..., Any]) -> tuple[Any, Any, Any]:
        """Give back price, low and high from float32 features and texts."""


def record(preprocessor: Preprocess, model: Price) -> bytes:
    """Give back the graph from the request's columns to the answers, as bytes that depend on nothing else."""
    columns = {
        name: ndx.argument(shape=("houses",), dtype=ndx.utf8 if column.is_text else ndx.float64)
        for name, column in preprocessor.schema.request.items()
    }
    computed = preprocessor.compute(columns, _look_up)
    features = {
        name: columns[name] if is_text else ndx.astype(computed[name], ndx.float32)
        for name, is_text in model.inputs_.items()
    }
    return _build(columns, features, model)


def record_model(model: Price) -> bytes:
    """Give back the graph from features to the answers, for when the preprocessor is not at hand."""
    features = {
        name: ndx.argument(shape=("houses",), dtype=ndx.utf8 if is_text else ndx.float32)
        for name, is_text in model.inputs_.items()
    }
    return _build(features, features, model)


def _build(inputs: Mapping[str, ndx.Array], features: Mapping[str, ndx.Array], model: Price) -> bytes:
    answers = model.compute(features, _look_up)
    built = ndx.build(dict(inputs), dict(zip(Model.OUTPUTS, answers, strict=True)))
    built.producer_name = "houseprice"
    built.producer_version = ""
    onnx.checker.check_model(built)
    return bytes(built.SerializeToString(deterministic=True))


def _look_up(texts: ndx.Array, table: dict[str, float], unknown: float) -> ndx.Array:
    """Record a look-up of texts as one node; it answers in float32."""
    found = onnx_ml.label_encoder(
        texts.unwrap_spox(),
        keys_strings=list(table),
        values_floats=list(table.values()),
        default_float=unknown,
    )
    return ndx.astype(ndx.asarray(found), ndx.float64)
