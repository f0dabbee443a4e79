"""Bins of a column: what counts of its values are kept by, in training and in production alike.

Numbers of few different values have a bin each; others are cut at their quantiles, with bins beyond the range of
training, so that square metres in place of square feet stand out. The bins are sealed with the model.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
FEW_VALUES = 24
"""Different numbers, up to which each has a bin of its own."""
QUANTILE_BINS = 20
MAX_CATEGORIES = 50
"""The most frequent categories, which have a bin each; all others that are known share one."""
OUTSIDE = 4.0
"""Beyond the range of positive numbers there is a bin up to so many times its end, and one for what lies further."""


def number_bins(values: Floats) -> dict[str, Any]:
    """Return `shares` of some numbers by bin, and `values` or `edges` that the bins follow from; NaN is left out.

    A number that many quantiles share is given twice among the edges, and has a bin of its own.
    """
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if not len(known):
        return {}
    about: dict[str, Any] = {"values": distinct.tolist()}
    if len(distinct) > FEW_VALUES:
        quantiles = np.quantile(known, np.linspace(0.0, 1.0, QUANTILE_BINS + 1), method="inverted_cdf")
        ends, counts = np.unique(quantiles, return_counts=True)
        about = {"edges": np.repeat(ends, np.minimum(counts, 2)).tolist()}
    edges = bin_edges(about)
    counted = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    return {**about, "shares": [round(share, 6) for share in (counted / len(known)).tolist()]}


def bin_edges(about: Mapping[str, Any]) -> Floats:
    """Return the inner edges of the bins that `number_bins` described; a number equal to one lies above it."""
    if "values" in about:
        distinct = np.array(about["values"], dtype=np.float64)
        between = np.maximum((distinct[1:] + distinct[:-1]) / 2, _above(distinct[:-1]))  # two neighbours have none
        return np.concatenate([distinct[:1], between, _above(distinct[-1:])])
    edges = np.array(about["edges"], dtype=np.float64)
    inside = np.where(np.append(False, edges[1:] == edges[:-1]), _above(edges), edges)
    inside[-1] = _above(edges[-1:])[0]
    outside = edges[0] > 0.0
    return np.concatenate([[edges[0] / OUTSIDE], inside, [edges[-1] * OUTSIDE]]) if outside else inside


def bin_names(about: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the bins in words."""
    edges = bin_edges(about)
    if "values" in about:
        inner = [f"{value:,.6g}" if abs(value) >= 1e4 else f"{value:.6g}" for value in about["values"]]
        return (f"below {inner[0]}", *inner, f"above {inner[-1]}")
    stated = np.array(about["edges"], dtype=np.float64)
    if len(edges) > len(stated):
        stated = np.concatenate([edges[:1], stated, edges[-1:]])
    words = [f"{edge:,.6g}" if abs(edge) >= 1e4 else f"{edge:.6g}" for edge in stated.tolist()]
    between = [
        low if end <= np.nextafter(start, np.inf) else f"{low} to {high}"
        for low, high, start, end in zip(words[:-1], words[1:], edges[:-1], edges[1:], strict=True)
    ]
    return (f"below {words[0]}", *between, f"above {words[-1]}")


def spread_points(about: Mapping[str, Any], count: int) -> Floats:
    """Return about so many numbers distributed as the shares say, ascending: evenly between the edges of a bin."""
    shares = np.array(about["shares"], dtype=np.float64)
    if "values" in about:
        return np.repeat(np.array(about["values"], dtype=np.float64), np.round(shares[1:-1] * count).astype(int))
    edges = np.array(about["edges"], dtype=np.float64)
    inner = shares[2:-2] if edges[0] > 0.0 else shares[1:-1]
    return np.interp((np.arange(count) + 0.5) / count, np.append(0.0, np.cumsum(inner)), edges)


def _above(values: Floats) -> Floats:
    """Return the next larger numbers, so that the largest of training lies below its edge."""
    return np.nextafter(values, np.inf)
