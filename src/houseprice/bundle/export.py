"""Content of a bundle: the exported graph with its predictions for golden and sampled rows, and the manifest."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice import atomic_io
from houseprice.bundle import manifest as manifests
from houseprice.bundle import sales_store
from houseprice.bundle.golden import OUTPUTS, largest_difference
from houseprice.bundle.load import Columns, Model, open_bundle
from houseprice.bundle.manifest import Manifest, canonical, sha256
from houseprice.bundle.model_card import render_model_card
from houseprice.monitoring.bins import number_bins
from houseprice.schema import Column, Schema

GOLDEN_ROWS = 8
UNKNOWN = "never seen"
Floats = npt.NDArray[np.float64]
Content = dict[str, bytes]
"""File name → bytes."""


@dataclass(frozen=True)
class RowSelection:
    """Which sales the bundle tells of.

    Attributes:
        training: positions of the sales that the model was fitted on.
        sample: positions of the sample of the holdout.
        prices: of all sales.
        draw: how the sample was drawn, for whoever draws it again.
        evaluated: answers to the sample by the evaluated model, which was not fitted on it; empty where they are not
            known.
    """

    training: npt.NDArray[np.int64]
    sample: npt.NDArray[np.int64]
    prices: Floats
    draw: Mapping[str, Any] = field(default_factory=dict)
    evaluated: Sequence[Sequence[float]] = ()


def bundle_files(
    graph: bytes,
    columns: Columns,
    rows: RowSelection,
    *,
    schema: Schema,
    tolerance: float,
    identity: Mapping[str, Any],
    importance: Mapping[str, float],
    explanation: Content,
    show_sales: bool = True,
) -> Content:
    """Return every file of the bundle, manifest included; `explanation` are those of `learning.similarity`.

    Without `show_sales` the bundle holds no sale and no price that was paid. The golden rows, the sample and the houses
    that explanations go by stay in it: houses as in a request, without prices and parcel numbers.
    """
    model = Model(graph)
    houses = complete_required(columns, schema)
    files: Content = {
        manifests.MODEL: graph,
        manifests.GOLDEN: canonical(_golden(model, houses, rows, schema, tolerance)),
        manifests.REFERENCE: canonical(_reference(columns, rows.training, schema, importance)),
        manifests.SAMPLE: canonical(_sample(model, houses, rows, schema, show_prices=show_sales)),
        **explanation,
    }
    if not show_sales:
        files[manifests.SALES] = sales_store.pack({}, np.empty(0))
    values = {**identity, "model_version": sha256(graph)[:12]}
    files[manifests.MODEL_CARD] = render_model_card(values).encode()
    manifest = Manifest.model_validate({**values, "files": {name: sha256(files[name]) for name in sorted(files)}})
    return {**files, manifests.NAME: manifests.write(manifest)}


def write_bundle(files: Content, directory: Path) -> None:
    """Replace a bundle as a whole, after it was verified in a temporary directory."""
    with atomic_io.replace_directory(directory) as staging:
        for name, bytes_ in files.items():
            (staging / name).write_bytes(bytes_)
        open_bundle(staging)


def measure_parity(model: Model, columns: Columns, expected: Mapping[str, Floats]) -> tuple[float, int]:
    """Return the largest relative difference between the graph's predictions and the expected ones, and its row.

    It is infinite where one of them is not finite. Rows count from 0. `expected` holds every output of the graph.
    """
    found = [*_arrays(model.predict(columns)), *model.learner_prices(columns)]
    exported, trained = (np.stack(arrays, axis=1).ravel().tolist() for arrays in (found, [*expected.values()]))
    worst, place = largest_difference(exported, trained)
    return worst, place // len(found)


def _arrays(predictions: Any) -> tuple[Floats, Floats, Floats, Floats]:
    return predictions.price, predictions.low, predictions.high, predictions.fsd


def complete_required(columns: Columns, schema: Schema) -> Columns:
    """Return the columns with the usual value where one is missing that a request must have or is given.

    Sales may lack anything but the price; what is predicted from them again is sent as requests.
    """
    needed = {name for name, column in schema.request.items() if column.required or name == schema.sale_date}
    return {
        name: _completed(values, schema.request[name]) if name in needed else values for name, values in columns.items()
    }


def _completed(values: npt.NDArray[Any], column: Column) -> npt.NDArray[Any]:
    blank = values == "" if column.is_text else np.isnan(values)
    if not blank.any():
        return values
    known = values[~blank]
    usual: Any
    if column.is_text:
        names, counts = np.unique(known.astype(str), return_counts=True)
        usual = names[counts.argmax()].item() if len(names) else str((column.levels or (UNKNOWN,))[0])
    elif len(known):
        usual = float(np.quantile(known, 0.5, method="lower"))
    elif column.kind == "date":  # the valuation date has a default
        return values
    else:
        usual = float(column.levels[0] if column.levels else column.minimum or column.maximum or 0)  # type: ignore[arg-type]
    return np.where(blank, np.array(usual, dtype=values.dtype), values)


def row(columns: Columns, position: int, schema: Schema) -> dict[str, Any]:
    """Return one house as in a request, without missing values."""
    house: dict[str, Any] = {}
    for name, column in schema.request.items():
        value = columns[name][position]
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


def _predictions(model: Model, columns: Columns) -> list[dict[str, float]]:
    return _named(np.stack(_arrays(model.predict(columns)), axis=1).tolist())


def _named(answers: Sequence[Sequence[float]]) -> list[dict[str, float]]:
    return [dict(zip(OUTPUTS, answer, strict=True)) for answer in answers]


def _golden(model: Model, columns: Columns, rows: RowSelection, schema: Schema, tolerance: float) -> dict[str, Any]:
    """Return houses from cheap to dear, one of them with required columns only, one with unknown categories.

    Each has its date: without one, a request is for the reference date, which this model need not predict the same for.
    """
    ordered = rows.training[np.argsort(rows.prices[rows.training], kind="stable")]
    chosen = ordered[np.linspace(0, len(ordered) - 1, GOLDEN_ROWS).round().astype(int)]
    houses = {name: values[chosen].copy() for name, values in columns.items()}
    for name, column in schema.request.items():
        if not column.required and name != schema.sale_date:
            houses[name][-1] = "" if column.is_text else np.nan
        if column.is_text:
            houses[name][-2] = UNKNOWN if column.levels is None else houses[name][-2]
    golden = [row(houses, position, schema) for position in range(len(chosen))]
    return {"tolerance": tolerance, "rows": golden, "answers": _predictions(model, houses)}


def _sample(model: Model, columns: Columns, rows: RowSelection, schema: Schema, *, show_prices: bool) -> dict[str, Any]:
    houses = {name: values[rows.sample] for name, values in columns.items()}
    answers = _predictions(model, houses)
    prices = rows.prices[rows.sample]
    predicted = np.array([answer["predicted_price"] for answer in answers])
    return {
        "rows": [row(houses, position, schema) for position in range(len(prices))],
        "prices": prices.tolist() if show_prices else [],
        "answers": answers,
        "evaluated": _named(rows.evaluated),
        "draw": dict(rows.draw),
        "log_rmse": float(np.sqrt(np.mean((np.log(predicted) - np.log(prices)) ** 2))),
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
            if column.kind != "date":  # its distribution moves with time by itself
                about |= number_bins(values)
        reference[name] = {**about, "blank_share": blank, "importance": importance[name]}
    return reference
