"""The noise floor: known noise is found again, of several levels, whatever hides it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from houseprice.learning.near_twins import cells, nearest_pairs
from houseprice.learning.noise_floor import Twins, noise_floor, twin_spread

Floats = npt.NDArray[np.float64]
MISSED = 0.08
"""Standard deviation of what the regression misses, in log price."""


def generated(count: int, level: float, seed: int) -> tuple[Twins, float]:
    """Return sales of a known noise, and its root mean square over the newest 15 %.

    Three in ten stand in one estate, near to each other, and scatter less than half as much as the others; what the
    regression misses changes over the coordinates.
    """
    draw = np.random.default_rng(seed)
    places = draw.normal(size=(count, 4)) * (0.4, 0.2, 0.1, 0.05)
    estate = draw.random(count) < 0.3
    places[estate] *= 0.15
    noise = level * np.where(estate, 0.5, 1.2) * np.exp(0.2 * draw.normal(size=count))
    waves = places @ draw.normal(size=(4, 60)) * 4.0 + draw.uniform(0.0, 2.0 * np.pi, 60)
    missed = MISSED * np.sqrt(2.0 / 60) * np.cos(waves).sum(axis=1)
    fsd = np.hypot(noise, MISSED) * np.exp(0.1 * draw.normal(size=count))
    residuals = missed + draw.standard_t(6, count) * np.sqrt(4.0 / 6.0) * noise
    newest = np.arange(int(0.85 * count), count)
    truth = float(np.sqrt((noise[newest] ** 2).mean()))
    return Twins(residuals, places, fsd, np.arange(count).astype(str), newest), truth


def measured(sales: Twins, seed: int = 0) -> dict[str, Any]:
    """Return the noise floor, beside a constant that misses by 0.5."""
    squared = sales.residuals[sales.held_out] ** 2
    return noise_floor(sales, squared, squared + 0.25, seed)


def test_known_noise_is_found_although_twins_are_of_the_uniform_estate() -> None:
    """Not half of it, as the nearest pairs say by themselves; the errors of the regression are not taken for noise."""
    sales, truth = generated(3000, 0.15, 1)
    found = measured(sales)
    assert found["ci95"][0] <= truth <= found["ci95"][1]
    assert found["value"] == pytest.approx(truth, rel=0.15)
    assert found["by_distance"][0] < 0.75 * found["by_distance"][-1]
    assert twin_spread(sales.residuals, sales, 0)["log_rms"] < 0.75 * truth


def test_the_share_explained_is_of_what_is_above_the_floor() -> None:
    """1 − (MSE − floor²) ÷ (MSE of the constant − floor²)."""
    sales, _ = generated(1000, 0.1, 2)
    found = measured(sales)
    error = (sales.residuals[sales.held_out] ** 2).mean()
    share = 1.0 - (error - found["value"] ** 2) / (error + 0.25 - found["value"] ** 2)
    explained = found["explained_of_explainable"]
    assert explained["value"] == pytest.approx(share)
    assert explained["ci95"][0] < share < explained["ci95"][1]


def test_without_noise_the_floor_is_near_zero() -> None:
    """Prices that a smooth function gives leave little at a distance of 0."""
    sales, _ = generated(2000, 1e-6, 3)
    assert measured(sales)["value"] < 0.25 * MISSED


def test_where_the_constant_is_as_good_as_any_model_nothing_is_explainable() -> None:
    """Prices that are noise alone have a floor, and no share of what is above it."""
    sales, truth = generated(1000, 0.2, 5)
    noise = np.random.default_rng(5).normal(0.0, truth, 1000)
    alone = sales._replace(residuals=noise, fsd=np.full(1000, truth))
    squared = noise[alone.held_out] ** 2
    found = noise_floor(alone, squared, squared, 0)
    assert found["ci95"][0] < truth < found["ci95"][1]
    assert "explained_of_explainable" not in found


def test_few_sales_have_no_floor_but_a_reason() -> None:
    """So it is where every sale is of one house; where all coordinates are equal there is nothing to extrapolate."""
    few, _ = generated(60, 0.1, 4)
    assert measured(few) == {"reason": "too_few_pairs"}
    sales, _ = generated(500, 0.1, 4)
    assert measured(sales._replace(houses=np.full(500, "a"))) == {"reason": "too_few_pairs"}
    assert twin_spread(few.residuals, few._replace(houses=np.full(60, "a")), 0) == {}
    equal = sales._replace(coordinates=np.zeros((500, 2)))
    assert measured(equal)["value"] == pytest.approx(sales.residuals.std(), rel=0.3)


def test_pairs_are_of_different_houses_and_each_stands_once() -> None:
    """Two sales of one house are no twins, however near."""
    places = np.array([[0.0], [0.001], [1.0], [1.2]])
    pairs = nearest_pairs(places, np.array(["a", "a", "b", "c"]))
    found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert found == {(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)}
    assert len(pairs.first) == len(found)
    assert pairs.nearest(4) == pytest.approx([1.0, 0.999, 0.2, 0.2])


def test_cells_hold_equal_numbers_of_neighbours() -> None:
    """A cell of a line is a piece of it."""
    line = np.random.default_rng(0).permutation(160)
    cell = cells(line[:, None].astype(float), 4)
    assert np.bincount(cell).tolist() == [40] * 4
    assert all(np.ptp(line[cell == number]) == 39 for number in range(4))


@pytest.mark.long
@pytest.mark.parametrize("level", [0.08, 0.12, 0.2])
def test_the_interval_holds_the_known_noise_nine_times_in_ten(level: float) -> None:
    """Of sixty draws at each level of noise; on average the estimate is right to 5 %."""
    draws = [generated(1500, level, seed) for seed in range(60)]
    found = [measured(sales, seed) for seed, (sales, _) in enumerate(draws)]
    held = [one["ci95"][0] <= truth <= one["ci95"][1] for one, (_, truth) in zip(found, draws, strict=True)]
    ratios = [one["value"] / truth for one, (_, truth) in zip(found, draws, strict=True)]
    assert np.mean(held) >= 0.9
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.05)
