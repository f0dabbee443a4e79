"""Noise floor: the error that no model of the same columns can undercut, from near-twin sales.

Two houses that are alike in everything that is known of them are still sold at different prices. Half the mean squared
difference of their log prices is the variance of that noise (Rice 1984; Devroye, Györfi, Lugosi & Walk 2018, "A nearest
neighbour estimate of the residual variance"). Twins are never quite alike, and the nearest ones are newer and more
uniform houses, of which prices scatter less. So

- half squared differences are regressed on the squared distance of the twins, and read off at 0 (the Gamma test: Evans
  & Jones 2002). What is compared are residuals of a smooth regression, so that little is left to depend on the
  distance; its own fit to these sales has no part in it, since it moves two equal houses alike;
- the noise is a share of the squared forecast standard deviation (FSD) of a house, another share for each fifth of the
  distance to the nearest twin, and is averaged over the held-out sales. Those without a near twin have the last share.

What differs between twins and is in no column is noise to any model. So is a price level that changes within the
distance between two twins, so that the estimate is rather too high than too low.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import matrix
from houseprice.learning.near_twins import Pairs, cells, nearest_pairs, similarity_coordinates
from houseprice.learning.splitting import HOLDOUT, TRAIN
from houseprice.learning.training import PriceModel
from houseprice.metrics import BOOTSTRAP_SAMPLES, CONFIDENCE

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
STRATA = 5
PAIRS_A_STRATUM = 200
"""Pairs that a share of the noise is measured on, about, at least."""
MIN_PAIRS = 400
MIN_FSD = 1e-4  # log price; exact predictions have none
EXACT = 1e-12  # squared log price
NEAR = 0.05  # log price, by which near twins should differ, at most
MIN_NEAR_TWINS = 50
CELLS = 128
"""Neighbourhoods that the bootstrap draws, at most, since sales of one err together."""


class Twins(NamedTuple):
    """Sales with what is compared among them.

    Attributes:
        residuals: log price of each sale less a smooth function of its coordinates.
        coordinates: [sales, coordinates], in which a distance is about a difference in log price.
        fsd: forecast standard deviation of each, as of one that its estimate has not seen.
        houses: house of each.
        held_out: positions of those that the noise is averaged over.
    """

    residuals: Floats
    coordinates: Floats
    fsd: Floats
    houses: npt.NDArray[np.str_]
    held_out: Rows


def measure_noise_floor(
    table: FeatureTable, model: PriceModel, fsd: Floats, predictions: Floats, seed: int
) -> dict[str, Any]:
    """Return `noise_floor` of the held-out sales of a table, and the spread of its nearest twins.

    Args:
        table: of which training and held-out sales are compared.
        model: fitted on the training sales.
        fsd: of each sale of the table, as of one that its estimate has not seen.
        predictions: price of each sale of the table.
        seed: of the bootstrap.

    Returns:
        Beside what `noise_floor` gives, `near_twins`: that of `twin_spread`, where there are such pairs.
    """
    rows = np.flatnonzero(np.isin(table.side, (TRAIN, HOLDOUT)))
    features, log_prices = table.features[rows], np.log(table.prices)
    coordinates, smooth = similarity_coordinates(features, model)
    held_out, train = table.rows(HOLDOUT), table.rows(TRAIN)
    sales = Twins(
        log_prices[rows] - smooth,
        coordinates,
        np.maximum(fsd[rows], MIN_FSD),
        table.parcels[rows],
        np.searchsorted(rows, held_out),
    )
    of_model = (log_prices[held_out] - np.log(predictions[held_out])) ** 2
    of_constant = (log_prices[held_out] - log_prices[train].mean()) ** 2
    found = noise_floor(sales, of_model, of_constant, seed)
    on_one_day = log_prices[rows] - model.trend_.predict(matrix(features))
    spread = twin_spread(on_one_day, sales, seed)
    return found | ({"near_twins": spread} if spread else {})


def twin_spread(log_prices: Floats, sales: Twins, seed: int) -> dict[str, Any]:
    """Return how far the prices of near twins lie apart, as they are; nothing with fewer than `MIN_NEAR_TWINS`.

    Near twins should differ by `NEAR` in log price, at most. This needs no assumption, but is only true of houses that
    have such a twin.

    Args:
        log_prices: of each sale, carried to one day.
        sales: among which twins are looked for.
        seed: of the bootstrap, which draws neighbourhoods.

    Returns:
        `pairs`; `log_rms`, the root mean squared difference ÷ √2, with `ci95`; `robust`, the same from the median
        absolute difference of a normal distribution; `mean_fsd`, the mean FSD of these houses.
    """
    pairs = nearest_pairs(sales.coordinates, sales.houses)
    pairs = pairs.where(pairs.distance <= NEAR)
    if len(pairs.first) < MIN_NEAR_TWINS:
        return {}
    apart = np.abs(log_prices[pairs.first] - log_prices[pairs.second]) / np.sqrt(2.0)
    cell = np.unique(cells(sales.coordinates, CELLS)[pairs.first], return_inverse=True)[1]
    of_cells = np.column_stack([np.bincount(cell), np.bincount(cell, weights=apart**2)])
    drawn = np.random.default_rng(seed).integers(0, len(of_cells), (BOOTSTRAP_SAMPLES, len(of_cells)))
    counts, squares = of_cells[drawn].sum(axis=1).T
    return {
        "pairs": len(pairs.first),
        "log_rms": float(np.sqrt((apart**2).mean())),
        "ci95": _ends(np.sqrt(squares / counts)),
        "robust": float(np.median(apart) / NormalDist().inv_cdf(0.75)),
        "mean_fsd": float(sales.fsd[np.concatenate([pairs.first, pairs.second])].mean()),
    }


def noise_floor(sales: Twins, of_model: Floats, of_constant: Floats, seed: int) -> dict[str, Any]:
    """Return the noise floor of the held-out sales in log price, and which share of what is explainable is explained.

    The floor is the mean of two estimates, from the nearer half of the pairs and from all: the first may leave out
    houses of which twins are rare, the second takes some of what lies between unlike twins for noise. The intervals
    hold those of both.

    Args:
        sales: among which twins are looked for.
        of_model: squared log error of the model for each held-out sale.
        of_constant: that of the constant.
        seed: of the bootstrap, which draws neighbourhoods and held-out sales.

    Returns:
        `value` with `ci95`; `pairs`, and their median `distance`; `by_distance`, the floor by the nearer half for
        fifths of the sales, those with the nearest twin first; `explained_of_explainable` (`value`, `ci95`): 1 − (MSE
        − floor²) ÷ (MSE of the constant − floor²), where the constant errs by more than the floor. With fewer than
        `MIN_PAIRS`, the `reason` alone: `too_few_pairs`.
    """
    pairs = nearest_pairs(sales.coordinates, sales.houses)
    if len(pairs.first) < MIN_PAIRS:
        return {"reason": "too_few_pairs"}
    near = pairs.where(pairs.distance <= np.median(pairs.distance))
    both = [_estimate(sales, chosen, of_model, of_constant, seed) for chosen in (near, pairs)]
    value = float(np.mean([one.floor[0] for one in both]))
    found: dict[str, Any] = {
        "value": value,
        "ci95": _around([one.floor for one in both]),
        "pairs": len(pairs.first),
        "distance": float(np.median(pairs.distance)),
        "by_distance": both[0].by_distance,
    }
    if of_constant.mean() > found["ci95"][1] ** 2:
        found["explained_of_explainable"] = {
            "value": float(_explained(value, of_model.mean(), of_constant.mean())),
            "ci95": _around([one.explained for one in both]),
        }
    return found


class _Estimate(NamedTuple):
    """Floor and share explained, of all sales and then of each draw; and the floor by distance to the nearest twin."""

    floor: Floats
    explained: Floats
    by_distance: list[float]


def _estimate(sales: Twins, pairs: Pairs, of_model: Floats, of_constant: Floats, seed: int) -> _Estimate:
    """Return what some pairs tell."""
    nearest = pairs.nearest(len(sales.fsd))
    stratum = np.searchsorted(_edges(nearest, len(pairs.first)), nearest, side="right")
    products, moments = _normal_equations(sales, pairs, stratum)
    of_held_out, held_out = stratum[sales.held_out], len(sales.held_out)
    members = of_held_out[:, None] == np.arange(products.shape[1] - 1)
    averaged = np.column_stack([members * sales.fsd[sales.held_out, None] ** 2, of_model, of_constant])
    draw = np.random.default_rng(seed)
    cells_drawn = draw.multinomial(len(products), np.full(len(products), 1 / len(products)), BOOTSTRAP_SAMPLES)
    sales_drawn = draw.multinomial(held_out, np.full(held_out, 1 / held_out), BOOTSTRAP_SAMPLES)
    floor, explained = _averaged(
        np.vstack([np.ones(len(products)), cells_drawn]),
        np.vstack([np.ones(held_out), sales_drawn]) @ averaged / held_out,
        products,
        moments,
    )
    of_strata = averaged[:, :-2].sum(axis=0) / np.maximum(members.sum(axis=0), 1)
    by_distance = np.sqrt(_shares(products.sum(axis=0), moments.sum(axis=0)) * of_strata)
    return _Estimate(floor, explained, by_distance[members.any(axis=0)].tolist())


def _edges(nearest: Floats, pairs: int) -> Floats:
    """Return what divides sales by the distance to their nearest twin: into fifths, or fewer parts where pairs are few.

    A sale without a twin that is near enough belongs to the last of them.
    """
    strata = int(np.clip(pairs // PAIRS_A_STRATUM, 1, STRATA))
    edges = np.quantile(nearest[np.isfinite(nearest)], np.arange(1, strata) / strata)
    return np.unique(edges)


def _normal_equations(sales: Twins, pairs: Pairs, stratum: Rows) -> tuple[Floats, Floats]:
    """Return those of each cell [cells, unknowns, unknowns] and [cells, unknowns].

    Of a pair, half the squared difference is Σ share · FSD² / 2 over its two sales + slope · distance², both sides
    divided by the mean squared FSD; the unknowns are the share of each stratum and the slope.
    """
    squared_fsd, places = sales.fsd**2, np.arange(len(pairs.first))
    scale = (squared_fsd[pairs.first] + squared_fsd[pairs.second]) / 2.0
    design = np.zeros((len(places), stratum.max() + 2))
    for sale in (pairs.first, pairs.second):
        design[places, stratum[sale]] += squared_fsd[sale] / (2.0 * scale)
    design[:, -1] = pairs.distance**2 / scale
    half_squared = (sales.residuals[pairs.first] - sales.residuals[pairs.second]) ** 2 / (2.0 * scale)
    cell = cells(sales.coordinates, CELLS)
    products = np.zeros((cell.max() + 1, design.shape[1], design.shape[1]))
    moments = np.zeros(products.shape[:2])
    np.add.at(products, cell[pairs.first], design[:, :, None] * design[:, None, :])
    np.add.at(moments, cell[pairs.first], design * half_squared[:, None])
    return products, moments


def _averaged(of_cells: npt.NDArray[Any], averages: Floats, products: Floats, moments: Floats) -> tuple[Floats, Floats]:
    """Return floor and share explained of each draw.

    Args:
        of_cells: how often each cell was drawn [draws, cells].
        averages: mean squared FSD in each stratum, and mean squared errors of model and constant [draws, means].
        products: normal equations of each cell.
        moments: their right sides.
    """
    shares = np.array([
        _shares(normal, right)
        for normal, right in zip(np.tensordot(of_cells, products, 1), of_cells @ moments, strict=True)
    ])  # fmt: skip
    squared_floor = (shares * averages[:, :-2]).sum(axis=1)
    floor = np.sqrt(squared_floor)
    return floor, _explained(floor, averages[:, -2], averages[:, -1])


def _explained(floor: Any, of_model: Any, of_constant: Any) -> Any:
    return 1.0 - (of_model - floor**2) / np.maximum(of_constant - floor**2, EXACT)


def _shares(normal: Floats, right: Floats) -> Floats:
    """Return the share of noise in each stratum; none is below 0."""
    return np.asarray(np.maximum(np.linalg.lstsq(normal, right, rcond=1e-12)[0][:-1], 0.0))


def _ends(draws: Floats) -> list[float]:
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return [float(low), float(high)]


def _around(estimates: Sequence[Floats]) -> list[float]:
    """Return the ends of the interval that holds those of all estimates."""
    lows, highs = zip(*(_ends(draws[1:]) for draws in estimates), strict=True)
    return [min(lows), max(highs)]
