"""DerivedFeature columns: each is what its name says, for every house that a request can hold."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import ndonnx as ndx
import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.errors import ConfigError
from houseprice.learning.derived_features import DAYS_A_MONTH, DERIVED_FEATURES, DerivedFeature, year_of
from houseprice.learning.features import check_derived
from learning.houses import SCHEMA
from pipeline import Pipeline

EPOCH = date(1970, 1, 1)


def days(day: date) -> float:
    """Return the days since 1970-01-01."""
    return float((day - EPOCH).days)


def derive(name: str, first_day: float = 0.0, **house: float) -> float:
    """Return one derived value of one house."""
    arrays = {role: np.array([value], dtype=np.float64) for role, value in house.items()}
    return float(DERIVED_FEATURES[name].compute(arrays, first_day)[0])


def test_the_year_of_a_day_is_the_calendars() -> None:
    """On every single day from the first of the year 1 to the last of 9999, leap years and centuries included."""
    every = np.arange(days(date.min), days(date.max) + 1)
    years = every.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    assert (year_of(every) == years).all()


@pytest.mark.parametrize("year", [1600, 1700, 1900, 1999, 2000, 2004, 2015, 2100, 2400])
def test_the_year_turns_on_new_years_day(year: int) -> None:
    """Not a day before, not a day after."""
    new_year = days(date(year, 1, 1))
    assert year_of(np.array([new_year - 1, new_year, new_year + 58, new_year + 59, new_year + 60])).tolist() == [
        year - 1, year, year, year, year,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "house", "value"),
    [
        ("age_at_sale", {"sale_date": days(date(2015, 1, 1)), "year_built": 1990}, 25.0),
        ("age_at_sale", {"sale_date": days(date(2014, 12, 31)), "year_built": 1990}, 24.0),
        ("age_at_sale", {"sale_date": days(date(2014, 12, 31)), "year_built": 2015}, -1.0),
        (
            "years_since_renovation",
            {"sale_date": days(date(2015, 5, 1)), "year_built": 1950, "year_renovated": 2005},
            10.0,
        ),
        (
            "years_since_renovation",
            {"sale_date": days(date(2015, 5, 1)), "year_built": 1950, "year_renovated": 0},
            65.0,
        ),
        ("living_area_per_lot_area", {"living_area": 200, "lot_area": 800}, 0.25),
        ("living_area_per_lot_area", {"living_area": 200, "lot_area": 0}, 200.0),
        ("living_area_per_room", {"living_area": 200, "bedrooms": 3}, 50.0),
        ("living_area_per_room", {"living_area": 200, "bedrooms": 0}, 200.0),
        ("bathrooms_per_room", {"bathrooms": 2.5, "bedrooms": 4}, 0.5),
        ("living_area_to_neighbours", {"living_area": 200, "neighbour_living_area": 160}, 1.25),
        ("lot_area_to_neighbours", {"lot_area": 300, "neighbour_lot_area": 0.5}, 300.0),
        ("north_east", {"latitude": 47.5, "longitude": -122.25}, -74.75),
        ("north_west", {"latitude": 47.5, "longitude": -122.25}, 169.75),
    ],
)
def test_a_derived_column_is_what_its_name_says(name: str, house: dict[str, float], value: float) -> None:
    """Checked by hand."""
    assert derive(name, **house) == value


def test_months_are_counted_from_the_first_sale_that_was_learned_from() -> None:
    """Before it they are negative; a year is twelve of them."""
    first = days(date(2014, 5, 2))
    assert derive("months_since_first_sale", first, sale_date=first) == 0.0
    assert derive("months_since_first_sale", first, sale_date=first - DAYS_A_MONTH) == pytest.approx(-1.0)
    assert derive("months_since_first_sale", first, sale_date=first + 365.2425) == pytest.approx(12.0)


EVERY = sorted(DERIVED_FEATURES.items())
ROLES = sorted({role for derived in DERIVED_FEATURES.values() for role in derived.roles})


class Watched(dict[str, Any]):
    """A house that remembers what it was asked for."""

    def __init__(self, house: Mapping[str, Any]) -> None:
        super().__init__(house)
        self.feature_index: set[str] = set()

    def __getitem__(self, role: str) -> Any:
        """Return a column, and remember."""
        self.feature_index.add(role)
        return super().__getitem__(role)


@pytest.mark.parametrize(("name", "derived"), EVERY, ids=[name for name, _ in EVERY])
def test_a_derived_column_reads_just_the_roles_that_it_declares(name: str, derived: DerivedFeature) -> None:
    """Never the target or the parcel; and it is described."""
    house = Watched({role: np.array([3.0]) for role in ROLES})
    derived.compute(house, 0.0)
    assert house.feature_index == set(derived.roles)
    assert not house.feature_index & {"target", "parcel"}
    assert derived.description


NUMBER = st.floats(-1e9, 1e9)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(ROLES, NUMBER)), min_size=1, max_size=4))
def test_every_house_gives_finite_numbers_row_by_row(houses: list[dict[str, float]]) -> None:
    """No value of a column ends in a division by zero, and no row hangs on another."""
    table = {role: np.array([house[role] for house in houses]) for role in ROLES}
    table["bedrooms"] = np.abs(np.round(table["bedrooms"]))
    with np.errstate(all="raise", under="ignore"):
        for name, derived in EVERY:
            together = derived.compute(table, 16000.0)
            alone = [
                derived.compute({role: table[role][[n]] for role in ROLES}, 16000.0)[0] for n in range(len(houses))
            ]
            assert np.isfinite(together).all(), name
            assert together.tobytes() == np.array(alone).tobytes(), name


@pytest.fixture(scope="module")
def graph() -> ort.InferenceSession:
    """Return all derived columns as one ONNX graph, recorded by the very same functions."""
    house = {role: ndx.argument(shape=("n",), dtype=ndx.float64) for role in ROLES}
    made = {name: derived.compute(house, 16000.0) for name, derived in EVERY}
    return ort.InferenceSession(ndx.build(house, made).SerializeToString(), providers=["CPUExecutionProvider"])


@given(st.fixed_dictionaries(dict.fromkeys(ROLES, NUMBER)), st.dates())
def test_the_recorded_graph_gives_the_same_bits(
    graph: ort.InferenceSession, house: dict[str, float], day: date
) -> None:
    """Learning and serving round alike to the last bit, on any house and any day."""
    table = {role: np.array([value]) for role, value in (house | {"sale_date": days(day)}).items()}
    found = graph.run([name for name, _ in EVERY], table)
    for (name, derived), answer in zip(EVERY, found, strict=True):
        mine = derived.compute(table, 16000.0)
        assert mine.tobytes() == answer.tobytes() or (math.isnan(mine[0]) and math.isnan(answer[0])), name


@pytest.mark.parametrize(
    ("derived", "problems"),
    [
        (("age_at_sal",), ['features.derived: unknown "age_at_sal" (did you mean "age_at_sale"?)']),
        (("qqq",), ['features.derived: unknown "qqq"']),
        (("north_east",), ['features.derived: "north_east" needs columns with the roles latitude, longitude']),
        (
            ("bathrooms_per_room", "x"),
            [
                'features.derived: "bathrooms_per_room" needs columns with the roles bathrooms',
                'features.derived: unknown "x"',
            ],
        ),
        (("age_at_sale", "age_at_sale"), ['features.derived: "age_at_sale" is given twice']),
        (("area",), ['features.derived: "area" is the name of a column']),
    ],
)
def test_a_derived_column_that_cannot_be_made_is_a_config_error(derived: tuple[str, ...], problems: list[str]) -> None:
    """Every problem at once, with the key to correct."""
    with pytest.raises(ConfigError) as err:
        check_derived(derived, SCHEMA)
    assert list(err.value.problems) == problems
    assert err.value.exit_code == 3


def test_every_derived_column_can_be_made_from_the_real_houses(pipe: Pipeline) -> None:
    """The project's own schema has every role that any of them needs."""
    check_derived(tuple(DERIVED_FEATURES), pipe.config.schema_)
