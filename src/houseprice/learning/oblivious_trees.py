"""Boosted oblivious trees, in which all nodes of a level share one split.

CatBoost fits them (Prokhorenkova et al. 2018); what is kept are three plain tables, so that the same code predicts here
and in the ONNX graph, and no converter is needed.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import numpy.typing as npt

from houseprice.config import Boosting
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.leaf_lookup import leaf_values

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ObliviousTrees:
    """A sum of oblivious trees.

    Attributes:
        names: features that the trees split on.
        feature_index: for each level and tree, the position of its feature in `names` [depth, trees].
        thresholds: float32 that the feature must exceed [depth, trees]; infinite where a tree is shallower.
        leaf_values: value of each leaf, the first level being the lowest bit of its number [trees × 2^depth].
        intercept: constant term.
        feature_importance: feature → its share of the importance in all trees.
    """

    names: tuple[str, ...]
    feature_index: npt.NDArray[np.int64]
    thresholds: npt.NDArray[np.float32]
    leaf_values: Floats
    intercept: float
    feature_importance: dict[str, float]

    def predict(self, features: FeatureMatrix) -> Any:
        """Return the sum of the trees for each house, by the array API; its features are float32."""
        xp = features.table.__array_namespace__()
        trees = self.feature_index.shape[1]
        rows = np.array([features.names.index(name) for name in self.names], dtype=np.int64)
        if isinstance(features.table, np.ndarray):
            splits = features.table[rows[self.feature_index.ravel()]] > self.thresholds.reshape(-1, 1)
            above = splits.astype(np.uint8)
        else:
            # The graph compares each distinct split once; to find them takes longer than to predict a few houses.
            split_features, thresholds, positions = self._distinct_splits()
            values = xp.take(features.table, xp.asarray(rows[split_features]), axis=0)
            above = xp.astype(values > xp.asarray(thresholds[:, None]), xp.uint8)
            above = xp.take(above, xp.asarray(positions), axis=0)
        return xp.sum(leaf_values(above, self.leaf_values.reshape(trees, -1)), axis=0) + self.intercept

    def _distinct_splits(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Return feature and threshold of each distinct split, and which of them each level of each tree has."""
        splits = np.stack([self.feature_index.ravel().astype(np.float64), self.thresholds.ravel()])
        distinct, positions = np.unique(splits, axis=1, return_inverse=True)
        return distinct[0].astype(np.int64), distinct[1].astype(np.float32), positions.ravel().astype(np.int64)


@dataclass(frozen=True)
class StagedTrees:
    """Boosted trees with their predictions for validation rows after any number of iterations.

    Attributes:
        errors: mean squared error on the validation rows after each iteration.
    """

    errors: Floats
    _model: catboost.CatBoostRegressor
    _table: npt.NDArray[np.float32]
    _mean: float

    def predict(self, iterations: int) -> Floats:
        """Return the predictions for the validation rows after so many iterations."""
        return np.asarray(self._model.predict(self._table, ntree_end=iterations)) + self._mean


def fit_staged_trees(
    learn: tuple[FeatureMatrix, Floats],
    validate: tuple[FeatureMatrix, Floats],
    config: Boosting,
    seed: int,
    threads: int,
    sample_weight: Floats | None = None,
) -> StagedTrees:
    """Fit the trees to the features and target of some rows, and follow their error on other rows."""
    table = np.ascontiguousarray(validate[0].select(learn[0].names).table.T)
    mean = float(learn[1].mean())
    model = _regressor(config, seed, threads)
    model.fit(
        np.ascontiguousarray(learn[0].table.T), learn[1] - mean, sample_weight=sample_weight,
        eval_set=(table, validate[1] - mean), use_best_model=False,
    )  # fmt: skip
    return StagedTrees(np.array(model.get_evals_result()["validation"]["RMSE"]) ** 2, model, table, mean)


def fit_oblivious_trees(
    features: FeatureMatrix,
    target: Floats,
    config: Boosting,
    seed: int,
    threads: int,
    sample_weight: Floats | None = None,
) -> ObliviousTrees:
    """Fit the trees by least squares; the features are float32."""
    names, table = features.names, np.ascontiguousarray(features.table.T)
    mean = float(target.mean())
    ensembles = []
    for number in range(config.ensembles):
        model = _regressor(config, seed + number, threads)
        model.fit(table, target - mean, sample_weight=sample_weight)
        importance = np.maximum(model.get_feature_importance(), 0.0)
        importance = importance / max(float(importance.sum()), 1e-300)
        shares = dict(zip(names, importance.tolist(), strict=True))
        ensembles.append(_as_tables(model, names, mean, shares, config.depth))
    return _mean(ensembles)


def _mean(ensembles: list[ObliviousTrees]) -> ObliviousTrees:
    """Return the trees whose sum is the mean of the sums of some ensembles, all of one depth."""
    first, count = ensembles[0], len(ensembles)
    return ObliviousTrees(
        first.names,
        np.hstack([trees.feature_index for trees in ensembles]),
        np.hstack([trees.thresholds for trees in ensembles]),
        np.concatenate([trees.leaf_values for trees in ensembles]) / count,
        sum(trees.intercept for trees in ensembles) / count,
        {name: sum(trees.feature_importance[name] for trees in ensembles) / count for name in first.names},
    )


def _regressor(config: Boosting, seed: int, threads: int) -> catboost.CatBoostRegressor:
    return catboost.CatBoostRegressor(
        loss_function="RMSE",
        iterations=config.iterations,
        learning_rate=config.learning_rate,
        depth=config.depth,
        l2_leaf_reg=config.l2_leaf_reg,
        random_strength=config.random_strength,
        rsm=config.feature_fraction,
        bootstrap_type="Bernoulli",
        subsample=config.row_fraction,
        border_count=config.border_count,
        random_seed=seed,
        thread_count=threads,
        allow_writing_files=False,
        verbose=False,
    )


def _as_tables(
    model: catboost.CatBoostRegressor, names: tuple[str, ...], mean: float, importance: dict[str, float], depth: int
) -> ObliviousTrees:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        content = json.loads(path.read_text())
    trees = content["oblivious_trees"]
    scale, (bias,) = content["scale_and_bias"]
    feature_index = np.zeros((depth, len(trees)), dtype=np.int64)
    thresholds = np.full((depth, len(trees)), np.inf, dtype=np.float32)
    leaf_values = np.zeros((len(trees), 2**depth))
    for number, tree in enumerate(trees):
        for level, split in enumerate(tree["splits"] or []):
            feature_index[level, number] = split["float_feature_index"]
            thresholds[level, number] = split["border"]
        values = tree["leaf_values"]
        leaf_values[number, : len(values)] = np.array(values) * scale
    return ObliviousTrees(names, feature_index, thresholds, leaf_values.ravel(), bias + mean, importance)
