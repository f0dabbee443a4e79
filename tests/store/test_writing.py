"""Writing predictions: all of a batch or nothing, exactly once, with the sums of each day."""

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from houseprice.errors import StoreError
from houseprice.store import MISSING_BIN, DailySummary, InputCount, Store
from stored import Clock, Open, prediction

DAY = date(2026, 5, 1)


def test_predictions_are_stored_with_their_sums(store: Store) -> None:
    """The sums of a day are those of its predictions, by model, role and currency."""
    prices = [200_000.0, 300_000.0, 450_000.0]
    warning = {"column": "zipcode", "kind": "missing", "message": "zipcode is missing"}
    records = [
        prediction(price=prices[0], fsd=0.1, warnings=[warning], dated=True, misdated=True),
        prediction(price=prices[1], fsd=None, row=1, dated=True, repeated=True),
        prediction(price=prices[2], fsd=0.3, request_id="request-2"),
        prediction(role="shadow", model_version="another"),
    ]
    assert store.add(records[:2]) == 2
    assert store.add(records[2:]) == 2
    live, shadow = sorted(store.daily_summaries(), key=lambda one: one.role)
    logs = [math.log(price) for price in prices]
    expected = DailySummary(
        DAY, "abcdef123456", "live", "USD", 3, sum(logs), sum(log**2 for log in logs), 0.1 + 0.3, 2, 1, 2, 1, 1
    )
    assert astuple(live) == pytest.approx(astuple(expected))
    assert (shadow.model_version, shadow.predictions) == ("another", 1)
    assert store.daily_summaries(role="shadow") == [shadow]
    assert store.status().predictions == 4


def test_a_day_is_that_of_utc(store: Store) -> None:
    """Whatever the zone of a prediction's time."""
    evening = datetime(2026, 4, 30, 20, tzinfo=timezone(timedelta(hours=-8)))
    store.add([prediction(predicted_at=evening), prediction(predicted_at=datetime(2026, 5, 2, 0, 0))])
    assert [one.day for one in store.daily_summaries()] == [DAY, date(2026, 5, 2)]
    assert [one.day for one in store.daily_summaries(since=date(2026, 5, 2))] == [date(2026, 5, 2)]
    assert [one.day for one in store.daily_summaries(until=date(2026, 5, 2))] == [DAY]
    assert store.status().first == evening


def test_counts_of_input_values_add_up(store: Store) -> None:
    """Over batches, and within one."""
    one = InputCount(DAY, "abcdef123456", "zipcode", 2, 5)
    missing = InputCount(DAY, "abcdef123456", "zipcode", MISSING_BIN, 1)
    store.add([prediction()], None, [one, missing, one])
    store.add([prediction()], None, [one])
    assert store.input_counts() == [missing, InputCount(DAY, "abcdef123456", "zipcode", 2, 15)]
    assert store.input_counts(since=date(2026, 5, 2)) == []
    assert store.input_counts(model_version="another") == []
    assert store.input_counts(model_version="abcdef123456") == store.input_counts()


def test_a_batch_is_stored_once(store: Store) -> None:
    """A batch whose position was reached before changes nothing, so that it may be delivered again."""
    count = InputCount(DAY, "abcdef123456", "zipcode", 2, 1)
    assert store.position("spool-1") == 0
    assert store.add([prediction()], ("spool-1", 100), [count]) == 1
    assert store.position("spool-1") == 100
    assert store.add([prediction()], ("spool-1", 100), [count]) == 0
    assert store.add([prediction()], ("spool-1", 60), [count]) == 0
    assert store.add([prediction()], ("spool-2", 60), [count]) == 1
    assert store.add([], ("spool-1", 120)) == 0
    assert (store.position("spool-1"), store.position("spool-2")) == (120, 60)
    assert store.status().predictions == 2
    assert store.input_counts()[0].count == 2
    store.forget("spool-1")
    assert (store.position("spool-1"), store.position("spool-2")) == (0, 60)


