"""Search for the pairs of texts whose effects are worth having beside those of each text.

All pairs are fitted at once, which leaves nothing of those that tell nothing; of the others the largest are kept, where
with them the mixed model errs less on rows that it was not fitted on.
"""

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.hyperparameters.blending import EVIDENCE
from houseprice.learning.mixed_model import coded, cross_fit_encode, fit_mixed_model, shrunken_means
from houseprice.learning.text_pairs import Pair, pair_name, with_pairs
from houseprice.learning.transforms import choose_transforms

Floats = npt.NDArray[np.float64]
ROWS = 20_000  # that the pairs are fitted on, at most
CANDIDATES = 40  # pairs that are fitted at once, at most
LEAST_SALES = 3  # of an average category of a pair
NEGLIGIBLE = 1e-3  # share of the squared error that a pair must explain
MOST = 6  # pairs that are kept, at most; each costs every prediction its lookups


def find_text_pairs(features: FeatureMatrix, log_prices: Floats, seed: int) -> tuple[Pair, ...]:
    """Return the pairs, the one that explains most first; none where they do not help.

    Args:
        features: of the training sales, without the time of sale and without encodings.
        log_prices: what is predicted.
        seed: of the draw of sales, and of their division into groups.
    """
    rows = np.sort(np.random.default_rng(seed).permutation(len(log_prices))[:ROWS])
    features, log_prices = features.houses(rows), log_prices[rows]
    if not (candidates := _candidates(features)):
        return ()
    transforms = choose_transforms(features, features.names)

    def errors(pairs: tuple[Pair, ...]) -> Floats:
        _, predicted = cross_fit_encode(with_pairs(features, pairs), log_prices, transforms, seed)
        return np.asarray(log_prices - predicted)

    without = errors(())
    if len(candidates) > CANDIDATES:
        alone = {}
        for pair in candidates:
            _, codes = coded(_texts(features, pair))
            effects, _ = shrunken_means(without, codes, None)
            alone[pair] = float(np.mean(effects[codes] ** 2))
        candidates = sorted(candidates, key=lambda pair: -alone[pair])[:CANDIDATES]
    model = fit_mixed_model(with_pairs(features, candidates), log_prices, transforms)
    explained = {
        pair: float(np.mean([model.effects[pair_name(pair)][text] ** 2 for text in _texts(features, pair)]))
        for pair in candidates
    }
    ranked = sorted(candidates, key=lambda pair: -explained[pair])
    least = NEGLIGIBLE * float(np.mean(without**2))
    chosen = tuple(pair for pair in ranked[:MOST] if explained[pair] > least)
    gain = without**2 - errors(chosen) ** 2
    return chosen if gain.mean() > EVIDENCE * gain.std() / np.sqrt(len(gain)) else ()


def _candidates(features: FeatureMatrix) -> list[Pair]:
    """Return the pairs that tell more categories apart than each of their texts does, but not every house."""
    levels = {name: len(set(values)) for name, values in features.texts.items()}
    found = []
    for pair in combinations([name for name, count in levels.items() if count > 1], 2):
        together = len(set(_texts(features, pair)))
        if max(levels[name] for name in pair) < together <= features.table.shape[1] / LEAST_SALES:
            found.append(pair)
    return found


def _texts(features: FeatureMatrix, pair: Pair) -> npt.NDArray[Any]:
    return np.asarray(with_pairs(features, (pair,)).texts[pair_name(pair)])
