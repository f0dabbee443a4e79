"""Search for the kernels of the kernel ridge regression, by the evidence of the Gaussian process that it approximates.

A few hundred gradient steps on some of the sales find every lengthscale and penalty. Half of those sales are neighbours
of each other, or a process could not learn how fast prices change from street to street. The penalties follow from the
variances: that of a kernel is σ²/amplitude, that of an effect σ²/variance, with σ² the variance of the noise.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.spatial import KDTree

from houseprice.config.training import Kernel, KernelRidgeColumn, KernelRidgeConfig, short
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.hyperparameters.evidence import Evidence, Prior
from houseprice.learning.mixed_model import ENCODING, MEAN, TOTAL
from houseprice.learning.robust_weights import cauchy_weights
from houseprice.learning.standardisation import fit_standardisation
from houseprice.learning.transforms import choose_transforms

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
ROWS = 1400  # sales whose evidence is computed: a step takes time by their third power
STEPS = (20, 30)  # evaluations before and after sales far from the others are given more noise
NEIGHBOURS = 10  # of each drawn sale, that are drawn with it, so that there they are as dense as all sales are
MAX_LEVELS = 200  # of a text with effects of its own; one with more is a column of numbers, its target encoding
MAX_COLUMNS = 100
CENTRES = 4000  # of all kernels together: what one prediction may cost
CENTRE_WEIGHTS = (5.0, 4.0, 7.0, 4.0)  # of the kernels, in the order of the first guess; the sharpest gets most
NEGLIGIBLE = 1e-3  # a kernel with so small a share of the variance is dropped, as is so small an inverse lengthscale
REDUNDANT = 1e-3  # share of a column's variance that the columns before it must leave over
RANKS = "_ordinal"  # ends the name of the ranks of a text
ORDERED = (
    0.5  # squared correlation of the ranks of a text with the effects of its categories, from which they are a scale
)
ROBUST_SCALE = 3.0  # residual that halves a sale's weight, in robust standard deviations


def kernel_numbers(features: FeatureMatrix) -> tuple[str, ...]:
    """Return the numbers that the kernels may see.

    A text with effects of its own needs no encoding; its ranks are seen when they rise or fall with its effects, as the
    levels of a scale do and names in alphabetical order do not.
    """
    left_out = {TOTAL, *(f"{name}{MEAN}" for name in features.texts)}
    for name in kernel_categories(features):
        encoding, ranks = f"{name}{ENCODING}", f"{name}{RANKS}"
        left_out.add(encoding)
        if ranks in features.names:
            ordered = _correlation(features[ranks], features[encoding]) ** 2 > ORDERED
            left_out |= set() if ordered else {ranks}
    return tuple(name for name in features.names if name not in left_out)


def _correlation(first: Any, second: Any) -> float:
    """Return the correlation of two columns; 0 where one is constant."""
    both = np.array([first, second], dtype=np.float64)
    both -= both.mean(axis=1, keepdims=True)
    return float(both[0] @ both[1] / max(float(np.sqrt((both**2).sum(axis=1).prod())), 1e-300))


def kernel_categories(features: FeatureMatrix) -> tuple[str, ...]:
    """Return the texts that have few enough categories for an effect of each."""
    return tuple(name for name, texts in features.texts.items() if len(set(texts)) <= MAX_LEVELS)


def find_kernel_ridge(
    features: FeatureMatrix, log_prices: Floats, places: Sequence[str], seed: int
) -> tuple[KernelRidgeConfig, bool]:
    """Return the regression's hyperparameters, and whether robust weights lessen its leave-one-out error.

    Args:
        features: of the training sales, with the target encodings of their texts.
        log_prices: what is predicted.
        places: numbers that say where a house is, which get kernels of their own.
        seed: of the draw of sales.
    """
    categories = kernel_categories(features)
    transforms = choose_transforms(features, tuple(dict.fromkeys([*places, *kernel_numbers(features)])))
    transforms |= {name: "none" for name in places if name in transforms}
    rows = _draw(features, [name for name in places if name in transforms], seed)
    drawn = features.houses(rows)
    every = dict.fromkeys(features.names, "none")  # the encodings too, where there is nothing but categories
    prices = log_prices[rows]
    transforms = _independent(drawn, transforms, prices) or _independent(drawn, every, prices)
    standardisation, coordinates = fit_standardisation(drawn, transforms)
    columns = list(standardisation.columns)
    codes = tuple(np.unique(drawn.texts[name].astype(str), return_inverse=True)[1] for name in categories)
    target = log_prices[rows] - log_prices[rows].mean()
    target = target / max(float(target.std()), 1e-12)
    guess = _first_guess(columns, [name for name in places if name in columns], len(codes))
    evidence = Evidence(coordinates, codes, target, guess, np.ones(len(rows)))
    ties = _ties(guess, [name in places for name in columns])
    found = _climb(evidence, evidence.start, ties, STEPS[0])
    robust = replace(evidence, noise_ratio=1.0 / cauchy_weights(evidence.leave_one_out(found), ROBUST_SCALE))
    errors = [float((process.leave_one_out(found) ** 2).mean()) for process in (evidence, robust)]
    better = errors[1] < errors[0]
    process = robust if better else evidence
    found = _climb(process, process.pack(found), ties, STEPS[1])
    return _as_config(found, standardisation.columns, categories, len(log_prices)), better


def _climb(evidence: Evidence, start: Floats, ties: Floats, steps: int) -> Prior:
    """Maximise the evidence by L-BFGS (Liu & Nocedal 1989) with so many evaluations at most.

    The logs of all hyperparameters are `start` plus the product of `ties` and of the free ones.
    """

    def objective(free: Floats) -> tuple[float, Floats]:
        value, gradient = evidence(start + ties @ free)
        return value, gradient @ ties

    count = ties.shape[1]
    limits = {"maxfun": steps, "maxiter": steps}
    result = minimize(
        objective, np.zeros(count), jac=True, method="L-BFGS-B", bounds=[(-8.0, 8.0)] * count, options=limits
    )
    return evidence.unpack(start + ties @ result.x)


def _ties(guess: Prior, is_place: list[bool]) -> Floats:
    """Return the matrix that makes the hyperparameters from fewer free ones.

    The second kernel sees all columns but the places so many times as sharply as the first, the same for each, or there
    would be twice as many lengthscales to find.
    """
    kernels, columns = guess.inverse_lengthscales.shape
    count = len(Evidence.pack(guess))
    ties = np.eye(count)
    second = kernels + columns + np.flatnonzero(~np.array(is_place))
    ties[second, second - columns] = 1.0  # follows the first kernel
    common = np.zeros(count)
    common[second] = 1.0  # and has one factor in common
    return np.column_stack([np.delete(ties, second, axis=1), common])


def _draw(features: FeatureMatrix, places: list[str], seed: int) -> Rows:
    """Return some rows: all if few; else drawn at random, with neighbours of each when places are known."""
    count = features.table.shape[1]
    order = np.random.default_rng(seed).permutation(count)
    if count <= ROWS or not places:
        return np.sort(order[:ROWS])
    where = np.column_stack([np.asarray(features[name], dtype=np.float64) for name in places])
    where = (where - where.mean(axis=0)) / np.maximum(where.std(axis=0), 1e-12)
    seeds = order[: ROWS // (2 * NEIGHBOURS)]
    near = KDTree(where[order]).query(where[seeds], k=NEIGHBOURS + 1)[1]
    drawn = dict.fromkeys([*order[near.ravel()].tolist(), *order.tolist()])
    return np.sort(np.array(list(drawn)[:ROWS], dtype=np.int64))


def _independent(features: FeatureMatrix, transforms: dict[str, str], log_prices: Floats) -> dict[str, str]:
    """Return the columns without those that are linear combinations of the ones before, and not more than can be used.

    What they say is said already, and a place that stands twice in a kernel would be seen by every kernel.
    """
    kept: dict[str, str] = {}
    basis = np.ones((len(log_prices), 1)) / np.sqrt(len(log_prices))
    for name, transform in transforms.items():
        if np.ptp(np.asarray(features[name])) == 0.0:
            continue
        column = fit_standardisation(features, {name: transform})[1][:, 0]
        left = column - basis @ (basis.T @ column)
        if (left**2).sum() > REDUNDANT * len(column):
            basis = np.column_stack([basis, left / np.sqrt((left**2).sum())])
            kept[name] = transform
    if len(kept) <= MAX_COLUMNS:
        return kept
    relevance = {name: abs(_correlation(features[name], log_prices)) for name in kept}
    best = set(sorted(kept, key=lambda name: -relevance[name])[:MAX_COLUMNS])
    return {name: transform for name, transform in kept.items() if name in best}


def _first_guess(columns: list[str], places: list[str], texts: int) -> Prior:
    """Return two kernels of all columns, one smooth and one less so, and two of the places alone."""
    is_place = np.array([name in places for name in columns])
    smooth = 0.35 / np.sqrt(len(columns))
    kernels = [np.where(is_place, 2.0, smooth), np.where(is_place, 0.5, 2.5 * smooth)]
    amplitudes = [0.5, 0.2]
    if places:
        kernels += [np.where(is_place, 12.0, 0.0), np.where(is_place, 4.0, 0.0)]
        amplitudes += [0.05, 0.1]
    return Prior(np.array(amplitudes), np.array(kernels), 0.1 / smooth**2 / len(columns), np.full(texts, 0.03), 0.1)


def _as_config(found: Prior, columns: dict[str, str], categories: tuple[str, ...], rows: int) -> KernelRidgeConfig:
    used = [number for number, amplitude in enumerate(found.amplitudes) if number == 0 or amplitude > NEGLIGIBLE]
    centres = _centres([CENTRE_WEIGHTS[number] for number in used], rows)
    kernels = []
    for number, count in zip(used, centres, strict=True):
        seen = {
            name: _rounded(scale)
            for name, scale in zip(columns, found.inverse_lengthscales[number].tolist(), strict=True)
            if scale > NEGLIGIBLE or (number == 0 and scale > 0.0)
        }
        if seen:
            penalty = _rounded(found.noise / found.amplitudes[number])
            kernels.append(Kernel(centres=count, penalty=penalty, columns=seen))
    first, *additional = kernels
    return KernelRidgeConfig(
        centres=first.centres,
        penalty=first.penalty,
        inverse_lengthscale=1.0,
        linear_penalty=_rounded(found.noise / found.linear),
        categories={
            name: _rounded(found.noise / variance) for name, variance in zip(categories, found.categories, strict=True)
        },
        columns={
            name: KernelRidgeColumn.model_validate({"transform": transform, "inverse_lengthscale": first.columns[name]})
            for name, transform in columns.items()
        },
        additional_kernels=tuple(additional),
    )


def _centres(weights: list[float], rows: int) -> list[int]:
    """Divide the centres among the kernels by weight, each getting no more than there are rows."""
    left, counts = CENTRES, []
    for number, weight in enumerate(weights):
        counts.append(max(min(rows, round(left * weight / sum(weights[number:]))), 1))
        left -= counts[-1]
    return counts


def _rounded(value: float) -> float:
    return short(min(max(value, 1e-9), 1e9))
