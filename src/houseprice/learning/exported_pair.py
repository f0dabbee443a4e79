"""The trained pair exported as graphs, beside what the pair itself predicts: what the gates of the export compare."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from houseprice.bundle.export import Content, Floats, RowSelection
from houseprice.bundle.graph import export_onnx
from houseprice.bundle.load import Columns, Model
from houseprice.bundle.random_sample import draw_sample
from houseprice.config import Config
from houseprice.learning import similarity
from houseprice.learning.features import Preprocessor, columns_of
from houseprice.learning.splitting import HOLDOUT, TRAIN, Rows, SampledRows, split_sales
from houseprice.learning.training import PriceModel


@dataclass(frozen=True)
class ExportedPair:
    """A preprocessor and a model, their graphs, and the sales that they are compared on.

    Attributes:
        preprocessor, model: the pair.
        columns: of all sales, as a request holds them.
        predictions: the pair's own outputs for every sale.
        rows: which sales the model was fitted on, and the sample of the holdout.
        graph: of the model, ONNX.
        explanation: files that explanations and comparables need, a graph of similarity among them.
        similarity_difference: largest difference between a coordinate of that graph and of the pair.
    """

    preprocessor: Preprocessor
    model: PriceModel
    columns: Columns
    predictions: dict[str, Floats]
    rows: RowSelection
    graph: bytes
    explanation: Content
    similarity_difference: float


def export_pair(
    preprocessor: Preprocessor,
    model: PriceModel,
    sales: pl.DataFrame,
    config: Config,
    sample: SampledRows | None = None,
) -> ExportedPair:
    """Return the graphs of a trained pair; `sales` is the processed table that it was made from, or a sample of it."""
    schema = preprocessor.schema
    columns = columns_of(sales, schema)
    if sample is None:
        side = split_sales(sales, schema, config.split, config.training.seed)
        sample = SampledRows(np.arange(len(side)), side, np.flatnonzero(side == HOLDOUT))
    training = np.arange(sales.height) if config.training.refit else np.flatnonzero(sample.side == TRAIN)
    prices = sales[schema.target].cast(pl.Float64).to_numpy()
    fitted = {name: values[training] for name, values in columns.items()}
    graph = export_onnx(preprocessor, model)
    explanation, difference = similarity.explanation_files(preprocessor, model, fitted, prices[training], Model(graph))
    return ExportedPair(
        preprocessor,
        model,
        columns,
        model.predict_all(preprocessor.transform(sales)),
        _select_rows(training, sample, prices, model, config),
        graph,
        explanation,
        difference,
    )


def _select_rows(training: Rows, rows: SampledRows, prices: Floats, model: PriceModel, config: Config) -> RowSelection:
    """Return which sales the bundle tells of; the sample of the holdout is drawn by the digest of the table."""
    sample = draw_sample(model.processed_sha256_, rows.held_out.tolist())
    rules = config.split.model_dump(include={"protocol", "holdout_share"}) | {"seed": config.training.seed}
    draw = {
        "data_sha256": model.processed_sha256_,
        "split": rules,
        "held_out": len(rows.held_out),
        "rows": sample,
    }
    known: dict[int, list[float]] = getattr(model, "evaluated_", {})  # models of earlier releases have none
    evaluated = [known[row] for row in sample] if known.keys() >= set(sample) else []
    of_sample = np.searchsorted(rows.positions, np.array(sample, dtype=np.int64))
    return RowSelection(training, of_sample, prices, draw, evaluated)
