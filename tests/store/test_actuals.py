"""Prices paid: all of them or none, each judged by the last answer before its date, corrections with a trace."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from houseprice.errors import InvalidActualsError
from houseprice.store import Actual, ActualsResult, Store, hash_house
from stored import HOUSE, NOW, Clock, Open, prediction

SALE = date(2026, 5, 20)


def at(month: int, day: int, hour: int = 12) -> datetime:
    """Return a time of this year."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


def refused(store: Store, actuals: list[Actual], **options: Any) -> list[tuple[int, str]]:
    """Return row and code of each error; nothing is taken."""
    before = store.status().labelled, store.status().corrections
    with pytest.raises(InvalidActualsError) as raised:
        store.add_actuals(actuals, **options)
    assert (store.status().labelled, store.status().corrections) == before
    assert raised.value.details["count"] == len({error.row for error in raised.value.errors})
    assert all(error.message for error in raised.value.errors)
    return [(error.row, error.code) for error in raised.value.errors]


@pytest.mark.parametrize(
    "key",
    [{"request_id": "request-1"}, {"reference": "house-1"}, {"house": HOUSE}, {"request_id": "request-1", "row": 0}],
    ids=["request_id", "reference", "house", "row"],
)
def test_a_price_finds_its_prediction(store: Store, key: dict[str, Any]) -> None:
    """By the request, by the caller's reference, or by the columns of the house."""
    others = {"request_id": "request-2", "reference": "house-2", "inputs": {"bedrooms": 4.0}}
    store.add([prediction(), prediction(price=1.0, low=1.0, high=1.0, **others)])
    assert store.add_actuals([Actual(510_000, SALE, **key)]) == ActualsResult(1, 0, 0)
    labelled = store.labelled()
    assert (labelled.request_id.tolist(), labelled.price_paid.tolist()) == (["request-1"], [510_000.0])


def test_the_first_key_that_finds_a_prediction_counts(store: Store) -> None:
    """A file may hold parcels that some callers gave as references, beside the columns of the house."""
    store.add([prediction(reference=None), prediction(request_id="request-2", inputs=None)])
    store.add_actuals(
        [
            Actual(500_000, SALE, reference="house-1", house={"bedrooms": 9.0}),
            Actual(600_000, SALE, request_id="lost", reference="another", house=HOUSE),
        ]
    )
    assert sorted(zip(store.labelled().request_id, store.labelled().price_paid, strict=True)) == [
        ("request-1", 600_000.0),
        ("request-2", 500_000.0),
    ]


def test_the_hash_of_a_house_is_that_of_its_values() -> None:
    """However numbers, dates and missing values are written, and without what is no property of the house."""
    written = {"zipcode": "98125", "built": "1951-01-01", "bedrooms": 3, "sqft_living": 1800, "grade": None, "view": ""}
    assert hash_house(written) == hash_house(HOUSE)
    assert hash_house({**HOUSE, "date": date(2026, 5, 1)}, ("date",)) == hash_house(HOUSE)
    assert len({hash_house({**HOUSE, **other}) for other in ({}, {"bedrooms": 4}, {"zipcode": "98126"})}) == 3


@pytest.mark.parametrize("key", [{"reference": "house-1"}, {"house": HOUSE}, {"request_id": "request-1"}])
def test_a_sale_is_judged_by_the_last_live_answer_before_its_date(store: Store, key: dict[str, Any]) -> None:
    """The day of the sale counts as a whole, in UTC; what a shadow model said, or what came later, does not."""
    store.add(
        [
            prediction(predicted_at=at(5, 21, 0), price=5e5),
            prediction(predicted_at=at(5, 20, 23), price=4e5),
            prediction(predicted_at=at(5, 20, 23) + timedelta(minutes=59), price=3e5, role="shadow"),
            prediction(predicted_at=at(5, 1), price=2e5),
        ]
    )
    store.add_actuals([Actual(410_000, SALE, **key)])
    assert store.labelled().price.tolist() == [4e5]


