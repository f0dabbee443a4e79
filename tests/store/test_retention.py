"""Deletion by reference and by age."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from houseprice.store import Actual, Store, engine, writing
from stored import NOW, Clock, Open, prediction

SALE = date(2026, 5, 20)


def test_all_of_a_reference_is_deleted(store: Store) -> None:
    """Live and shadow predictions and prices paid with their corrections, but nothing of others."""
    for name in ("house-1", "house-2"):
        store.add([prediction(reference=name, request_id=name), prediction(reference=name, role="shadow")])
        store.add_actuals([Actual(5e5, SALE, reference=name)])
        store.add_actuals([Actual(5.1e5, SALE, reference=name)])
    assert store.delete("house-1") == 2
    assert store.delete("house-1") == 0
    assert store.delete("house-1' OR '1' = '1") == 0
    status = store.status()
    assert (status.predictions, status.labelled, status.corrections) == (2, 1, 1)
    assert store.labelled().reference.tolist() == ["house-2"]


def test_what_comes_later_out_of_a_spool_stays_deleted(store: Store, clock: Clock) -> None:
    """Live and shadow predictions that were made before the deletion; those made after it are stored."""
    clock.now = NOW
    store.delete("house-1")
    store.delete("house-1")
    before, after = NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)
    made = [prediction(predicted_at=at, role=role) for at in (before, after) for role in ("live", "shadow")]
    others = [prediction(predicted_at=before, reference=reference) for reference in ("house-2", None)]
    assert store.add([*made, *others], ("spool-1", 9)) == 4
    assert store.status().first == before
    assert sum(one.predictions for one in store.daily_summaries()) == 6
    store.prune(NOW + timedelta(seconds=1))  # the deletion is forgotten with what is as old as it
    assert store.add([prediction(predicted_at=before)]) == 1


def test_a_deletion_waits_for_predictions_that_are_being_written(opened: Open, url: str) -> None:
    """So that none appears behind its back."""
    store, database = opened(url), engine.connect(url)
    with ThreadPoolExecutor(1) as pool:
        with database.engine.connect().execution_options(is_writing=True) as writer, writer.begin():
            writing.add(writer, [prediction()], None, (), NOW)
            deleting = pool.submit(store.delete, "house-1")
            with pytest.raises(TimeoutError):
                deleting.result(0.5)
        assert deleting.result(20) == 1
    database.engine.dispose()
    assert store.status().predictions == 0


def test_daily_sums_stay(store: Store) -> None:
    """They name nobody, and are what is known of the past."""
    store.add([prediction()])
    before = store.daily_summaries()
    store.delete("house-1")
    store.prune(NOW)
    assert store.daily_summaries() == before


def test_nothing_of_a_deleted_reference_is_left_on_the_disk(opened: Open, tmp_path: Path) -> None:
    """Neither in the file of a database nor in its log, whatever else is stored."""
    store = opened(f"sqlite:///{tmp_path}/store.db")
    store.add([prediction(reference=f"other-{number}") for number in range(100)])
    store.add([prediction(reference="Jane Doe, Main Street 5", inputs={"note": "her secret"})])

    def on_disk(text: bytes) -> bool:
        return any(text in path.read_bytes() for path in tmp_path.iterdir())

    assert on_disk(b"Jane Doe")
    assert on_disk(b"her secret")
    store.delete("Jane Doe, Main Street 5")
    assert not on_disk(b"Jane Doe")
    assert not on_disk(b"her secret")
    assert on_disk(b"other-99")


def test_what_is_older_is_deleted(store: Store) -> None:
    """In blocks, with its prices paid; what is as old as the limit stays."""
    limit = datetime(2026, 6, 1, tzinfo=UTC)
    old = [prediction(request_id=f"r{n}", predicted_at=limit - timedelta(seconds=n + 1)) for n in range(10_500)]
    store.add([*old, prediction(predicted_at=limit), prediction(predicted_at=limit + timedelta(days=1))])
    store.add_actuals([Actual(5e5, date(2026, 6, 1), request_id="r1"), Actual(5e5, date(2026, 6, 2), "request-1")])
    assert store.prune(limit) == 10_500
    assert store.prune(limit) == 0
    status = store.status()
    assert (status.predictions, status.first, status.labelled) == (2, limit, 1)


def test_the_space_of_a_file_is_given_back(opened: Open, tmp_path: Path) -> None:
    """The file is smaller after most of its predictions were deleted."""
    store = opened(f"sqlite:///{tmp_path}/store.db")
    store.add([prediction(reference=f"house-{number}") for number in range(5000)])
    before = store.status().bytes
    store.prune(NOW)
    assert store.status().bytes < before / 4
