"""Features and log prices in, a smooth surface out: what houses near and alike were sold for.

Kernel ridge regression on a few thousand of the sales as centres (the subset of regressors of Smola & Bartlett 2001; a
Gaussian process's mean), with straight lines and one effect for each text beside it. Several kernels are added up (an
additive model, Duvenaud et al. 2011), so that one can be sharp in place and blind to the house, and another the other
way round. It errs otherwise than trees do, which is what a blend needs, and in the graph it is a few matrix products.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.linalg

from houseprice.config import Smooth
from houseprice.errors import DataError

Floats = npt.NDArray[np.float64]
Lookup = Callable[[Any, dict[str, float], float], Any]


@dataclass(frozen=True)
class Bumps:
    """One kernel: a Gaussian bump on each centre.

    Attributes:
        seen: positions of the coordinates that it sees.
        reach: its sharpness in each of them, in kernel widths a standard deviation.
        centres: the sales that it hangs on, in its own coordinates [centres, seen].
        heights: weight of each centre.
    """

    seen: npt.NDArray[np.int64]
    reach: Floats
    centres: Floats
    heights: Floats

    def at(self, coordinates: Any) -> Any:
        """Give back the sum of the bumps for each row of standardised coordinates, by the array API."""
        xp = coordinates.__array_namespace__()
        place = xp.take(coordinates, xp.asarray(self.seen), axis=1) * xp.asarray(self.reach)
        own = xp.sum(place * place, axis=1, keepdims=True)
        theirs = xp.asarray((self.centres**2).sum(axis=1))
        near = xp.exp(xp.matmul(place, xp.asarray(np.ascontiguousarray(2.0 * self.centres.T))) - own - theirs)
        return xp.matmul(near, xp.asarray(self.heights))


@dataclass(frozen=True)
class Surface:
    """A fitted surface.

    Attributes:
        columns: name → how it is bent before it is standardised: `none`, `log` or `root`.
        shifts, scales: what makes each bent column a coordinate: (value − shift) × scale.
        kernels: the bumps that are added up.
        slopes: weight of each coordinate.
        effects: text column → text → effect.
        level: what is added to all.
    """

    columns: dict[str, str]
    shifts: tuple[float, ...]
    scales: tuple[float, ...]
    kernels: tuple[Bumps, ...]
    slopes: Floats
    effects: dict[str, dict[str, float]]
    level: float

    def at(self, features: Mapping[str, Any], lookup: Lookup) -> Any:
        """Give back the surface's log price for each row, by the array API."""
        first = features[next(iter(self.columns))]
        xp = first.__array_namespace__()
        bent = xp.stack([_bend(features[name], form, xp) for name, form in self.columns.items()], axis=1)
        coordinates = (bent - xp.asarray(np.array(self.shifts))) * xp.asarray(np.array(self.scales))
        found = xp.matmul(coordinates, xp.asarray(self.slopes)) + self.level
        for kernel in self.kernels:
            found = found + kernel.at(coordinates)
        for name, table in self.effects.items():
            found = found + lookup(features[name], table, 0.0)
        return found


def fit_surface(
    features: pl.DataFrame, log: Floats, config: Smooth, seed: int, weights: Floats | None = None
) -> Surface:
    """Fit the surface to log prices, each row counting as much as its weight says.

    `config.columns` names what it is made of; those that the table lacks are left out.

    Raises:
        DataError: the table has none of them.
    """
    columns: dict[str, str] = {name: column.form for name, column in config.columns.items() if name in features.columns}
    if not columns:
        raise DataError(
            f"The features {', '.join(features.columns)} hold none of the columns of training.smooth.columns "
            f"({', '.join(config.columns)}); expected one at least; name columns of this table there."
        )
    bent = np.column_stack([_bend(features[name].to_numpy(), form, np) for name, form in columns.items()])
    spread = bent.std(axis=0)
    shifts, scales = bent.mean(axis=0), 1.0 / np.where(spread > 0.0, spread, 1.0)
    coordinates = (bent - shifts) * scales
    order = np.random.default_rng(seed).permutation(len(log))
    bare, start = [], 0
    for kernel in config.kernels:
        reach = np.array([kernel.columns[name] for name in columns])
        seen = np.flatnonzero(reach)
        chosen = np.sort(np.roll(order, -start)[: kernel.centres])  # other sales than those of the kernel before
        start += kernel.centres
        bare.append(Bumps(seen, reach[seen], coordinates[chosen][:, seen] * reach[seen], np.zeros(len(chosen))))
    texts = {name: features[name].to_numpy().astype(str) for name in config.texts if name in features.columns}
    names = [(name, level) for name, values in texts.items() for level in np.unique(values).tolist()]
    # A slope is penalised in units of the first kernel's reach; a text with few sales is drawn towards no effect.
    steep = np.array([config.kernels[0].columns[name] for name in columns])
    design = np.column_stack(
        [
            *(_near(coordinates[:, kernel.seen] * kernel.reach, kernel.centres) for kernel in bare),
            coordinates * steep,
            *((texts[name] == level).astype(np.float64) for name, level in names),
            np.ones(len(log)),
        ]
    )
    sizes = [len(kernel.centres) for kernel in bare]
    ends = np.cumsum([*sizes, len(columns)])
    penalty = np.r_[
        np.full(sum(sizes), 1e-6), np.full(len(columns), 1e-3), np.full(len(names), config.text_penalty), 1e-6
    ]
    blocks = [
        (end - size, kernel.penalty * _near(bumps.centres, bumps.centres))
        for end, size, kernel, bumps in zip(ends, sizes, config.kernels, bare, strict=False)
    ]
    middle = float(log.mean())
    found = _solve(design, log - middle, penalty, blocks, weights)
    heights = np.split(found, ends)
    tables: dict[str, dict[str, float]] = {name: {} for name in texts}
    for (name, level), effect in zip(names, heights[-1][:-1].tolist(), strict=True):
        tables[name][level] = effect
    kernels = tuple(replace(bumps, heights=part) for bumps, part in zip(bare, heights, strict=False))
    return Surface(
        columns, tuple(shifts.tolist()), tuple(scales.tolist()), kernels, heights[-2] * steep, tables,
        float(found[-1]) + middle,
    )  # fmt: skip


def _near(rows: Floats, centres: Floats) -> Floats:
    apart: Floats = 2.0 * rows @ centres.T - (rows**2).sum(axis=1)[:, None] - (centres**2).sum(axis=1)
    return np.exp(apart, out=apart)


def _solve(
    design: Floats, log: Floats, penalty: Floats, blocks: list[tuple[int, Floats]], weights: Floats | None
) -> Floats:
    """Solve the weighted ridge regression whose penalty is a diagonal and, from given positions on, blocks beside."""
    if weights is not None:
        root = np.sqrt(weights)
        design *= root[:, None]
        log = log * root
    gram = scipy.linalg.blas.dsyrk(1.0, design.T, trans=0, lower=1)
    for start, block in blocks:
        gram[start : start + len(block), start : start + len(block)] += block
    gram[np.diag_indices_from(gram)] += penalty
    factor = scipy.linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    found: Floats = scipy.linalg.cho_solve(factor, design.T @ log, check_finite=False)
    return found


def _bend(values: Any, form: str, xp: Any) -> Any:
    """Bend a column whose effect falls off: the log of areas (1 at least), the signed root of counts."""
    wide = xp.astype(values, xp.float64)
    if form == "log":
        return xp.log(xp.where(wide > 1.0, wide, xp.asarray(1.0)))
    if form == "root":
        return xp.sqrt(xp.abs(wide))
    return wide
