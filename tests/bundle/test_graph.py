"""The exported graph gives the trained pair's answers: on every row, and where a tree's answer jumps."""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from houseprice.bundle.export import measure_parity
from houseprice.bundle.graph import export_model, export_onnx
from houseprice.bundle.load import Columns, Model, open_bundle
from houseprice.bundle.manifest import MODEL
from houseprice.learning.bundling import read_sales
from houseprice.learning.features import EPOCH, Preprocessor, columns_of
from houseprice.learning.training import PriceModel
from houseprice.schema import Schema
from pipeline import Pipeline

TOLERANCE = 1e-6


@dataclass(frozen=True, repr=False)
class Both:
    """The trained pair, and the graph that was made of it."""

    schema: Schema
    preprocessor: Preprocessor
    trained: PriceModel
    graph: bytes
    exported: Model
    sales: pl.DataFrame

    def expected(self, columns: Columns) -> dict[str, np.ndarray]:
        """Return the trained pair's answers."""
        table = {}
        for name, column in self.schema.request.items():
            if column.is_text:
                table[name] = pl.Series(columns[name].tolist(), dtype=pl.String)
            else:
                values = pl.Series(columns[name]).fill_nan(None)
                table[name] = values.cast(pl.Int32).cast(pl.Date) if column.kind == "date" else values
        return self.trained.predict_all(self.preprocessor.transform(pl.DataFrame(table)))


@pytest.fixture(scope="module")
def both(pipe: Pipeline) -> Both:
    """Return the session's trained pair and its sealed graph."""
    preprocessor = pickle.loads(pipe.preprocessor.read_bytes())
    trained = pickle.loads((pipe.models / "trained" / "house_price_model.pkl").read_bytes())
    sales = read_sales(pipe.cleaned, pipe.config.schema_)
    graph = (pipe.bundle / MODEL).read_bytes()
    return Both(pipe.config.schema_, preprocessor, trained, graph, open_bundle(pipe.bundle).model, sales)


def test_every_real_sale_is_answered_alike(both: Both) -> None:
    """Price, both ends of the interval, FSD and what each learner says alone, far closer than a cent."""
    columns = columns_of(both.sales, both.schema)
    assert measure_parity(both.exported, columns, both.expected(columns))[0] <= TOLERANCE


def test_the_same_pair_is_recorded_as_the_same_bytes(both: Both) -> None:
    """And they are those of the sealed folder."""
    assert export_onnx(both.preprocessor, both.trained) == both.graph


def test_the_graph_takes_what_a_request_has_and_nothing_else(both: Both) -> None:
    """Raw house columns in: texts where the schema says text, numbers elsewhere."""
    assert both.exported.inputs == {name: column.is_text for name, column in both.schema.request.items()}


def test_the_graph_is_a_valid_one_without_anything_outside_of_it(both: Both) -> None:
    """No file beside it, no custom operator, no trace of who made it and when."""
    graph = onnx.load_from_string(both.graph)
    onnx.checker.check_model(graph, full_check=True)
    assert {entry.domain for entry in graph.opset_import} <= {"", "ai.onnx", "ai.onnx.ml"}
    assert graph.producer_name == "houseprice"
    assert (graph.producer_version, graph.doc_string) == ("", "")


