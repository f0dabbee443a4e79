"""Search for every hyperparameter that the configuration leaves to be found.

Kernels come from the evidence of some of the rows. Then every part is fitted on a few folds of the training rows, the
newest sales among the validation rows, and their errors decide the rest: iterations of the boosting, whether its trees
see the time of sale, and the shares of the blend. Kernels have seen the prices of the rows that they were found on. Of
few rows that makes them look much better than they are; each fold then finds its own for the errors that decide.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from houseprice.config import Boosting, FoundTraining, KernelRidgeConfig, RobustWeightsConfig, Training
from houseprice.feature_matrix import FeatureMatrix
from houseprice.learning.detrended import detrend, encode, with_months, without_time
from houseprice.learning.features import look_up, matrix
from houseprice.learning.hyperparameters.blending import SPREAD, blend_error, find_shares, find_slope
from houseprice.learning.hyperparameters.kernel_search import ROBUST_SCALE, find_kernel_ridge
from houseprice.learning.hyperparameters.pair_search import find_text_pairs
from houseprice.learning.kernel_ridge import fit_penalty_path
from houseprice.learning.oblivious_trees import StagedTrees, fit_staged_trees
from houseprice.learning.robust_weights import robust_sample_weights
from houseprice.learning.side_by_side import side_by_side
from houseprice.learning.splitting import Rows
from houseprice.learning.trend_design import TIME

Floats = npt.NDArray[np.float64]
FOLD_ROWS = 12_000  # that the folds are taken from, at most, or a quarter of the rows where that is more
VERY_FEW_ROWS = 1000  # below which each fold finds its own kernels, and shares are drawn towards equal ones
MAX_ITERATIONS = 700  # of one ensemble of trees
FEW_ROWS = 3000  # below which there are fewer centres than a prediction may cost, so that it may cost more trees
MAX_TREES = (1400, 700)  # of all ensembles together, with few rows and with more
MAX_ENSEMBLES = 4
CENTRES = 800  # of each kernel in the folds, at most
PILOT_CENTRES = 200  # of each kernel of the pilot fit of the robust weights, at most
SHARPER = (
    1.0,
    2.0,
)  # factors of the inverse lengthscales of the places' own kernels: all sales lie closer than some do
PENALTY_FACTORS = (1.0, 0.6, 0.35, 0.2, 0.1)  # centres are fewer than sales: less flexible than the fitted process
VALIDATION_SHARE = 0.2  # of the rows, in each fold
TREES, KERNELS, LINEAR = "trees", "kernel_ridge", "mixed_model"

Variant = tuple[KernelRidgeConfig, tuple[float, ...]]
"""Kernels, and the factors of their penalties that are tried."""


@dataclass(frozen=True)
class FoldFit:
    """The parts fitted on one fold.

    Attributes:
        trees: of each candidate, without and, on the newest sales, with the time of sale.
        kernels: predictions of each variant of the kernel ridge regression, for each factor of its penalties.
        linear: predictions of the log-linear mixed model.
        y_true: log prices of the validation rows, less the fold's trend.
    """

    trees: dict[tuple[int, bool], StagedTrees]
    kernels: list[Floats]
    linear: Floats
    y_true: Floats


def find_hyperparameters(
    X: pl.DataFrame,
    y: Floats,
    config: Training,
    *,
    groups: npt.NDArray[Any] | None = None,
    places: Sequence[str] = (),
) -> FoundTraining:
    """Return the configuration with every hyperparameter that is `auto` replaced by what was found.

    Args:
        X: features of the training rows.
        y: their prices.
        config: what is set by hand stays.
        groups: rows of one group stay on one side of a fold; None: each row is its own.
        places: features that say where a house is.
    """
    if config.is_found:
        return FoundTraining.of(config)
    log_prices = np.log(y)
    sales = detrend(X, log_prices, config)
    kernel_ridge, robust = config.kernel_ridge, config.robust_weights
    if config.text_pairs == "auto":
        pairs = find_text_pairs(without_time(matrix(X)), sales.log_prices, config.seed)
        config = config.model_copy(update={"text_pairs": pairs})
        sales = detrend(X, log_prices, config) if pairs else sales
    if kernel_ridge == "auto" or robust == "auto":
        found, weighted = find_kernel_ridge(sales.features, sales.log_prices, places, config.seed)
        kernel_ridge = found if kernel_ridge == "auto" else kernel_ridge
        if robust == "auto":
            robust = RobustWeightsConfig(scale=ROBUST_SCALE, centres=PILOT_CENTRES) if weighted else None
    variants: list[Variant] = [(kernel_ridge, (1.0,))]
    own_kernels = config.kernel_ridge == "auto" and len(y) < VERY_FEW_ROWS
    if config.kernel_ridge == "auto":
        variants = _variants(kernel_ridge, places)
    config = config.model_copy(update={"kernel_ridge": kernel_ridge, "robust_weights": robust})
    if config.is_found:
        return FoundTraining.of(config)
    candidates = (
        boosting_candidates(len(y), len(sales.features.names)) if config.boosting == "auto" else (config.boosting,)
    )
    kept = np.random.default_rng(config.seed).permutation(len(y))[: max(FOLD_ROWS, len(y) // 4)]
    kept.sort()
    X, log_prices, groups = X[kept], log_prices[kept], np.arange(len(kept)) if groups is None else groups[kept]
    timed = (False, True) if config.time_in_trees == "auto" else (config.time_in_trees,)
    blank = {"tree_share": 0.0, "linear_share": 0.0, "blend_slope": 1.0, "time_in_trees": timed[0]}
    parts = FoundTraining.of(config.model_copy(update=blank | {"boosting": candidates[0]}))
    alone = parts.model_copy(update={"threads": 1})
    find = partial(_find_variants, places=places, seed=config.seed) if own_kernels else None
    tasks = [
        partial(_fit_fold, X, log_prices, fold, candidates, alone, timed if newest else timed[:1], find or variants)
        for fold, newest in validation_folds(None if sales.months is None else sales.months[kept], groups, config.seed)
    ]
    fits = list(side_by_side(tasks, config.threads))
    return FoundTraining.of(_decide(fits, candidates, config, variants, len(y)))


def _variants(kernel_ridge: KernelRidgeConfig, places: Sequence[str]) -> list[Variant]:
    return [(kernel_ridge.with_sharper(places, factor), PENALTY_FACTORS) for factor in (SHARPER if places else (1.0,))]


def _find_variants(features: FeatureMatrix, log_prices: Floats, places: Sequence[str], seed: int) -> list[Variant]:
    return _variants(find_kernel_ridge(features, log_prices, places, seed)[0], places)


def boosting_candidates(rows: int, columns: int) -> tuple[Boosting, ...]:
    """Return the parameters of the boosting that are tried; the number of iterations is found for each.

    Few rows take shallow trees and slow learning; the share of the columns is that of about 1.6·√columns of them.
    """
    depths = (3, 4, 6) if rows < 1000 else (5,) if rows < 6000 else (6,) if rows < 60_000 else (8,)
    return tuple(
        Boosting(
            iterations=MAX_ITERATIONS,
            learning_rate=float(f"{np.clip(0.12 * (rows / 18_000) ** 0.3, 0.02, 0.2):.2g}"),
            depth=depth,
            l2_leaf_reg=3.0 if rows < 1000 else 1.0,
            random_strength=0.5,
            feature_fraction=float(f"{min(1.6 / np.sqrt(columns), 1.0):.2g}"),
            row_fraction=0.8,
            border_count=128,
        )
        for depth in depths
    )


def validation_folds(
    months: Floats | None, groups: npt.NDArray[Any], seed: int
) -> Iterator[tuple[tuple[Rows, Rows], bool]]:
    """Yield pairs of training and validation rows, and whether the latter are the newest sales.

    Random folds first, the more the fewer rows there are; then the newest sales, where their time is known.
    """
    names, codes = np.unique(groups, return_inverse=True)
    share = np.random.default_rng(seed).permutation(len(names)) / len(names)
    count = 5 if len(groups) < 1000 else 3 if len(groups) < 5000 else 1 if months is not None else 2
    for number in range(count):
        inside = (share >= number * VALIDATION_SHARE) & (share < (number + 1) * VALIDATION_SHARE)
        if inside.any() and not inside.all():
            yield (np.flatnonzero(~inside[codes]), np.flatnonzero(inside[codes])), False
    if months is not None:
        older = months < np.quantile(months, 1.0 - VALIDATION_SHARE)
        newest = ~older & ~np.isin(codes, codes[older])
        if older.sum() > VALIDATION_SHARE * len(groups) and newest.any():
            yield (np.flatnonzero(older), np.flatnonzero(newest)), True


def _fit_fold(
    X: pl.DataFrame,
    log_prices: Floats,
    fold: tuple[Rows, Rows],
    candidates: tuple[Boosting, ...],
    config: FoundTraining,
    with_time: tuple[bool, ...],
    variants: list[Variant] | Callable[[FeatureMatrix, Floats], list[Variant]],
) -> FoldFit:
    """Fit the parts to one side of a fold; the kernels are given, or found on that side."""
    learn, validate = fold
    sales, judged = detrend(X[learn], log_prices[learn], config), matrix(X[validate])
    y_true = np.asarray(log_prices[validate] - sales.trend.predict(judged))
    months = judged[TIME] if TIME in judged.names else None
    judged = encode(judged, sales.mixed_model)
    if callable(variants):
        variants = variants(sales.features, sales.log_prices)
    kernel_ridge = variants[0][0].with_at_most(CENTRES)
    weights = robust_sample_weights(sales.features, sales.log_prices, config.robust_weights, kernel_ridge, config.seed)
    kernels = [
        np.asarray(regression.predict(judged, look_up))
        for variant, factors in variants
        for regression in fit_penalty_path(
            sales.features, sales.log_prices, variant.with_at_most(CENTRES), factors, config.seed, weights
        )
    ]
    linear = np.asarray(sales.mixed_model.predict(judged))
    trees = {
        (number, timed): fit_staged_trees(
            (sales.of_trees(with_time=timed), sales.log_prices),
            (with_months(judged, months if timed else None), y_true),
            candidate, config.seed, config.threads, weights,
        )
        for number, candidate in enumerate(candidates)
        for timed in with_time
    }  # fmt: skip
    return FoldFit(trees, kernels, linear, y_true)


def _decide(
    fits: list[FoldFit], candidates: tuple[Boosting, ...], config: Training, variants: list[Variant], rows: int
) -> Training:
    """Choose the boosting, whether its trees see the time, and the shares."""
    usual = config.time_in_trees is True
    curves = [
        np.average([fit.trees[number, usual].errors for fit in fits], axis=0, weights=[len(fit.y_true) for fit in fits])
        for number in range(len(candidates))
    ]
    best = min(range(len(candidates)), key=lambda number: float(curves[number].min()))
    iterations = int(curves[best].argmin()) + 1 if config.boosting == "auto" else len(curves[best])
    timed = usual
    for fit in fits:
        if (best, True) in fit.trees and not usual:
            timed = _is_better(fit, best, iterations)
    y_true = np.concatenate([fit.y_true for fit in fits])
    of_trees = [fit.trees[best, timed if (best, timed) in fit.trees else usual].predict(iterations) for fit in fits]
    parts = [
        {
            TREES: np.concatenate(of_trees),
            KERNELS: np.concatenate([fit.kernels[number] for fit in fits]),
            LINEAR: np.concatenate([fit.linear for fit in fits]),
        }
        for number in range(len(fits[0].kernels))
    ]
    by_hand = {
        part: share for part, share in ((TREES, config.tree_share), (LINEAR, config.linear_share)) if share != "auto"
    }
    spread = SPREAD if rows < VERY_FEW_ROWS else None
    blended = [find_shares(predictions, y_true, by_hand, spread) for predictions in parts]
    chosen = min(range(len(parts)), key=lambda number: blend_error(parts[number], blended[number], y_true))
    shares = blended[chosen]
    boosting = candidates[best]
    if config.boosting == "auto":
        ensembles = min(max(MAX_TREES[rows >= FEW_ROWS] // iterations, 1), MAX_ENSEMBLES)
        boosting = boosting.model_copy(update={"iterations": iterations, "ensembles": ensembles})
    slope = config.blend_slope
    if slope == "auto":
        slope = find_slope(np.sum([parts[chosen][part] * share for part, share in shares.items()], axis=0), y_true)
    found = {"tree_share": shares[TREES], "linear_share": shares[LINEAR], "blend_slope": slope}
    tried = [variant.with_penalties(factor) for variant, factors in variants for factor in factors]
    return config.model_copy(
        update={"boosting": boosting, "time_in_trees": timed, "kernel_ridge": tried[chosen], **found}
    )


def _is_better(fit: FoldFit, number: int, iterations: int) -> bool:
    """Return whether trees that see the time have less spread errors on the newest sales, by a standard error.

    The mean error is left out: it is how far the market went off its trend, which trees cannot foresee either, and of
    some months of sales it is so large that it would hide what the trees gain or lose.
    """
    errors = [fit.trees[number, with_time].predict(iterations) - fit.y_true for with_time in (False, True)]
    without, timed = ((error - error.mean()) ** 2 for error in errors)
    gain = without - timed
    return bool(gain.mean() > gain.std() / np.sqrt(len(gain)))
