"""Which sales are learned from, and which are kept back: parcels whole, the newest held out."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from houseprice.config import Split
from houseprice.errors import DataError
from houseprice.learning.splitting import (
    HOLDOUT,
    RESOLD,
    TRAIN,
    choose_protocol,
    folds,
    houses_of,
    origins,
    split,
    split_at_random,
    split_sales,
)
from houseprice.schema import Schema

SALES = st.lists(st.tuples(st.integers(16000, 16060), st.integers(0, 40)), min_size=1, max_size=80)
SHARES = st.floats(0, 1, exclude_min=True, exclude_max=True)


def arrays(sales: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return days and parcels."""
    return np.array([day for day, _ in sales], dtype=np.int64), np.array([f"p{parcel}" for _, parcel in sales])


@given(SALES, SHARES)
def test_the_newest_sales_are_held_out_and_no_parcel_stands_on_both_sides(
    sales: list[tuple[int, int]], share: float
) -> None:
    """Every held-out day lies after every day learned from, and whoever was sold before is set apart."""
    days, parcels = arrays(sales)
    try:
        side = split(days, parcels, share)
    except DataError:
        assume(False)
    train, newest = side == TRAIN, side != TRAIN
    assert set(side) <= {TRAIN, HOLDOUT, RESOLD}
    assert train.any()
    assert (side == HOLDOUT).any()
    assert days[train].max() < days[newest].min()
    assert not set(parcels[train]) & set(parcels[side == HOLDOUT])
    assert set(parcels[side == RESOLD]) <= set(parcels[train])
    days_with_other_houses = [day for day in set(days.tolist()) if set(parcels[days >= day]) - set(parcels[days < day])]
    others = [(days >= day).sum() for day in days_with_other_houses if day > days.min()]
    assert abs(newest.sum() - share * len(sales)) == min(abs(other - share * len(sales)) for other in others)


@given(SALES, SHARES, st.randoms())
def test_the_order_of_the_rows_does_not_matter(sales: list[tuple[int, int]], share: float, random: object) -> None:
    """A table that is sorted by something else is divided alike."""
    days, parcels = arrays(sales)
    place = list(range(len(sales)))
    random.shuffle(place)  # type: ignore[attr-defined]
    try:
        side = split(days, parcels, share)
    except DataError:
        with pytest.raises(DataError):
            split(days[place], parcels[place], share)
        return
    assert split(days[place], parcels[place], share).tolist() == side[place].tolist()


@pytest.mark.parametrize(
    ("sizes", "share", "held_out"),
    [
        ([30, 29, 41], 0.15, 41),
        ([30, 30, 26, 14], 0.15, 14),
        ([40, 46, 9, 5], 0.15, 14),
        ([25, 25, 25, 25], 0.4, 50),
        ([25, 25, 25, 25], 0.3, 25),
    ],
)
def test_coarse_dates_give_the_nearest_possible_share(sizes: list[int], share: float, held_out: int) -> None:
    """Months or quarters instead of days: one more of them only when that is nearer."""
    days = np.repeat(np.arange(len(sizes)) * 90, sizes)
    parcels = np.arange(len(days)).astype(str)
    assert (split(days, parcels, share) == HOLDOUT).sum() == held_out


def test_whole_days_are_held_out() -> None:
    """Sales of one day stay together, and a house that is sold again is set apart."""
    days = np.array([1, 2, 3, 4, 5, 5, 5, 9])
    parcels = np.array(list("abcdeafb"))
    assert split(days, parcels, 0.3).tolist() == [
        TRAIN, TRAIN, TRAIN, TRAIN, HOLDOUT, RESOLD, HOLDOUT, RESOLD,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "parcels"),
    [([], []), ([5], ["a"]), ([5, 5, 5], list("abc")), ([*range(9)], ["a"] * 9)],
)
def test_sales_that_cannot_be_divided_are_an_error(days: list[int], parcels: list[str]) -> None:
    """All of one day or of one house, or too few for the share: the message tells how many there were."""
    with pytest.raises(DataError, match=f"{len(days)} sales on {len(set(days))} days") as excinfo:
        split(np.array(days, dtype=np.int64), np.array(parcels, dtype=str), 0.9)
    assert excinfo.value.code == "split_impossible"


@given(SALES, st.integers(2, 6), st.integers(0, 3))
def test_every_row_is_judged_once_and_parcels_stay_whole(sales: list[tuple[int, int]], count: int, seed: int) -> None:
    """Within a fold no parcel is both learned from and judged."""
    _, parcels = arrays(sales)
    assume(len(set(parcels)) >= count)
    pairs = list(folds(parcels, count, seed))
    assert len(pairs) == count
    assert sorted(np.concatenate([judged for _, judged in pairs])) == list(range(len(sales)))
    for learned, judged in pairs:
        assert sorted([*learned, *judged]) == list(range(len(sales)))
        assert not set(parcels[learned]) & set(parcels[judged])
        assert len(learned) > 0


