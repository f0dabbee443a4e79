"""Pairs of texts are texts: in numbers and in the graph alike."""

import numpy as np
import onnxruntime
import polars as pl

from houseprice.bundle.graph import export_model, export_similarity
from houseprice.config import Boosting, KernelRidgeColumn, KernelRidgeConfig, Training, TrendRules
from houseprice.learning.bundling import importance
from houseprice.learning.features import Preprocessor, columns_of, matrix
from houseprice.learning.similarity import SimilaritySpace, measure_parity
from houseprice.learning.text_pairs import SEPARATOR, pair_name, texts_of, with_pairs
from houseprice.learning.training import PriceModel
from houseprice.schema import Schema

PAIR = ("kind", "tenure")
RIDGE = KernelRidgeConfig(
    centres=20, penalty=0.1, inverse_lengthscale=0.5, columns={"size": KernelRidgeColumn()},
    categories=("kind", pair_name(PAIR)),
)  # fmt: skip
TRAINING = Training(
    threads=1, tree_share=0.4, linear_share=0.3, blend_slope=1.0, time_in_trees=False, text_pairs=(PAIR,),
    robust_weights=None, trend=TrendRules(), boosting=Boosting(iterations=30, learning_rate=0.2, depth=3),
    kernel_ridge=RIDGE,
)  # fmt: skip


def homes(count: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Return homes whose tenure has the opposite worth in every other kind, and their prices."""
    draw = np.random.default_rng(0)
    size, kind, tenure = draw.uniform(0, 1, count), draw.integers(0, 4, count), draw.integers(0, 2, count)
    log_prices = 10 + size + np.where(kind % 2 == tenure, 0.5, -0.5) + draw.normal(0, 0.05, count)
    table = pl.DataFrame(
        {"size": size.astype(np.float32), "kind": [f"k{number}" for number in kind],
         "tenure": [f"t{number}" for number in tenure]}
    )  # fmt: skip
    return table, np.exp(log_prices)


def test_a_pair_is_a_text_beside_those_it_is_made_of() -> None:
    """With the categories of both."""
    table = pl.DataFrame({"size": [1.0], "kind": ["flat"], "tenure": [""]})
    found = with_pairs(matrix(table), (PAIR,))
    assert found["kind × tenure"].tolist() == [f"flat{SEPARATOR}"]
    assert found["kind"].tolist() == ["flat"]
    assert with_pairs(matrix(table), ()).texts.keys() == {"kind", "tenure"}


def test_a_pair_names_its_texts() -> None:
    """In the order in which they are known; a text may be called like a pair."""
    assert texts_of("kind × tenure", ["tenure", "kind"]) == ["tenure", "kind"]
    assert texts_of("kind × tenure", ["kind × tenure", "kind"]) == ["kind × tenure"]
    assert texts_of("kind × age", ["tenure", "kind"]) == []


def test_the_graph_prices_pairs_as_the_model_does() -> None:
    """Known ones, those never seen together, and unknown ones."""
    table, prices = homes(300)
    table = table.with_columns(tenure=pl.when(pl.col("kind") == "k3").then(pl.lit("t1")).otherwise("tenure"))
    model = PriceModel(TRAINING).fit(table, prices)
    asked = pl.concat([
        table.head(50),
        pl.DataFrame({"size": [0.5, 0.5, 0.1], "kind": ["k3", "never", ""], "tenure": ["t0", "t0", ""]},
                     schema_overrides={"size": pl.Float32}),
    ])  # fmt: skip
    columns = {name: asked[name].to_numpy() if name == "size" else np.array(asked[name].to_list(), dtype=object)
               for name in asked.columns}  # fmt: skip
    found = onnxruntime.InferenceSession(export_model(model)).run(["predicted_price"], columns)[0]
    assert np.abs(found / model.predict(asked) - 1).max() < 1e-7


def test_the_worth_that_depends_on_another_text_is_learned() -> None:
    """By the mixed model alone, which without the pair knows nothing of it."""
    table, prices = homes(300)
    errors = []
    for pairs in ((), (PAIR,)):
        training = TRAINING.model_copy(update={"tree_share": 0.0, "linear_share": 1.0, "text_pairs": pairs})
        errors.append(float(np.std(np.log(PriceModel(training).fit(table, prices).predict(table) / prices))))
    assert errors[0] > 0.4
    assert errors[1] < 0.06


def test_comparables_know_the_worth_of_a_pair() -> None:
    """As a coordinate that is made of both columns, in the graph as in the trained pair."""
    table, prices = homes(300)
    schema = Schema.model_validate({"columns": {
        "price": {"kind": "number", "role": "target", "known": "at_sale", "description": "Price"},
        "size": {"kind": "number", "description": "Size"},
        "kind": {"kind": "category", "description": "Kind"},
        "tenure": {"kind": "category", "description": "Tenure"},
    }})  # fmt: skip
    sales = table.with_columns(price=prices)
    preprocessor = Preprocessor(schema).fit(sales)
    model = PriceModel(TRAINING).fit(preprocessor.transform(sales), prices)
    space = SimilaritySpace(preprocessor, model, np.ones(1))
    assert space.source_columns()[f"{pair_name(PAIR)}_effect"] == ["kind", "tenure"]
    columns = columns_of(sales, schema)
    assert measure_parity(export_similarity(schema, space), space, columns) < 1e-9
    assert importance(preprocessor, model)["tenure"] > 0.1
