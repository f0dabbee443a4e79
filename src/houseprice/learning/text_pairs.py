"""Pairs of texts as texts: what a category is worth may depend on another one.

A leasehold costs a flat little and a shop much; two effects that add up cannot say that, the effect of the pair can.
"""

from collections.abc import Iterable
from itertools import combinations

from houseprice.feature_matrix import FeatureMatrix

Pair = tuple[str, str]
SEPARATOR = "\x1f"  # between the categories of a pair; no cell holds it


def pair_name(pair: Pair) -> str:
    """Return the name of the text that holds the categories of two others."""
    return f"{pair[0]} × {pair[1]}"


def with_pairs(features: FeatureMatrix, pairs: Iterable[Pair]) -> FeatureMatrix:
    """Return the features with the text of each pair, by the array API."""
    given = features.texts
    texts = {pair_name(pair): given[pair[0]] + SEPARATOR + given[pair[1]] for pair in pairs}
    return FeatureMatrix(features.names, features.table, {**given, **texts})


def texts_of(name: str, texts: Iterable[str]) -> list[str]:
    """Return the texts that a text of this name holds: both of a pair, else itself; none that are not among `texts`."""
    known = list(texts)
    if name in known:
        return [name]
    return next((list(pair) for pair in combinations(known, 2) if name in (pair_name(pair), pair_name(pair[::-1]))), [])