def test_broken_rows_are_told_and_nothing_is_taken(store: Store, clock: Clock) -> None:
    """Each with its code, whatever the others are."""
    store.add([prediction(), *(prediction(request_id="batch", reference=f"row-{row}", row=row) for row in range(3))])
    tomorrow = clock.now.date() + timedelta(days=1)
    broken = [
        Actual(500_000, SALE, reference="house-1"),
        Actual(500_000, SALE),
        Actual(500_000, SALE, reference="nobody's"),
        Actual(500_000, SALE, reference="'; DELETE FROM actuals; --"),
        Actual(500_000, SALE, request_id="batch"),
        Actual(500_000, SALE, request_id="batch", row=9),
        Actual(500_000, date(2026, 4, 30), reference="row-0"),
        Actual(500_000, tomorrow + timedelta(days=1), reference="row-0"),
        Actual(0, SALE, reference="row-0"),
        Actual(float("nan"), SALE, reference="row-0"),
        Actual(float("inf"), SALE, reference="row-0"),
        Actual(True, SALE, reference="row-0"),
        Actual(500, SALE, reference="row-0"),
        Actual(5e8, SALE, reference="row-1"),
        Actual(500_000, SALE, reference="row-2", currency="EUR"),
        Actual(-1, SALE),
        Actual(10**5000, SALE, reference="row-0"),
        Actual(500_000, SALE, request_id="batch", row=2**40),
        Actual(500_000, SALE, request_id="batch", row=-1),
        Actual(500_000, date.max, reference="row-0"),
        Actual(500_000, date.min, reference="row-0"),
        Actual(500_000, tomorrow, reference="row-0", currency="usd"),
    ]
    assert refused(store, broken) == [
        (1, "key_missing"),
        (2, "prediction_unknown"),
        (3, "prediction_unknown"),
        (4, "row_needed"),
        (5, "prediction_unknown"),
        (6, "sale_before_prediction"),
        (7, "sale_in_future"),
        *((row, "price_invalid") for row in (8, 9, 10, 11)),
        (12, "price_implausible"),
        (13, "price_implausible"),
        (14, "currency_mismatch"),
        (15, "key_missing"),
        (15, "price_invalid"),
        (16, "price_invalid"),
        (17, "row_invalid"),
        (18, "row_invalid"),
        (19, "sale_in_future"),
        (20, "sale_before_prediction"),
    ]
    assert store.add_actuals([broken[0], broken[-1]]) == ActualsResult(2, 0, 0)


def test_a_currency_for_all_is_that_of_prices_without_one(store: Store) -> None:
    """It is compared with that of the prediction as well."""
    store.add([prediction()])
    paid = Actual(500_000, SALE, reference="house-1")
    assert refused(store, [paid], currency="SGD") == [(0, "currency_mismatch")]
    assert store.add_actuals([paid], "USD").added == 1


@pytest.mark.parametrize("day", [SALE, SALE + timedelta(days=1)], ids=["same day", "another day"])
def test_the_same_sale_twice_in_a_list_is_refused(store: Store, day: date) -> None:
    """It is told which row is meant, and it is not guessed which price is right."""
    store.add([prediction()])
    assert refused(
        store, [Actual(500_000, SALE, reference="house-1"), Actual(510_000, day, request_id="request-1")]
    ) == [(1, "duplicate_row")]


def test_a_price_that_is_stored_already_is_refused_or_counted(store: Store) -> None:
    """A file that grows from month to month may be loaded again."""
    store.add([prediction(), prediction(request_id="request-2", reference="house-2")])
    known = Actual(510_000, SALE, reference="house-1")
    new = Actual(520_000, SALE, reference="house-2")
    store.add_actuals([known])
    assert refused(store, [new, known]) == [(1, "duplicate")]
    assert store.add_actuals([new, known], skip_known=True) == ActualsResult(1, 0, 1)
    assert store.add_actuals([], skip_known=True) == ActualsResult(0, 0, 0)
    assert (store.status().labelled, store.status().corrections) == (2, 0)


def test_houses_that_nobody_had_asked_for_may_be_passed_over(store: Store) -> None:
    """A file of all sales of a place holds many; what is wrong with another row is told all the same."""
    store.add([prediction()])
    asked, early = Actual(510_000, SALE, reference="house-1"), Actual(5e5, date(2026, 4, 30), reference="house-1")
    other, broken = Actual(520_000, SALE, reference="house-2"), Actual(-1, SALE, reference="house-3")
    assert refused(store, [asked, early, other]) == [(1, "sale_before_prediction"), (2, "prediction_unknown")]
    assert refused(store, [asked, other, broken], skip_unknown=True) == [(2, "price_invalid")]
    assert store.add_actuals([asked, early, other], skip_unknown=True) == ActualsResult(1, 0, 0, unknown=2)


