"""Features and log prices in, a smooth surface out: what houses near and alike were sold for.

Kernel ridge regression on a few thousand of the sales as centres (the subset of regressors of Smola & Bartlett 2001; a
Gaussian process's mean), with straight lines and one effect for each text beside them. It errs otherwise than trees do,
which is what a blend needs, and in the graph it is one matrix product.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.linalg

from houseprice.config import Smooth

Floats = npt.NDArray[np.float64]
Lookup = Callable[[Any, dict[str, float], float], Any]


@dataclass(frozen=True)
class Surface:
    """A fitted surface.

    Attributes:
        columns: name → how it is bent before it is scaled: `none`, `log` or `root`.
        shifts, scales: what makes each bent column a coordinate: (value − shift) × scale.
        centres: coordinates of the sales that it hangs on [centres, columns].
        heights: weight of each centre.
        slopes: weight of each coordinate.
        effects: text column → text → effect.
        level: what is added to all.
    """

    columns: dict[str, str]
    shifts: tuple[float, ...]
    scales: tuple[float, ...]
    centres: Floats
    heights: Floats
    slopes: Floats
    effects: dict[str, dict[str, float]]
    level: float

    def at(self, features: Mapping[str, Any], lookup: Lookup) -> Any:
        """Give back the surface's log price for each row, by the array API."""
        first = features[next(iter(self.columns))]
        xp = first.__array_namespace__()
        bent = xp.stack([_bend(features[name], form, xp) for name, form in self.columns.items()], axis=1)
        place = (bent - xp.asarray(np.array(self.shifts))) * xp.asarray(np.array(self.scales))
        own = xp.sum(place * place, axis=1, keepdims=True)
        theirs = xp.asarray((self.centres**2).sum(axis=1))
        near = xp.exp(xp.matmul(place, xp.asarray(np.ascontiguousarray(2.0 * self.centres.T))) - own - theirs)
        found = xp.matmul(near, xp.asarray(self.heights)) + xp.matmul(place, xp.asarray(self.slopes)) + self.level
        for name, table in self.effects.items():
            found = found + lookup(features[name], table, 0.0)
        return found


def fit_surface(features: pl.DataFrame, log: Floats, config: Smooth, seed: int) -> Surface:
    """Fit the surface to log prices; `config.columns` names what it is made of."""
    columns: dict[str, str] = {name: column.form for name, column in config.columns.items() if name in features.columns}
    bent = np.column_stack([_bend(features[name].to_numpy(), form, np) for name, form in columns.items()])
    spread = bent.std(axis=0)
    reach = np.array([config.columns[name].sharpness or config.sharpness for name in columns])
    shifts, scales = bent.mean(axis=0), reach / np.where(spread > 0.0, spread, 1.0)
    place = (bent - shifts) * scales
    chosen = np.sort(np.random.default_rng(seed).permutation(len(log))[: config.centres])
    centres = place[chosen]
    texts = {name: features[name].to_numpy().astype(str) for name in config.texts if name in features.columns}
    names = [(name, level) for name, values in texts.items() for level in np.unique(values).tolist()]
    effects = [(texts[name] == level).astype(np.float64) for name, level in names]

    def near(rows: Floats) -> Floats:
        apart: Floats = 2.0 * rows @ centres.T - (rows**2).sum(axis=1)[:, None] - (centres**2).sum(axis=1)
        return np.exp(apart)

    design = np.asfortranarray(np.column_stack([near(place), place, *effects, np.ones(len(log))]))
    gram = scipy.linalg.blas.dsyrk(1.0, design, trans=1, lower=1)
    many = len(centres)
    gram[:many, :many] += config.penalty * near(centres)
    # Coordinates are already of the size of their reach; a text with few sales is drawn towards no effect.
    gram[np.diag_indices_from(gram)] += np.r_[
        np.full(many, 1e-6), np.full(place.shape[1], 1e-3), np.full(len(names), config.text_penalty), 1e-6
    ]
    centre = float(log.mean())
    factor = scipy.linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    weights = scipy.linalg.cho_solve(factor, design.T @ (log - centre), check_finite=False)
    tail = weights[many + place.shape[1] : -1]
    tables: dict[str, dict[str, float]] = {name: {} for name in texts}
    for (name, level), effect in zip(names, tail.tolist(), strict=True):
        tables[name][level] = effect
    return Surface(
        columns, tuple(shifts.tolist()), tuple(scales.tolist()), centres, weights[:many],
        weights[many : many + place.shape[1]], tables, float(weights[-1]) + centre,
    )  # fmt: skip


def _bend(values: Any, form: str, xp: Any) -> Any:
    """Bend a column whose effect falls off: the log of areas (1 at least), the signed root of counts."""
    wide = xp.astype(values, xp.float64)
    if form == "log":
        return xp.log(xp.where(wide > 1.0, wide, xp.asarray(1.0)))
    if form == "root":
        return xp.sqrt(xp.abs(wide))
    return wide