def test_folds_hang_on_the_seed_alone() -> None:
    """The same seed gives the same folds, another one others."""
    parcels = np.array([f"p{n}" for n in range(50)])

    def judged(seed: int) -> list[list[int]]:
        return [rows.tolist() for _, rows in folds(parcels, 5, seed)]

    assert judged(0) == judged(0) != judged(1)


def test_too_few_parcels_for_the_folds_are_an_error() -> None:
    """Two parcels make two folds; one cannot be divided."""
    assert len(list(folds(np.array(["a", "b", "b"]), 10, 0))) == 2
    with pytest.raises(DataError) as excinfo:
        list(folds(np.array(["a", "a"]), 10, 0))
    assert excinfo.value.code == "folds_impossible"


@given(SALES, st.integers(1, 6))
def test_an_origin_is_judged_by_what_came_before_it(sales: list[tuple[int, int]], count: int) -> None:
    """Every judged day lies after every day learned from, parcels stay whole, and no row is judged twice."""
    days, parcels = arrays(sales)
    pairs = list(origins(days, parcels, count))
    assume(pairs)
    assert len(pairs) <= count
    judged = np.concatenate([rows for _, rows in pairs])
    assert len(set(judged)) == len(judged)
    for before, window in pairs:
        assert days[before].max() < days[window].min()
        assert not set(parcels[before]) & set(parcels[window])
        assert set(np.flatnonzero(days < days[before].max())) <= set(before)


def test_origins_cover_the_newer_half() -> None:
    """With five of them each window is a tenth of the rows, and the last ends with the last day."""
    days, parcels = np.arange(100), np.array([f"p{n}" for n in range(100)])
    windows = [(rows.min(), rows.max()) for _, rows in origins(days, parcels, 5)]
    assert windows == [(50, 59), (60, 69), (70, 79), (80, 89), (90, 99)]


def test_sales_of_one_day_have_no_origin() -> None:
    """They have no before and after."""
    assert list(origins(np.array([7, 7, 7, 7]), np.array(list("abcd")), 3)) == []


@given(st.lists(st.integers(0, 15), min_size=2, max_size=60), SHARES, st.integers(0, 3))
def test_whole_houses_are_held_out_at_random(houses: list[int], share: float, seed: int) -> None:
    """No house stands on both sides, both have sales, and the order of the rows does not matter."""
    names = np.array([f"h{house}" for house in houses])
    assume(len(set(houses)) > 1)
    side = split_at_random(names, share, seed)
    assert set(side) == {TRAIN, HOLDOUT}
    assert not set(names[side == TRAIN]) & set(names[side == HOLDOUT])
    assert split_at_random(names[::-1], share, seed).tolist() == side[::-1].tolist()


def test_random_houses_come_near_to_the_share() -> None:
    """And another seed draws others."""
    names = np.array([f"h{number % 900}" for number in range(1000)])
    draws = [split_at_random(names, 0.15, seed) == HOLDOUT for seed in (0, 1)]
    assert all(abs(held_out.mean() - 0.15) < 0.005 for held_out in draws)
    assert (draws[0] != draws[1]).any()


def test_one_house_cannot_be_divided() -> None:
    """One sentence and a code."""
    with pytest.raises(DataError) as excinfo:
        split_at_random(np.array(["a", "a"]), 0.5, 0)
    assert excinfo.value.code == "split_impossible"


def each(count: int) -> np.ndarray:
    """Return as many houses."""
    return np.arange(count).astype(str)


