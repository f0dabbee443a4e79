"""Features and log prices in, boosted oblivious trees out: one question for each level of a tree.

CatBoost learns them (Prokhorenkova et al. 2018); what is kept are three plain tables, so that the same code answers
here and in the graph, and no converter stands between.
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

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Forest:
    """A sum of oblivious trees.

    Attributes:
        names: features that the questions are about.
        asked: for each level and tree, the position of the feature in `names` [depth, trees].
        borders: and the float32 that it must be above for a yes [depth, trees]; infinite where a tree is shallower.
        leaves: what each tree answers for each row of yes and no, the first level the lowest bit [trees × 2^depth].
        level: what is added to all.
        shares: feature → its share of all trees' importance.
    """

    names: tuple[str, ...]
    asked: npt.NDArray[np.int64]
    borders: npt.NDArray[np.float32]
    leaves: Floats
    level: float
    shares: dict[str, float]

    def at(self, features: FeatureMatrix) -> Any:
        """Give back the sum of the trees for each house, by the array API; its features are float32."""
        xp = features.table.__array_namespace__()
        depth, trees = self.asked.shape
        places = np.array([features.names.index(name) for name in self.names], dtype=np.int64)
        values = xp.take(features.table, xp.asarray(places[self.asked.ravel()]), axis=0)
        yes = xp.astype(values > xp.asarray(self.borders.reshape(-1, 1)), xp.float32)
        bits = np.repeat(2.0 ** np.arange(depth), trees).astype(np.float32)[:, None]  # small whole numbers: exact
        place = xp.sum(xp.reshape(yes * xp.asarray(bits), (depth, trees, -1)), axis=0)
        leaf = xp.astype(place, xp.int64) + xp.asarray(np.arange(trees, dtype=np.int64)[:, None] * 2**depth)
        picked = xp.take(xp.asarray(self.leaves), xp.reshape(leaf, (-1,)), axis=0)
        return xp.sum(xp.reshape(picked, (trees, -1)), axis=0) + self.level


def fit_forest(
    features: FeatureMatrix, log: Floats, config: Boosting, seed: int, threads: int, weights: Floats | None = None
) -> Forest:
    """Fit the trees to log prices, each row counting by its weight; the features are float32."""
    names, table = features.names, np.ascontiguousarray(features.table.T)
    centre = float(log.mean())
    model = catboost.CatBoostRegressor(
        loss_function="RMSE",
        iterations=config.rounds,
        learning_rate=config.learning_rate,
        depth=config.depth,
        l2_leaf_reg=config.l2_leaf_reg,
        random_strength=config.random_strength,
        rsm=config.column_share,
        bootstrap_type="Bernoulli",
        subsample=config.row_share,
        border_count=config.borders,
        random_seed=seed,
        thread_count=threads,
        allow_writing_files=False,
        verbose=False,
    )
    model.fit(table, log - centre, sample_weight=weights)
    importance = np.maximum(model.get_feature_importance(), 0.0)
    shares = importance / max(float(importance.sum()), 1e-300)
    return _plain(model, names, centre, dict(zip(names, shares.tolist(), strict=True)), config.depth)


def _plain(
    model: catboost.CatBoostRegressor, names: tuple[str, ...], centre: float, shares: dict[str, float], depth: int
) -> Forest:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        told = json.loads(path.read_text())
    trees = told["oblivious_trees"]
    scale, (bias,) = told["scale_and_bias"]
    asked = np.zeros((depth, len(trees)), dtype=np.int64)
    borders = np.full((depth, len(trees)), np.inf, dtype=np.float32)
    leaves = np.zeros((len(trees), 2**depth))
    for number, tree in enumerate(trees):
        for level, question in enumerate(tree["splits"] or []):
            asked[level, number] = question["float_feature_index"]
            borders[level, number] = question["border"]
        values = tree["leaf_values"]
        leaves[number, : len(values)] = np.array(values) * scale
    return Forest(names, asked, borders, leaves.ravel(), bias + centre, shares)
