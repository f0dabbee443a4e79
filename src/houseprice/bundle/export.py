"""Trained pair in, content of the sealed folder out; nothing is written that was not proved first.

The exported graph must give the trained pair's own answers on every row of the data, or there is no bundle.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice import atomic_io
from houseprice.bundle import manifest as manifests
from houseprice.bundle.graph import Preprocess, Price, export_onnx
from houseprice.bundle.load import Columns, Model, open_bundle
from houseprice.bundle.manifest import Manifest, canonical, sha256
from houseprice.bundle.model_card import render_model_card
from houseprice.errors import ParityError
from houseprice.schema import Column, Schema

GOLDEN_ROWS = 8
UNKNOWN = "never seen"
Floats = npt.NDArray[np.float64]
Content = dict[str, bytes]
"""File name → bytes."""


@dataclass(frozen=True)
class TrainedPair:
    """A preprocessor and a model that were fitted together, and what they answer for every row: price, low, high."""

    preprocessor: Preprocess
    model: Price
    answers: tuple[Floats, Floats, Floats]


@dataclass(frozen=True)
class Choice:
    """Positions of the training rows, positions of the sample of the newest sales, and all prices paid."""

    training: npt.NDArray[np.int64]
    sample: npt.NDArray[np.int64]
    prices: Floats


def content(
    pair: TrainedPair,
    columns: Columns,
    choice: Choice,
    *,
    tolerance: float,
    identity: Mapping[str, Any],
    importance: Mapping[str, float],
    explanation: Content,
) -> Content:
    """Return every file of the bundle, manifest included; `explanation` are those that the learning side made itself.

    Raises:
        ParityError: the graph answers otherwise than the pair on some row.
    """
    schema = pair.preprocessor.schema
    graph = export_onnx(pair.preprocessor, pair.model)
    model = Model(graph)
    compare(model, columns, pair.answers, tolerance)
    made: Content = {
        manifests.MODEL: graph,
        manifests.GOLDEN: canonical(_golden(model, columns, choice, schema, tolerance)),
        manifests.REFERENCE: canonical(_reference(columns, choice.training, schema, importance)),
        manifests.SAMPLE: canonical(_sample(model, columns, choice, schema)),
        **explanation,
    }
    said = {**identity, "model_version": sha256(graph)[:12]}
    made[manifests.MODEL_CARD] = render_model_card(said).encode()
    manifest = Manifest.model_validate({**said, "files": {name: sha256(made[name]) for name in sorted(made)}})
    return {**made, manifests.NAME: manifests.write(manifest)}


def land(made: Content, directory: Path) -> None:
    """Put a bundle in its place, whole, after it was opened once from where it waits."""
    with atomic_io.replace_directory(directory) as staging:
        for name, bytes_ in made.items():
            (staging / name).write_bytes(bytes_)
        open_bundle(staging)


def compare(model: Model, columns: Columns, expected: tuple[Floats, Floats, Floats], tolerance: float) -> float:
    """Return the largest relative difference between the graph's answers and the expected ones.

    Raises:
        ParityError: it is above the tolerance, or not a number.
    """
    found = model.predict(columns)
    apart = np.stack([np.abs(mine / theirs - 1) for mine, theirs in zip(_three(found), expected, strict=True)])
    worst = float(np.nan_to_num(apart, nan=np.inf).max())
    if not worst <= tolerance:
        row = int(np.nan_to_num(apart, nan=np.inf).max(axis=0).argmax())
        raise ParityError(
            f"The exported model answers {found.price[row]:,.2f} for row {row + 1} where the trained one answers "
            f"{expected[0][row]:,.2f}: {worst:.2e} apart, expected at most {tolerance:.0e}; nothing was written."
        )
    return worst


def _three(answers: Any) -> tuple[Floats, Floats, Floats]:
    return answers.price, answers.low, answers.high


def row(columns: Columns, place: int, schema: Schema) -> dict[str, Any]:
    """Return one house as a request holds it; what is missing is left out."""
    house: dict[str, Any] = {}
    for name, column in schema.request.items():
        value = columns[name][place]
        if column.is_text:
            if value:
                house[name] = str(value)
        elif not np.isnan(value):
            house[name] = _number(float(value), column)
    return house


def _number(value: float, column: Column) -> Any:
    if column.kind == "date":
        return (dt.date(1970, 1, 1) + dt.timedelta(days=int(value))).isoformat()
    return int(value) if column.kind in ("integer", "flag", "ordinal") else value


def _answers(model: Model, columns: Columns) -> list[dict[str, float]]:
    three = np.stack(_three(model.predict(columns)), axis=1)
    return [dict(zip(Model.OUTPUTS, map(float, row), strict=True)) for row in three]


def _golden(model: Model, columns: Columns, choice: Choice, schema: Schema, tolerance: float) -> dict[str, Any]:
    """Choose houses from cheap to dear, one of them with nothing but what is required, one with unknown texts."""
    ordered = choice.training[np.argsort(choice.prices[choice.training], kind="stable")]
    chosen = ordered[np.linspace(0, len(ordered) - 1, GOLDEN_ROWS).round().astype(int)]
    houses = {name: values[chosen].copy() for name, values in columns.items()}
    for name, column in schema.request.items():
        if not column.required:
            houses[name][-1] = "" if column.is_text else np.nan
        if column.is_text:
            houses[name][-2] = UNKNOWN if column.levels is None else houses[name][-2]
    rows = [row(houses, place, schema) for place in range(len(chosen))]
    return {"tolerance": tolerance, "rows": rows, "answers": _answers(model, houses)}


def _sample(model: Model, columns: Columns, choice: Choice, schema: Schema) -> dict[str, Any]:
    houses = {name: values[choice.sample] for name, values in columns.items()}
    answers = _answers(model, houses)
    paid = choice.prices[choice.sample]
    answered = np.array([answer["predicted_price"] for answer in answers])
    return {
        "rows": [row(houses, place, schema) for place in range(len(paid))],
        "prices": paid.tolist(),
        "answers": answers,
        "log_rmse": float(np.sqrt(np.mean((np.log(answered) - np.log(paid)) ** 2))),
    }


def _reference(
    columns: Columns, training: npt.NDArray[np.int64], schema: Schema, importance: Mapping[str, float]
) -> dict[str, Any]:
    reference: dict[str, Any] = {}
    for name, column in schema.request.items():
        values = columns[name][training]
        if column.is_text:
            levels, counts = np.unique(values[values != ""].astype(str), return_counts=True)
            about = {"levels": dict(zip(levels.tolist(), counts.tolist(), strict=True))}
            blank = float((values == "").mean())
        else:
            known = values[~np.isnan(values)]
            about = (
                {"minimum": _number(known.min(), column), "maximum": _number(known.max(), column)} if len(known) else {}
            )
            blank = float(np.isnan(values).mean())
        reference[name] = {**about, "blank_share": blank, "importance": importance[name]}
    return reference
