"""The trained pair exported as graphs, beside what the pair itself predicts: what the gates of the export compare."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from houseprice.bundle.export import Content, Floats, RowSelection
from houseprice.bundle.graph import export_onnx
from houseprice.bundle.load import Columns, Model
from houseprice.config import Config
from houseprice.learning import similarity
from houseprice.learning.features import Preprocessor, columns_of
from houseprice.learning.splitting import HOLDOUT, TRAIN, days_of, split_sales
from houseprice.learning.training import PriceModel

SAMPLE_ROWS = 300


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


def export_pair(preprocessor: Preprocessor, model: PriceModel, sales: pl.DataFrame, config: Config) -> ExportedPair:
    """Return the graphs of a trained pair; `sales` is the processed table that it was made from."""
    schema = preprocessor.schema
    columns = columns_of(sales, schema)
    side = split_sales(sales, schema, config.split, config.training.seed)
    training = np.arange(len(side)) if config.training.refit else np.flatnonzero(side == TRAIN)
    newest = np.flatnonzero(side == HOLDOUT)
    if (days := days_of(sales, schema)) is not None:
        newest = newest[np.argsort(days[newest], kind="stable")]
    newest = newest[-SAMPLE_ROWS:]
    prices = sales[schema.target].cast(pl.Float64).to_numpy()
    fitted = {name: values[training] for name, values in columns.items()}
    graph = export_onnx(preprocessor, model)
    explanation, difference = similarity.explanation_files(preprocessor, model, fitted, prices[training], Model(graph))
    return ExportedPair(
        preprocessor,
        model,
        columns,
        model.predict_all(preprocessor.transform(sales)),
        RowSelection(training, np.sort(newest), prices),
        graph,
        explanation,
        difference,
    )