@pytest.mark.parametrize(
    ("days", "kind", "reason"),
    [
        (None, "random", "no_sale_date"),
        (np.full(100, 16000), "random", "sale_dates_too_close"),
        (16000 + np.arange(100) % 2 * 365, "random", "sale_dates_too_close"),
        (16000 + np.arange(100) // 2, "random", "sale_dates_too_close"),
        (16000 + np.repeat([0, 90, 180], [10, 10, 80]), "random", "sale_dates_too_coarse"),
        (16000 + np.repeat([0, 90, 180, 270], [25, 25, 25, 25]), "time", ""),
        (16000 + np.arange(100) * 3, "time", ""),
    ],
)
def test_sales_are_divided_by_time_where_their_dates_allow_it(days: Any, kind: str, reason: str) -> None:
    """Some months, at least three dates, and a newest part that is not most of them."""
    found = choose_protocol(days, each(100), Split())
    assert (found.kind, found.reason) == (kind, reason)


def test_a_configured_protocol_is_kept() -> None:
    """Time without dates is an error, and random is random."""
    days = 16000 + np.arange(100) * 3
    assert choose_protocol(days, each(100), Split(protocol="random")).reason == "configured"
    assert choose_protocol(np.full(100, 16000) + np.arange(100) // 50, each(100), Split(protocol="time")).kind == "time"
    with pytest.raises(DataError) as excinfo:
        choose_protocol(None, each(100), Split(protocol="time"))
    assert excinfo.value.code == "split_without_dates"


def test_houses_of_which_most_were_sold_before_are_no_houses() -> None:
    """A block of flats is sold again and again; a house now and then."""
    days = 16000 + np.arange(200) * 3
    assert choose_protocol(days, each(200), Split()).grouped
    assert choose_protocol(days, np.array([f"{n % 190}" for n in range(200)]), Split()).grouped
    assert not choose_protocol(days, np.array([f"block {n % 9}" for n in range(200)]), Split()).grouped


PRICE = {"kind": "number", "role": "target", "known": "at_sale", "description": "Price"}
ROLES = {"parcel": "category", "address": "category", "location": "category", "latitude": "number",
         "longitude": "number"}  # fmt: skip


def houses(*roles: str, **columns: list[Any]) -> list[str]:
    """Return the houses of some sales whose columns bear the names of their roles."""
    declared = {role: {"kind": ROLES[role], "role": role, "description": role} for role in roles}
    schema = Schema.model_validate({"columns": {"price": PRICE, **declared}})
    return houses_of(pl.DataFrame({"price": [1.0, 2.0, 3.0], **columns}), schema).tolist()


def test_a_house_is_known_by_its_parcel_its_address_or_its_place() -> None:
    """In this order; what is missing makes a sale a house by itself."""
    place: dict[str, list[Any]] = {"latitude": [1.0, 1.0, 2.0], "longitude": [5.0, 5.0, 5.0]}
    assert houses("parcel", *place, parcel=["a", "b", "a"], **place) == ["a", "b", "a"]
    one, two, three = houses("address", "location", address=["1 High St", "1  high st", None], location=["x", "x", "x"])
    assert one == two != three
    one, two, three = houses("address", "location", address=["1 High St"] * 3, location=["x", "y", "x"])
    assert one == three != two
    one, two, three = houses(*place, **place)
    assert one == two != three
    assert len(set(houses("latitude", latitude=[1.0, 1.0, 1.0]))) == 3
    assert len(set(houses("parcel", parcel=[None, None, "a"]))) == 3


def test_a_sale_that_is_a_house_by_itself_keeps_its_name_whatever_it_costs() -> None:
    """Its name is made of its own columns, so that no price can reach what is fitted."""
    schema = Schema.model_validate({"columns": {"price": PRICE, "area": {"kind": "number", "description": "Area"}}})
    table = pl.DataFrame({"price": [1.0, 2.0, 3.0], "area": [10.0, 20.0, 10.0]})
    names = houses_of(table, schema).tolist()
    assert len(set(names)) == 3
    assert houses_of(table.with_columns(price=9.0), schema).tolist() == names
    assert houses_of(table[1:2], schema).tolist() == names[1:2]


def test_a_sale_without_a_parcel_has_the_same_name_among_others_as_alone() -> None:
    """Only sales that nothing identifies are named by their values."""
    declared = {
        "parcel": {"kind": "category", "role": "parcel", "description": "Parcel"},
        "area": {"kind": "number", "description": "Area"},
    }
    schema = Schema.model_validate({"columns": {"price": PRICE, **declared}})
    table = pl.DataFrame({"price": [1.0] * 4, "parcel": ["a", None, "b", None], "area": [10.0, 20.0, 10.0, 20.0]})
    names = houses_of(table, schema).tolist()
    assert [names[0], names[2]] == ["a", "b"]
    assert [names[1], names[3]] == houses_of(table[[1, 3]], schema).tolist()
    assert len(set(names)) == 4


def test_sales_without_a_date_are_learned_from() -> None:
    """They are never among the newest."""
    schema = Schema.model_validate(
        {"columns": {"price": PRICE, "day": {"kind": "date", "role": "sale_date", "description": "Day"}}}
    )
    days = [None if number % 10 == 9 else date(2020, 1, 1) + timedelta(days=5 * number) for number in range(100)]
    table = pl.DataFrame({"price": [float(number) for number in range(100)], "day": days})
    side = split_sales(table, schema, Split(), 0)
    assert set(side[9::10]) == {TRAIN}
    assert (side == HOLDOUT).sum() == 15
