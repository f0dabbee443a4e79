"""Moran's I of errors: found where it was planted, by the hand-worked formula and by esda's own test."""

import subprocess
import sys
from datetime import date

import numpy as np
import polars as pl
import pytest
from libpysal.weights import W

from houseprice.learning import feature_table
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.places import coordinates_of
from houseprice.learning.spatial_autocorrelation import (
    mean_of_neighbours,
    measure_spatial_autocorrelation,
    morans_i,
    nearest_sales,
)
from houseprice.schema import Schema


def table(latitude: np.ndarray, longitude: np.ndarray, *, roles: bool = True) -> FeatureTable:
    """Return held-out sales at some places, and one to train on."""
    columns = {
        "plot": {"kind": "category", "role": "parcel"},
        "day": {"kind": "date", "role": "sale_date", "known": "at_sale"},
        "paid": {"kind": "number", "role": "target", "known": "at_sale"},
        "north": {"kind": "number"} | ({"role": "latitude"} if roles else {}),
        "east": {"kind": "number"} | ({"role": "longitude"} if roles else {}),
    }
    schema = Schema.model_validate({"columns": {name: {"description": name, **one} for name, one in columns.items()}})
    count = len(latitude)
    sales = pl.DataFrame(
        {
            "plot": [str(number) for number in range(count + 1)], "day": [date(2020, 1, 1)] * (count + 1),
            "paid": [1e5] * (count + 1), "split": ["holdout"] * count + ["train"], "north": [*latitude, 0.0],
            "east": [*longitude, 0.0],
        }
    )  # fmt: skip
    return feature_table.parse(feature_table.write(sales, "0" * 64), "made", schema)


def measured(latitude: np.ndarray, longitude: np.ndarray, errors: np.ndarray, seed: int = 0) -> dict[str, float]:
    """Return what is measured of errors at some places."""
    made = table(latitude, longitude)
    return measure_spatial_autocorrelation(made, made.rows("holdout"), errors, seed)


@pytest.fixture
def places() -> tuple[np.ndarray, np.ndarray]:
    """Return four hundred places of a town far in the north, where a degree of longitude is half one of latitude."""
    draw = np.random.default_rng(5)
    return draw.uniform(60.0, 60.2, 400), draw.uniform(10.0, 10.4, 400)


def test_the_measure_is_that_of_a_case_worked_by_hand() -> None:
    """Four places in a row, each the neighbour of the next: errors 1, 2, 3 and 6 around their mean 3.

    Deviations −2, −1, 0 and 3; means of the neighbours' −1, −1, 1 and 0; products 2, 1, 0 and 0; squares 4, 1, 0 and 9:
    3 ÷ 14.
    """
    weights = W({0: [1], 1: [0, 2], 2: [1, 3], 3: [2]})
    weights.transform = "r"
    found = morans_i(np.array([1.0, 2.0, 3.0, 6.0]), weights, seed=0)
    assert found["morans_i"] == pytest.approx(3.0 / 14.0)
    assert found["expected"] == pytest.approx(-1.0 / 3.0)


def test_it_is_the_slope_of_the_neighbours_mean_error(places: tuple[np.ndarray, np.ndarray]) -> None:
    """As the report explains it."""
    errors = np.random.default_rng(0).normal(size=400) + 20 * (places[0] - 60.1)
    made = table(*places)
    coordinates = coordinates_of(made, made.rows("holdout"))
    assert coordinates is not None
    slope = np.polyfit(errors, mean_of_neighbours(errors, coordinates), 1)[0]
    assert measured(*places, errors)["morans_i"] == pytest.approx(slope)


def test_planted_autocorrelation_is_found_and_shuffled_errors_have_none(places: tuple[np.ndarray, np.ndarray]) -> None:
    """A corner of the town that is predicted a tenth too low; the same errors anywhere are noise."""
    draw = np.random.default_rng(1)
    corner = (places[0] > 60.1) & (places[1] > 10.2)
    errors = draw.normal(0.0, 0.1, 400) - 0.1 * corner
    found = measured(*places, errors)
    assert found["morans_i"] > 0.1
    assert found["p_value"] == 0.001
    shuffled = [measured(*places, draw.permutation(errors), seed)["p_value"] for seed in range(40)]
    assert np.mean(np.array(shuffled) <= 0.05) <= 0.15
    assert 0.3 < np.mean(shuffled) < 0.7


