"""Which sales are learned from, and which are kept back: parcels whole, the newest held out."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from houseprice.errors import DataError
from houseprice.learning.splitting import HOLDOUT, RESOLD, TRAIN, folds, origins, split

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
    """One sentence, with how many there are and how many it takes."""
    with pytest.raises(DataError, match=r"3 parcels.*10 folds") as excinfo:
        list(folds(np.array(["a", "b", "b", "c"]), 10, 0))
    assert excinfo.value.code == "folds_impossible"


@given(SALES, st.integers(1, 6))
def test_an_origin_is_judged_by_what_came_before_it(sales: list[tuple[int, int]], count: int) -> None:
    """Every judged day lies after every day learned from, parcels stay whole, and no row is judged twice."""
    days, parcels = arrays(sales)
    try:
        pairs = list(origins(days, parcels, count))
    except DataError:
        assume(False)
    assert 1 <= len(pairs) <= count
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


def test_sales_that_no_origin_divides_are_an_error() -> None:
    """All of one day have no before and after."""
    with pytest.raises(DataError, match="4 sales on 1 days") as excinfo:
        list(origins(np.array([7, 7, 7, 7]), np.array(list("abcd")), 3))
    assert excinfo.value.code == "rolling_origins_impossible"