@pytest.mark.parametrize(
    ("price", "day"), [(530_000, SALE), (510_000, SALE + timedelta(days=2))], ids=["price", "date"]
)
def test_a_correction_replaces_and_leaves_a_trace(store: Store, clock: Clock, price: float, day: date) -> None:
    """Another price or another day of the same sale; the former one stays with the time of its replacement."""
    store.add([prediction()])
    store.add_actuals([Actual(510_000, SALE, reference="house-1")])
    clock.now += timedelta(days=1)
    assert store.add_actuals([Actual(price, day, house=HOUSE)]) == ActualsResult(0, 1, 0)
    labelled = store.labelled()
    assert (labelled.price_paid.tolist(), labelled.sale_date.tolist()) == ([price], [day])
    assert labelled.recorded_at.tolist() == [clock.now.replace(tzinfo=None)]
    assert (store.status().labelled, store.status().corrections) == (1, 1)


def test_a_correction_of_the_day_may_move_a_sale_to_another_answer(store: Store) -> None:
    """The price on the same day is the same sale, though a later answer judges it now."""
    store.add([prediction(predicted_at=at(5, 1), price=4e5)])
    store.add_actuals([Actual(510_000, SALE, reference="house-1")])
    store.add([prediction(request_id="request-2", predicted_at=at(5, 19), price=5e5)])  # written late
    assert store.add_actuals([Actual(500_000, SALE, reference="house-1")]) == ActualsResult(0, 1, 0)
    assert (store.labelled().price.tolist(), store.labelled().price_paid.tolist()) == ([5e5], [500_000.0])


def test_a_house_that_is_sold_again_is_another_sale(store: Store) -> None:
    """When it was asked about again in between."""
    store.add([prediction(predicted_at=at(5, 1)), prediction(request_id="request-2", predicted_at=at(5, 25))])
    store.add_actuals([Actual(510_000, SALE, reference="house-1")])
    assert store.add_actuals([Actual(560_000, date(2026, 6, 1), reference="house-1")]) == ActualsResult(1, 0, 0)
    assert store.labelled().price_paid.tolist() == [510_000.0, 560_000.0]


def test_a_clock_that_was_set_back_or_forward_is_named(store: Store, clock: Clock) -> None:
    """A sale of today is in the future of a clock that lags, and before the answers of one that ran ahead."""
    store.add([prediction(), prediction(reference="early", predicted_at=NOW + timedelta(days=365))])
    assert refused(store, [Actual(5e5, NOW.date(), reference="early")]) == [(0, "sale_before_prediction")]
    clock.now -= timedelta(days=365)
    assert refused(store, [Actual(5e5, NOW.date(), reference="house-1")]) == [(0, "sale_in_future")]


def test_many_prices_are_matched_in_blocks(store: Store) -> None:
    """More than one statement can hold, each with its own prediction."""
    numbers = range(1234)
    store.add([prediction(request_id=f"r{n}", reference=f"h{n}", price=1000.0 + n) for n in numbers])
    paid = [Actual(2000.0 + n, SALE, reference=f"h{n}") for n in numbers]
    assert store.add_actuals(paid).added == len(paid)
    labelled = store.labelled()
    assert (labelled.price_paid - labelled.price).tolist() == [1000.0] * len(paid)
    again = [Actual(3000.0 + n, SALE, request_id=f"r{n}") for n in numbers]
    assert store.add_actuals(again).corrected == len(paid)
    assert len(store.labelled()) == len(paid)


def test_a_house_that_a_broken_client_asks_for_always_does_not_slow_a_sale_down(store: Store) -> None:
    """Only the judging prediction is read of all that are alike."""
    times = [at(5, 1) + timedelta(minutes=n) for n in range(3000)]
    store.add([prediction(request_id=f"r{n}", predicted_at=time) for n, time in enumerate(times)])
    store.add_actuals([Actual(510_000, SALE, house=HOUSE)])
    assert store.labelled().request_id.tolist() == ["r2999"]


def test_two_that_load_the_same_sale_at_once_store_it_once(opened: Open, url: str) -> None:
    """One of them adds it, the other finds it stored."""
    first, second = opened(url), opened(url)
    first.add([prediction(request_id=f"r{n}", reference=f"h{n}") for n in range(20)])
    start = threading.Barrier(2)

    def load(store: Store) -> list[ActualsResult]:
        found = []
        for number in range(20):
            start.wait()
            found.append(store.add_actuals([Actual(5e5, SALE, reference=f"h{number}")], skip_known=True))
        return found

    with ThreadPoolExecutor() as pool:
        results = [result for found in pool.map(load, (first, second)) for result in found]
    assert sum(result.added for result in results) == 20
    assert sum(result.duplicates for result in results) == 20
    assert first.status().labelled == 20