def test_neighbours_are_the_nearest_on_the_ground(places: tuple[np.ndarray, np.ndarray]) -> None:
    """In the north, east and west are nearer than degrees say; across the date line they are near at all."""
    coordinates = np.column_stack(places)
    weights = nearest_sales(coordinates)
    north, east = np.radians(coordinates).T
    for sale in (0, 57, 399):
        cosine = np.sin(north[sale]) * np.sin(north) + np.cos(north[sale]) * np.cos(north) * np.cos(east - east[sale])
        nearest = np.argsort(-cosine)[1:9]
        assert set(weights.neighbors[sale]) == set(nearest.tolist())
        degrees = np.hypot(*(coordinates - coordinates[sale]).T)
        assert sale != 0 or set(np.argsort(degrees)[1:9].tolist()) != set(nearest.tolist())
    line = 180.0 + (np.arange(40) - 20) * 0.001
    across = np.column_stack([np.zeros(40), np.where(line > 180.0, line - 360.0, line)])
    assert set(nearest_sales(across).neighbors[20]) == {*range(16, 25)} - {20}


def test_coordinates_of_a_plane_are_taken_as_they_are() -> None:
    """Metres, which no degrees can be."""
    east = np.arange(40) * 10.0 + 500_000.0
    assert set(nearest_sales(np.column_stack([np.full(40, 5_200_000.0), east])).neighbors[20]) == {*range(16, 25)} - {
        20
    }


def test_several_sales_at_one_place_are_neighbours_and_none_is_its_own() -> None:
    """A tower of thirty flats that are all predicted too low, beside single houses."""
    draw = np.random.default_rng(2)
    latitude = np.concatenate([np.full(30, 47.6), draw.uniform(47.5, 47.7, 100)])
    longitude = np.concatenate([np.full(30, -122.3), draw.uniform(-122.4, -122.2, 100)])
    weights = nearest_sales(np.column_stack([latitude, longitude]))
    assert all(len(others) == 8 and sale not in others for sale, others in weights.neighbors.items())
    assert all(max(weights.neighbors[sale]) < 30 for sale in range(30))
    errors = draw.normal(0.0, 0.1, 130)
    errors[:30] -= 0.3
    assert measured(latitude, longitude, errors)["p_value"] < 0.01


def test_the_same_seed_gives_the_same_value_and_the_global_state_stays(places: tuple[np.ndarray, np.ndarray]) -> None:
    """Esda draws from numpy's global generator, which others may draw from too."""
    errors = np.random.default_rng(3).normal(size=400) + (places[1] - 10.2)
    np.random.seed(7)
    expected = np.random.random(2)
    np.random.seed(7)
    first = measured(*places, errors, seed=1)
    assert np.random.random(2).tolist() == expected.tolist()
    assert measured(*places, errors, seed=1) == first


@pytest.mark.parametrize("count", [1, 2, 29])
def test_few_sales_are_not_measured(count: int) -> None:
    """Their nearest are most of all."""
    assert measured(np.linspace(47, 48, count), np.linspace(1, 2, count), np.arange(count) / 10) == {
        "reason": "few_sales"
    }


def test_what_cannot_be_measured_says_why(places: tuple[np.ndarray, np.ndarray]) -> None:
    """Errors without a spread, sales of one place, and schemas without coordinates."""
    errors = np.random.default_rng(4).normal(size=400)
    assert measured(*places, np.full(400, 0.1)) == {"reason": "equal_errors"}
    assert measured(np.full(400, 47.0), np.full(400, 8.0), errors) == {"reason": "one_place"}
    without = table(*places, roles=False)
    assert measure_spatial_autocorrelation(without, without.rows("holdout"), errors, 0) == {"reason": "no_coordinates"}


@pytest.mark.long
def test_its_libraries_are_imported_only_when_it_is_measured() -> None:
    """They take seconds, which no other command should wait for."""
    module = "houseprice.learning.spatial_autocorrelation"
    code = f"import sys, {module}; sys.exit('esda' in sys.modules or 'libpysal' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
