"""Features and log prices in, a smooth surface out: what houses near and alike were sold for.

Kernel ridge regression on a few thousand of the sales as centres (the subset of regressors of Smola & Bartlett 2001; a
Gaussian process's mean), with straight lines and one effect for each text beside it. Several kernels are added up (an
additive model, Duvenaud et al. 2011), so that one can be sharp in place and blind to the house, and another the other
way round. It errs otherwise than trees do, which is what a blend needs, and in the graph it is a few matrix products.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg

from houseprice.config import Smooth
from houseprice.errors import DataError
from houseprice.feature_matrix import FeatureMatrix

Floats = npt.NDArray[np.float64]
Lookup = Callable[[Any, dict[str, float], float], Any]
MIN_LOG_KERNEL = -230.0
"""Kernel values below exp(−230) = 1e-100 are that much. A sharp kernel gives values near 1e-310 between houses that are
far apart, and a product with such a subnormal number takes a hundred times as long as any other."""


@dataclass(frozen=True)
class Bumps:
    """One kernel: a bump exp(−|x − c|²) on each centre.

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

    def apart(self, coordinates: Any) -> Any:
        """Give back the log of each centre's nearness to each house [centres, houses], by the array API.

        −|x − c|² is 2c·x − |c|² − |x|², which is one product when |x|² and 1 stand below the coordinates x.
        """
        xp = coordinates.__array_namespace__()
        if len(self.seen) < coordinates.shape[0]:
            coordinates = xp.take(coordinates, xp.asarray(self.seen), axis=0)
        place = coordinates * xp.asarray(self.reach[:, None])
        own = xp.sum(place * place, axis=0, keepdims=True)
        ones = np.ones((len(self.centres), 1))
        theirs = (self.centres**2).sum(axis=1, keepdims=True)
        at_one = xp.asarray(np.column_stack([2.0 * self.centres, -ones, -theirs]))
        return xp.matmul(at_one, xp.concat([place, own, own * 0.0 + 1.0], axis=0))


@dataclass(frozen=True)
class Surface:
    """A fitted surface.

    Attributes:
        columns: name → how it is bent before it is standardised: `none`, `log` or `root`; alike ones in a row.
        shifts, scales: what makes each bent column a coordinate: (value − shift) × scale.
        lowest, highest: the coordinates that were learned from; what lies outside counts as if it lay on the edge.
        kernels: the bumps that are added up.
        slopes: weight of each coordinate.
        effects: text column → text → effect.
        level: what is added to all.
    """

    columns: dict[str, str]
    shifts: Floats
    scales: Floats
    lowest: Floats
    highest: Floats
    kernels: tuple[Bumps, ...]
    slopes: Floats
    effects: dict[str, dict[str, float]]
    level: float

    def coordinates(self, features: FeatureMatrix) -> Any:
        """Give back where each house stands, bent and standardised [columns, houses], by the array API.

        A straight line goes on for ever: on the other side of the earth a house would cost more than all there are.
        """
        xp = features.table.__array_namespace__()
        bent = _bent(features, self.columns)
        place = (bent - xp.asarray(self.shifts[:, None])) * xp.asarray(self.scales[:, None])
        return xp.clip(place, xp.asarray(self.lowest[:, None]), xp.asarray(self.highest[:, None]))

    def at(self, features: FeatureMatrix, lookup: Lookup) -> Any:
        """Give back the surface's log price for each house, by the array API."""
        xp = features.table.__array_namespace__()
        coordinates = self.coordinates(features)
        near = rbf(xp.concat([kernel.apart(coordinates) for kernel in self.kernels], axis=0))
        heights = np.concatenate([self.slopes, *(kernel.heights for kernel in self.kernels)])
        found = xp.matmul(xp.asarray(heights[None, :]), xp.concat([coordinates, near], axis=0))
        found = xp.reshape(found, (-1,)) + self.level
        for name, table in self.effects.items():
            found = found + lookup(features[name], table, 0.0)
        return found


def fit_surface(
    features: FeatureMatrix, log: Floats, config: Smooth, seed: int, weights: Floats | None = None
) -> Surface:
    """Fit the surface to log prices, each row counting as much as its weight says.

    `config.columns` names what it is made of; those that the table lacks are left out.

    Raises:
        DataError: the table has none of them.
    """
    found_there = {name: column.form for name, column in config.columns.items() if name in features.names}
    columns: dict[str, str] = dict(sorted(found_there.items(), key=lambda item: item[1]))
    if not columns:
        raise DataError(
            f"The features {', '.join(features.names)} hold none of the columns of training.smooth.columns "
            f"({', '.join(config.columns)}); expected one at least; name columns of this table there."
        )
    bent = _bent(features, columns).T
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
    texts = {name: features.texts[name].astype(str) for name in config.texts if name in features.texts}
    names = [(name, level) for name, values in texts.items() for level in np.unique(values).tolist()]
    # A slope is penalised in units of the first kernel's reach; a text with few sales is drawn towards no effect.
    steep = np.array([config.kernels[0].columns[name] for name in columns])
    design = np.column_stack(
        [
            *(kernel_matrix(coordinates[:, kernel.seen] * kernel.reach, kernel.centres) for kernel in bare),
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
        (end - size, kernel.penalty * kernel_matrix(bumps.centres, bumps.centres))
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
        columns, shifts, scales, coordinates.min(axis=0), coordinates.max(axis=0), kernels, heights[-2] * steep, tables,
        float(found[-1]) + middle,
    )  # fmt: skip


def rbf(log_kernel: Any) -> Any:
    """Return the kernel from its logarithm, with no subnormal number in it, by the array API."""
    xp = log_kernel.__array_namespace__()
    return xp.exp(xp.clip(log_kernel, MIN_LOG_KERNEL, None))


def kernel_matrix(rows: Floats, centres: Floats) -> Floats:
    """Return exp(−|x − c|²) of each row x and each centre c [rows, centres], without subnormal numbers."""
    return np.asarray(rbf(2.0 * rows @ centres.T - (rows**2).sum(axis=1)[:, None] - (centres**2).sum(axis=1)))


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


def _bent(features: FeatureMatrix, columns: Mapping[str, str]) -> Any:
    """Give back some columns as float64, those bent whose effect falls off; columns of one form must stand in a row."""
    xp = features.table.__array_namespace__()
    parts = []
    for form, names in groupby(columns, key=lambda name: columns[name]):
        values = xp.astype(features.rows(names), xp.float64)
        if form == "log":  # of 1 at least
            values = xp.log(xp.where(values > 1.0, values, xp.asarray(1.0)))
        elif form == "root":
            values = xp.sqrt(xp.abs(values))
        parts.append(values)
    return xp.concat(parts, axis=0)