@pytest.fixture(scope="module")
def jumps(both: Both) -> dict[str, Columns]:
    """Find where the answer jumps: pairs of houses that differ in the last bit of one number, and in their price.

    Nothing is known of the model here: a grid of values is halved and halved again towards the greater change.
    """
    names = ["lat", "sqft_living", "grade", "yr_built", "sqft_lot", "long"]
    steps = 8
    house = columns_of(both.sales.sort("price")[both.sales.height // 2 :][:1], both.schema)
    known = columns_of(both.sales, both.schema)
    grids = {name: np.linspace(known[name].min(), known[name].max(), steps + 1) for name in names}
    low = np.concatenate([grids[name][:-1] for name in names])
    high = np.concatenate([grids[name][1:] for name in names])
    rows = {name: np.repeat(values, len(low)) for name, values in house.items()}
    blocks = {name: slice(place * steps, (place + 1) * steps) for place, name in enumerate(names)}

    def at(values: np.ndarray) -> Columns:
        columns = {name: column.copy() for name, column in rows.items()}
        for name, block in blocks.items():
            columns[name][block] = values[block]
        return columns

    def price(values: np.ndarray) -> np.ndarray:
        return np.log(both.exported.predict(at(values)).price)

    below, above = price(low), price(high)
    for _ in range(70):
        middle = low + (high - low) / 2
        found = price(middle)
        left = np.abs(found - below) > np.abs(above - found)
        high, above = np.where(left, middle, high), np.where(left, found, above)
        low, below = np.where(left, low, middle), np.where(left, below, found)
        if (np.nextafter(low, high) == high).all():
            break
    real = (np.abs(above - below) > 1e-5) & (np.nextafter(low, np.inf) >= high)
    assert real.sum() >= 10, "the search no longer finds where the trees' answers jump"
    return {side: {n: v[real] for n, v in at(values).items()} for side, values in (("low", low), ("high", high))}


def test_houses_on_a_threshold_and_a_bit_beside_it_are_answered_alike(both: Both, jumps: dict[str, Columns]) -> None:
    """The last double below a jump, the first above, and the floats around them fall on the same side for both."""
    together = [*jumps.values()]
    for side in jumps.values():
        for toward in (-np.inf, np.inf):
            moved = dict(side)
            for name, values in side.items():
                if values.dtype != object and name != both.schema.sale_date:
                    single = values.astype(np.float32)
                    moved[name] = np.nextafter(single, np.float32(toward)).astype(np.float64)
            together.append(moved)
    columns = {name: np.concatenate([part[name] for part in together]) for name in together[0]}
    assert measure_parity(both.exported, columns, both.expected(columns))[0] <= TOLERANCE


def tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Return every constant of a graph."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t


def test_one_threshold_that_was_moved_by_a_bit_is_caught(both: Both, jumps: dict[str, Columns]) -> None:
    """The proof before sealing is sharp enough to see the smallest change that there can be."""
    low, high = jumps["low"], jumps["high"]
    columns = {name: np.concatenate([low[name], high[name]]) for name in low}
    expected = both.expected(columns)
    caught = 0
    for place in range(len(low["lat"])):
        (name,) = [n for n, v in low.items() if v.dtype != object and v[place] != high[n][place]]
        border = np.float32(low[name][place])
        changed = onnx.load_from_string(both.graph)
        for tensor in tensors(changed.graph):
            values = numpy_helper.to_array(tensor)
            if values.dtype == np.float32 and (values == border).any():
                values = np.where(values == border, np.nextafter(border, np.float32(np.inf)), values)
                tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
                assert measure_parity(Model(changed.SerializeToString()), columns, expected)[0] > TOLERANCE
                caught += 1
                break
        if caught == 3:
            return
    pytest.fail(f"only {caught} thresholds were found in the graph")


def test_every_kind_of_doubtful_house_is_answered_alike(both: Both) -> None:
    """All blank, one blank, unknown texts, texts beyond ASCII, and the ends of all that a request may hold."""
    base = columns_of(both.sales[:1], both.schema)
    houses = []
    for name, column in both.schema.request.items():
        ends = [column.minimum, column.maximum] if column.minimum is not None else []
        values: list[Any] = [np.nan, *ends]
        if column.is_text:
            values = ["", "never seen", "Größe ☃", "x" * 500]
        elif column.kind == "date":
            values = [-1.0, 0.0, 16000.0, 17500.0, *((end - EPOCH).days for end in ends)]
        kind = object if column.is_text else np.float64
        houses += [{**base, name: np.array([value], dtype=kind)} for value in values]
    blank = {
        name: np.array([""], dtype=object) if column.is_text else np.array([np.nan])
        for name, column in both.schema.request.items() if name != both.schema.sale_date
    }  # fmt: skip
    houses.append({**base, **blank})
    columns = {name: np.concatenate([house[name] for house in houses]) for name in base}
    expected = both.expected(columns)
    assert all((np.isfinite(values) & (values > 0)).all() for values in expected.values())
    assert measure_parity(both.exported, columns, expected)[0] <= TOLERANCE


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_any_house_is_answered_alike(both: Both, seed: int) -> None:
    """Drawn from the data's range and a fifth beyond it, with blanks and unknown texts among the values."""
    draw, rows, columns = np.random.default_rng(seed), 20, {}
    for name, column in both.schema.request.items():
        known = columns_of(both.sales, both.schema)[name]
        if column.is_text:
            columns[name] = draw.choice(np.array([*known[:30], "", "elsewhere"], dtype=object), rows)
            continue
        low, high = np.nanmin(known), np.nanmax(known)
        values = draw.uniform(low - (high - low) / 5, high + (high - low) / 5, rows)
        values = np.where(draw.random(rows) < 0.5, np.floor(values), values)
        values = values if low < 0 else np.maximum(values, 0.0)
        if column.kind == "date":
            values = np.floor(values)
        elif not column.required:
            values[draw.random(rows) < 0.1] = np.nan
        columns[name] = values
    assert measure_parity(both.exported, columns, both.expected(columns))[0] <= TOLERANCE


def outputs_of(both: Both, kinds: set[str], rows: int) -> list[np.ndarray]:
    """Return what the nodes of some kinds give for the first sales."""
    graph = onnx.load_from_string(both.graph)
    names = [node.output[0] for node in graph.graph.node if node.op_type in kinds]
    graph.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(names, dict(columns_of(both.sales[:rows], both.schema))))


def test_no_kernel_value_of_the_graph_is_a_subnormal_number(both: Both) -> None:
    """A product with one takes a hundred times as long, on every request."""
    values = outputs_of(both, {"Exp", "GatherElements"}, 200)
    assert max(value.size for value in values) > 200 * 200  # the kernels are among them, some for each house
    assert not any(((np.abs(value) > 0.0) & (np.abs(value) < np.finfo(value.dtype).tiny)).any() for value in values)


def test_no_exponential_of_float64_is_taken_for_each_centre_and_house(both: Both) -> None:
    """They would take more time than all the rest of the graph."""
    assert sum(len(kernel.centres) for kernel in both.trained.kernel_ridge_.kernels) > 200
    values = [value for value in outputs_of(both, {"Exp"}, 200) if value.dtype == np.float64]
    assert sum(value.size for value in values) < 200 * 200


def test_the_model_alone_can_be_recorded_too(both: Both) -> None:
    """When no preprocessor is at hand: from features in, the very same answers."""
    features = both.preprocessor.transform(both.sales[:200])
    graph = export_model(both.trained)
    columns = {
        name: np.array(features[name].to_list(), dtype=object) if is_text else features[name].to_numpy()
        for name, is_text in both.trained.inputs_.items()
    }
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])  # `Model` feeds doubles
    for name, theirs in both.trained.predict_all(features).items():
        assert session.run([name], columns)[0] == pytest.approx(theirs, rel=TOLERANCE)


def test_the_price_stands_within_its_interval(both: Both) -> None:
    """For every real sale, and strictly."""
    found = both.exported.predict(columns_of(both.sales, both.schema))
    assert (found.low < found.price).all()
    assert (found.price < found.high).all()
    assert (found.low > 0).all()
