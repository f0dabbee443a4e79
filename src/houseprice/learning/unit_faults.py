"""Additional sales whose measurements were written in other units than those of the sales before them.

The monitor finds a client that sends square metres for square feet, but what it asked for is stored. A model that
learns from such houses gets worse, and its intervals wider. One is recognised by all its measurements of a unit
together: as they stand they are as good as impossible, and converted they are usual.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from houseprice.monitoring.input_faults import FACTORS, WITHOUT_UNITS
from houseprice.schema import Schema

Floats = npt.NDArray[np.float64]
MIN_SALES = 100  # before, of which usual measurements are known
USUAL = 0.999
"""Share of usual houses that the converted measurements must be among."""
EVIDENCE = 2.0 * np.log(1e6)
"""By how much the squared Mahalanobis distance must fall: a million times likelier, for normal log measurements."""


def unit_faults(sales: pl.DataFrame, before: pl.DataFrame, schema: Schema) -> pl.Series:
    """Return for each sale which units its measurements seem to have; null for usual ones.

    Measurements are the numbers of a common unit that are above 0 in all sales before. Their logarithms are compared
    with mean and covariance of those before, each row by the measurements that it has.

    Args:
        sales: typed, with the columns of the schema.
        before: accepted sales, of the same columns.
        schema: of both.
    """
    found: list[str | None] = [None] * sales.height
    least = np.full(sales.height, np.inf)
    for names in _measurements(before, schema):
        usual = _logs(before.drop_nulls(names), names)
        logs, middle, covariance = _logs(sales, names), usual.mean(axis=0), np.cov(usual.T).reshape(len(names), -1)
        written = _squared_distances(logs, middle, covariance)
        given = np.isfinite(logs).sum(axis=1)
        for words, factor in FACTORS.items():
            converted = _squared_distances(logs - np.log(factor), middle, covariance)
            hit = (converted < stats.chi2.ppf(USUAL, given)) & (converted < least) & (written - converted > EVIDENCE)
            least[hit] = converted[hit]
            for place in np.flatnonzero(hit):
                found[place] = words
    return pl.Series("units", found, dtype=pl.String)


def _measurements(before: pl.DataFrame, schema: Schema) -> list[list[str]]:
    """Return the columns of each unit that enough sales have together; one that few have does not stop the others."""
    units: dict[str, list[str]] = {}
    for name in schema.request:
        column = schema.columns[name]
        if column.unit and column.kind in {"number", "integer"} and column.role not in WITHOUT_UNITS:
            least = before[name].min()
            if isinstance(least, int | float) and least > 0:
                units.setdefault(column.unit, []).append(name)
    found = []
    for names in units.values():
        kept: list[str] = []
        for name in sorted(names, key=lambda one: before[one].null_count()):
            if before.drop_nulls([*kept, name]).height >= MIN_SALES:
                kept.append(name)
        if kept:
            found.append(kept)
    return found


def _logs(table: pl.DataFrame, names: Sequence[str]) -> Floats:
    values = table.select(pl.col(*names).cast(pl.Float64)).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(values)
    return np.where(np.isfinite(logs), logs, np.nan)


def _squared_distances(logs: Floats, middle: Floats, covariance: Floats) -> Floats:
    """Return the squared Mahalanobis distance of each row by the columns that it has; 0 for a row that has none."""
    found = np.zeros(len(logs))
    known = np.isfinite(logs)
    for pattern in np.unique(known, axis=0):
        if pattern.any():
            rows = (known == pattern).all(axis=1)
            off = logs[np.ix_(rows, pattern)] - middle[pattern]
            found[rows] = np.einsum("ij,ij->i", off @ np.linalg.pinv(covariance[np.ix_(pattern, pattern)]), off)
    return found
