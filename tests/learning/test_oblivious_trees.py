"""Oblivious trees as three arrays: they predict what CatBoost predicts, which stays the oracle."""

from typing import Any

import catboost
import ndonnx as ndx
import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from houseprice.config import Boosting
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.oblivious_trees import ObliviousTrees, fit_oblivious_trees

Floats = npt.NDArray[np.float64]
NAMES = ("area", "age", "garden", "constant")
BOOSTING = Boosting(
    iterations=80, learning_rate=0.2, depth=5, l2_leaf_reg=2.0, random_strength=0.7, feature_fraction=0.6,
    row_fraction=0.7, border_count=32,
)  # fmt: skip


def houses(count: int, seed: int = 0) -> tuple[FeatureMatrix, Floats]:
    """Return features, one of them a flag and one that says nothing, and log prices."""
    draw = np.random.default_rng(seed)
    area, age, garden = draw.uniform(40, 250, count), draw.integers(0, 90, count), draw.integers(0, 2, count)
    table = np.stack([area, age, garden, np.ones(count)]).astype(np.float32)
    log_prices = 8.0 + 0.8 * np.log(area) - 0.004 * age * garden + draw.normal(0.0, 0.1, count)
    return FeatureMatrix(NAMES, table, {}), log_prices


def oracle(features: FeatureMatrix, target: Floats, config: Boosting, weight: Floats | None) -> Any:
    """Return CatBoost fitted with the same options, to the target itself."""
    model = catboost.CatBoostRegressor(
        iterations=config.iterations, learning_rate=config.learning_rate, depth=config.depth,
        l2_leaf_reg=config.l2_leaf_reg, random_strength=config.random_strength, rsm=config.feature_fraction,
        bootstrap_type="Bernoulli", subsample=config.row_fraction, border_count=config.border_count, random_seed=1,
        thread_count=1, allow_writing_files=False, verbose=False,
    )  # fmt: skip
    return model.fit(features.table.T, target - target.mean(), sample_weight=weight)


@pytest.mark.parametrize("depth", [1, 5, 8])
@pytest.mark.parametrize("weighted", [False, True])
def test_they_predict_what_catboost_predicts(depth: int, weighted: bool) -> None:
    """For the houses that were learned from and for others, to rounding."""
    features, target = houses(600)
    config = BOOSTING.model_copy(update={"depth": depth})
    weight = np.random.default_rng(5).uniform(0.1, 2.0, 600) if weighted else None
    trees = fit_oblivious_trees(features, target, config, seed=1, threads=1, sample_weight=weight)
    model = oracle(features, target, config, weight)
    for asked in (features, houses(400, seed=9)[0]):
        assert trees.predict(asked) == pytest.approx(model.predict(asked.table.T) + target.mean(), abs=1e-12)


def test_a_value_on_a_threshold_takes_catboosts_branch() -> None:
    """And so do its two neighbours among the float32."""
    features, target = houses(600)
    trees, model = fit_oblivious_trees(features, target, BOOSTING, 1, 1), oracle(features, target, BOOSTING, None)
    thresholds = trees.thresholds[np.isfinite(trees.thresholds) & (trees.feature_index == NAMES.index("area"))]
    near = [np.nextafter(thresholds, np.float32(end)) for end in (-np.inf, np.inf)]
    table = np.ones((4, 3 * len(thresholds)), dtype=np.float32)
    table[0] = np.concatenate([thresholds, *near])
    expected = model.predict(table.T) + target.mean()
    assert trees.predict(FeatureMatrix(NAMES, table, {})) == pytest.approx(expected, abs=1e-12)


def test_features_are_found_by_their_names() -> None:
    """In any order, and beside others."""
    features, target = houses(300)
    trees = fit_oblivious_trees(features, target, BOOSTING, 1, 1)
    turned = FeatureMatrix((*NAMES[::-1], "more"), np.vstack([features.table[::-1], features.table[:1] * 7]), {})
    assert trees.predict(turned).tolist() == trees.predict(features).tolist()


def test_a_tree_worked_by_hand() -> None:
    """Two levels: the first is the lowest bit of the leaf; a threshold is exceeded only from above it."""
    trees = ObliviousTrees(
        ("a", "b"),
        np.array([[0], [1]]),
        np.array([[1.0], [10.0]], dtype=np.float32),
        np.array([1.0, 2.0, 4.0, 8.0]),
        100.0,
        {},
    )
    table = np.array([[1.0, 1.5, 1.0, 1.5], [10.0, 10.0, 11.0, 11.0]], dtype=np.float32)
    assert trees.predict(FeatureMatrix(("a", "b"), table, {})).tolist() == [101.0, 102.0, 104.0, 108.0]


def test_importance_is_of_what_prices_depend_on() -> None:
    """Shares of one; a feature that never changes has none."""
    features, target = houses(600)
    shares = fit_oblivious_trees(features, target, BOOSTING, 1, 1).feature_importance
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["constant"] == 0.0
    assert max(shares, key=lambda name: shares[name]) == "area"


def test_several_ensembles_are_the_mean_of_those_of_their_seeds() -> None:
    """Trees of all of them stand side by side."""
    draw = np.random.default_rng(0)
    features = FeatureMatrix.of({name: draw.normal(size=200).astype(np.float32) for name in "ab"})
    target = np.sin(np.asarray(features["a"])).astype(np.float64)
    config = Boosting(iterations=7, learning_rate=0.3, depth=3, row_fraction=0.7)
    both = fit_oblivious_trees(features, target, config.model_copy(update={"ensembles": 2}), 5, 1)
    single = [fit_oblivious_trees(features, target, config, seed, 1) for seed in (5, 6)]
    assert both.feature_index.shape == (3, 14)
    expected = np.mean([trees.predict(features) for trees in single], axis=0)
    assert both.predict(features) == pytest.approx(expected, abs=1e-12)
    assert sum(both.feature_importance.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("depth", [1, 4, 8])
def test_the_graph_predicts_the_same_to_the_last_bits(depth: int) -> None:
    """With leaves up to number 255, splits that many trees share, and levels that a shallower tree lacks."""
    draw = np.random.default_rng(depth)
    feature_index, thresholds = draw.integers(0, 3, (depth, 50)), draw.integers(-2, 3, (depth, 50)).astype(np.float32)
    thresholds[-1, ::7] = np.inf
    trees = ObliviousTrees(
        ("a", "b", "c"), feature_index, thresholds, draw.normal(size=50 * 2**depth) * 1000.0, 1.0, {}
    )
    table = draw.integers(-3, 4, (3, 200)).astype(np.float32)
    features = ndx.argument(shape=(3, "houses"), dtype=ndx.float32)
    graph = ndx.build({"table": features}, {"sum": trees.predict(FeatureMatrix(trees.names, features, {}))})
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    level_bits = (table[feature_index.ravel()] > thresholds.reshape(-1, 1)).reshape(depth, 50, -1)
    leaves = (level_bits * 2 ** np.arange(depth)[:, None, None]).sum(axis=0) + np.arange(50)[:, None] * 2**depth
    expected = trees.leaf_values[leaves].sum(axis=0) + 1.0
    assert trees.predict(FeatureMatrix(trees.names, table, {})) == pytest.approx(expected, abs=1e-9)
    assert session.run(None, {"table": table})[0] == pytest.approx(expected, abs=1e-9)