@pytest.mark.parametrize(
    "broken",
    [{"price": 0.0}, {"price": -1.0}, {"price": math.inf}, {"low": math.nan}, {"fsd": math.nan}, {"role": "x"}],
)
def test_nothing_of_a_batch_is_stored_when_a_record_is_broken(store: Store, broken: dict[str, Any]) -> None:
    """Neither the predictions before it, nor the position; the error names it."""
    with pytest.raises(StoreError) as raised:
        store.add([prediction()] * 1500 + [prediction(row=7, **broken)], ("spool-1", 100))
    assert (raised.value.code, raised.value.details["request_row"]) == ("record_invalid", 7)
    assert (store.position("spool-1"), store.status().predictions, store.daily_summaries()) == (0, 0, [])


def test_nothing_of_a_batch_is_stored_when_the_database_refuses_it(store: Store) -> None:
    """Also where it does so behind a block that it took already."""
    with pytest.raises(StoreError) as raised:
        store.add([prediction()] * 1500 + [prediction(currency=None)], ("spool-1", 100))
    assert raised.value.code == "record_invalid"
    assert (store.position("spool-1"), store.status().predictions, store.daily_summaries()) == (0, 0, [])


def test_what_was_stored_outlives_the_process(opened: Open, url: str) -> None:
    """The next one that opens the store finds it."""
    first = opened(url)
    first.add([prediction()], ("spool-1", 7))
    first.close()
    second = opened(url)
    assert (second.position("spool-1"), second.status().predictions) == (7, 1)


def test_any_text_is_stored(store: Store) -> None:
    """SQL, NUL and halves of characters in a reference are text like any other, and find it again."""
    texts = ["'; DROP TABLE predictions; --", "a\0b", "half \ud800 of one", "价格 🏠", '"quoted" \\ %s :name $1', " "]
    odd = {"zipcode": "9'8\0\ud800"}
    store.add([prediction(reference=text, request_id=text, inputs=odd) for text in texts])
    assert store.status().predictions == len(texts)
    assert [store.delete(text) for text in texts] == [1] * len(texts)


def test_two_writers_at_once_lose_nothing(opened: Open, url: str) -> None:
    """Both open the empty store at once, and write the sums of the same days in opposite orders."""
    days = [datetime(2026, 5, day, 12, tzinfo=UTC) for day in range(1, 8)]
    start = threading.Barrier(2)

    def write(name: str, order: list[datetime]) -> None:
        start.wait()
        own = opened(url)
        for number in range(10):
            records = [prediction(request_id=f"{name}-{number}", predicted_at=day) for day in order]
            counts = [InputCount(day.date(), "abcdef123456", "zipcode", 0, 1) for day in order]
            own.add(records, (name, number + 1), counts)

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, ("a", "b"), (days, days[::-1])))
    store = opened(url)
    assert store.status().predictions == 140
    assert [one.predictions for one in store.daily_summaries()] == [20] * 7
    assert [one.count for one in store.input_counts()] == [20] * 7


def test_the_same_batch_of_two_writers_is_stored_once(opened: Open, url: str) -> None:
    """Two recorders that deliver the same batch at once do not both write it."""
    stores = [opened(url), opened(url)]
    start = threading.Barrier(2)

    def write(own: Store) -> list[int]:
        found = []
        for position in range(1, 21):
            start.wait()
            found.append(own.add([prediction()], ("spool-1", position)))
        return found

    with ThreadPoolExecutor() as pool:
        first, second = pool.map(write, stores)
    assert [sum(pair) for pair in zip(first, second, strict=True)] == [1] * 20
    assert stores[0].status().predictions == 20


def test_a_clock_that_jumps_loses_nothing(opened: Open, clock: Clock, url: str) -> None:
    """A position moves on when the clock is set back, and predictions keep the times that they were given."""
    store = opened(url)
    store.add([prediction(predicted_at=datetime(2027, 5, 1, tzinfo=UTC))], ("spool-1", 1))
    clock.now -= timedelta(days=900)
    store.add([prediction(predicted_at=datetime(1970, 1, 1, tzinfo=UTC))], ("spool-1", 2))
    status = store.status()
    assert (status.first, status.last) == (datetime(1970, 1, 1, tzinfo=UTC), datetime(2027, 5, 1, tzinfo=UTC))
    assert store.position("spool-1") == 2
