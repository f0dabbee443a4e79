"""Features and log prices in, boosted oblivious trees out: one question for each level of a tree.

CatBoost learns them (Prokhorenkova et al. 2018); what is kept are three plain tables, so that the same code answers
here and in the graph, and no converter stands between.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import numpy.typing as npt

from houseprice.config import Boosting

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

    def at(self, features: Mapping[str, Any]) -> Any:
        """Give back the sum of the trees for each row of float32 features, by the array API."""
        first = features[self.names[0]]
        xp = first.__array_namespace__()
        matrix = xp.stack([features[name] for name in self.names], axis=1)
        depth, trees = self.asked.shape
        place = xp.asarray((np.arange(trees) * 2**depth).astype(np.float64))
        for level in range(depth):
            values = xp.take(matrix, xp.asarray(self.asked[level]), axis=1)
            yes = xp.astype(values > xp.asarray(self.borders[level]), xp.float64)
            place = place + yes * float(2**level)
        picked = xp.take(xp.asarray(self.leaves), xp.reshape(xp.astype(place, xp.int64), (-1,)), axis=0)
        return xp.sum(xp.reshape(picked, (-1, trees)), axis=1) + self.level


def fit_forest(
    features: Mapping[str, Any], log: Floats, config: Boosting, seed: int, threads: int, weights: Floats | None = None
) -> Forest:
    """Fit the trees to log prices, each row counting by its weight; `features` are float32 columns by name."""
    names = tuple(features)
    matrix = np.column_stack([np.asarray(features[name], dtype=np.float32) for name in names])
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
    model.fit(matrix, log - centre, sample_weight=weights)
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
