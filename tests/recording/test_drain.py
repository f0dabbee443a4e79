"""From the spool to the database: each prediction once, whatever happens to the database and to recorders."""

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from recorded import Recorder, finish, ids_of, rows_of
from sqlalchemy import text
from toy import FULL, FULL_PRICE, LEAST

from houseprice.bundle.load import Bundle
from houseprice.errors import StoreError
from houseprice.serving.recorder_process import AHEAD_EXIT, BEHIND_EXIT
from houseprice.spool.segments import list_segments
from houseprice.spool.writer import SpoolWriter
from houseprice.store import engine, open_store, tables
from postgresql import Postgresql

RECORD = (
    b'[%f,"%s",{"living area":80,"rooms":3,"zip":"98039","grade":1},{"predicted_price":1,"prediction_interval":[0.5,2],'
    b'"coverage":0.9,"currency":"EUR","valuation_date":"2015-05-27","warnings":[],"model_version":"0123456789ab"}]'
)


def test_a_prediction_is_stored_as_it_was_answered(recorder: Recorder) -> None:
    """With all that was asked and answered, and nothing of the spool is left."""
    begun = datetime.now(UTC)
    recorder.predict(("r1", {**FULL, "reference": "'; DROP TABLE predictions;--"}))
    finish(recorder.drain)
    (row,) = recorder.rows()
    assert begun.timestamp() - 1 <= row["predicted_at"].replace(tzinfo=UTC).timestamp() <= time.time()
    expected = {
        "request_id": "r1", "request_row": 0, "reference": "'; DROP TABLE predictions;--", "role": "live",
        "model_version": "0123456789ab", "price": FULL_PRICE, "low": FULL_PRICE * 0.8, "high": FULL_PRICE * 1.25,
        "fsd": 0.125, "currency": "EUR", "valuation_date": datetime(2014, 10, 13).date(),
    }  # fmt: skip
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert row["inputs"] == FULL
    assert list_segments(recorder.options.spool) == []
    assert recorder.status.written == 1


def test_single_and_many_houses_are_stored_alike(recorder: Recorder) -> None:
    """Whether they were recorded by their bytes or after their validation."""
    recorder.predict(("one", {**FULL, "reference": 7}))
    recorder.predict(("many", [{**FULL, "reference": "7"}]), path="/batch-predict")
    finish(recorder.drain)
    one, many = recorder.rows()
    for different in ("id", "request_id", "predicted_at"):
        one.pop(different, None), many.pop(different, None)
    assert one == many


def test_a_recorder_that_died_after_its_commit_repeats_nothing(recorder: Recorder) -> None:
    """The next one goes on behind what is in the database, which knows how far that is."""
    writer = SpoolWriter(recorder.options.spool, 2**24)
    for number in range(10):
        writer.append(RECORD % (1.5, b"r%d" % number) + b"\n")
    assert recorder.drain.step()  # the writer lives, so that the segment stays
    assert recorder.new_drain().step() is False
    writer.append(RECORD % (1.5, b"s") + b"\n")
    writer.close()
    finish(recorder.new_drain())
    assert ids_of(recorder.options.store) == [*(f"r{number}" for number in range(10)), "s"]


def test_two_recorders_of_two_servers_write_into_one_database(
    recorder: Recorder, toy_dir: Path, toy: Bundle, tmp_path: Path
) -> None:
    """At once, and both all they have."""
    other = Recorder(toy_dir, toy, recorder.options.store, tmp_path / "other")
    for name, one in (("a", recorder), ("b", other)):
        for number in range(20):
            one.write(RECORD % (1.5, f"{name}{number}".encode()))
    threads = [threading.Thread(target=finish, args=(one.drain,)) for one in (recorder, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert ids_of(recorder.options.store) == sorted(f"{name}{number}" for name in "ab" for number in range(20))


def test_damaged_records_are_counted_and_the_others_stored(recorder: Recorder) -> None:
    """Neither lines that are no JSON, nor records of another form, nor impossible times and prices hold it up."""
    bad = [b"\xff", b"{", b"[]", b"7", b"null", b"[1,2,3,4]", RECORD % (1e300, b"x")]
    bad.append((RECORD % (1.5, b"x")).replace(b'"predicted_price":1', b'"predicted_price":-1'))
    recorder.write(RECORD % (1.5, b"a"), *bad, b"", RECORD % (1.5, b"b"))
    finish(recorder.drain)
    assert ids_of(recorder.options.store) == ["a", "b"]
    assert recorder.status.damaged == len(bad)


def test_what_the_database_refuses_holds_nothing_up(recorder: Recorder) -> None:
    """A record that it never takes is left out and counted."""
    refused = (RECORD % (1.5, b"x")).replace(b'"currency":"EUR"', b'"currency":"%s"' % (b"E" * 300))
    recorder.write(RECORD % (1.5, b"a"), refused, RECORD % (1.5, b"b"))
    finish(recorder.drain)
    assert recorder.status.written + recorder.status.damaged == 3
    assert list_segments(recorder.options.spool) == []


def test_a_database_that_comes_later_gets_everything(toy_dir: Path, toy: Bundle, tmp_path: Path) -> None:
    """Until then the spool is kept, and the status says why."""
    late = Recorder(toy_dir, toy, f"sqlite:///{tmp_path / 'later' / 'store.db'}", tmp_path / "spool")
    late.predict(("r1", LEAST))
    with pytest.raises(StoreError) as err:
        late.drain.step()
    late.connection.failed(err.value)
    assert (late.status.database_up, late.status.error) == (False, "store_unreachable")
    assert late.status.as_dict()["lag_seconds"] >= 0
    assert late.status.as_dict()["spool_bytes"] > 0
    (tmp_path / "later").mkdir()
    finish(late.drain)
    assert ids_of(late.options.store) == ["r1"]
    assert (late.status.database_up, late.status.error) == (True, None)
    late.close()


def test_a_store_of_a_newer_program_is_left_alone(recorder: Recorder) -> None:
    """What was predicted waits until there is a program that knows its schema."""
    store = open_store(recorder.options.store)
    revision = store.status().revision
    store.close()
    set_revision(recorder.options.store, "r9999")
    recorder.predict(("r1", LEAST))
    with pytest.raises(StoreError) as err:
        recorder.drain.step()
    assert err.value.code == "store_newer"
    assert list_segments(recorder.options.spool)
    set_revision(recorder.options.store, revision)
    finish(recorder.drain)
    assert ids_of(recorder.options.store) == ["r1"]


def set_revision(url: str, revision: str) -> None:
    """Write into a store that a program with another schema made it."""
    database = engine.connect(url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE houseprice_schema SET version_num = :revision"), {"revision": revision})
    database.engine.dispose()


def test_a_database_that_goes_away_and_comes_back_gets_everything_once(
    postgresql: Postgresql, toy_dir: Path, toy: Bundle, tmp_path: Path
) -> None:
    """What was predicted while it was away, too."""
    recorder = Recorder(toy_dir, toy, postgresql.new_schema(), tmp_path / "spool")
    recorder.predict(("before", LEAST))
    finish(recorder.drain)
    postgresql.stop()
    try:
        recorder.predict(("meanwhile", LEAST))
        with pytest.raises(StoreError):
            recorder.drain.step()
        assert recorder.actuals({"request_id": "before", "price": 1.0, "sale_date": "2020-01-01"})[0] == 503
    finally:
        postgresql.start()
    finish(recorder.drain)
    assert ids_of(recorder.options.store) == ["before", "meanwhile"]
    recorder.close()


@pytest.mark.parametrize(
    ("inputs", "is_kept", "is_hashed"), [("on", True, True), ("hash", False, True), ("off", False, False)]
)
def test_inputs_are_stored_as_it_is_set(
    inputs: str, is_kept: bool, is_hashed: bool, toy_dir: Path, toy: Bundle, tmp_path: Path
) -> None:
    """As they are, as a hash, or not at all; a price paid finds the house by its hash."""
    found = Recorder(toy_dir, toy, f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "spool", inputs=inputs)
    found.predict(("r1", FULL), ("r2", LEAST))
    finish(found.drain)
    assert [row["inputs"] is not None for row in found.rows()] == [is_kept] * 2
    today = datetime.now(UTC).date().isoformat()
    status, _ = found.actuals({"house": {**FULL, "sold": None}, "price": FULL_PRICE, "sale_date": today})
    assert status == (200 if is_hashed else 422)
    found.close()


def test_values_are_counted_by_day(sqlite_recorder: Recorder) -> None:
    """By the bins of the bundle: categories of training, others, and missing ones."""
    sqlite_recorder.predict(("r1", LEAST), ("r2", {**LEAST, "zip": "00000"}))
    finish(sqlite_recorder.drain)
    counts = rows_of(sqlite_recorder.options.store, tables.daily_inputs)
    assert sum(row["count"] for row in counts if row["column_name"] == "zip") == 2
    assert sum(row["count"] for row in counts if row["column_name"] == "heating") == 2


def test_a_recorder_that_falls_behind_asks_for_more_priority(toy_dir: Path, toy: Bundle, tmp_path: Path) -> None:
    """And for less when it has caught up; nothing is lost in between."""
    url, lines = f"sqlite:///{tmp_path / 'store.db'}", [RECORD % (1.5, b"r%d" % number) for number in range(20)]
    behind = Recorder(toy_dir, toy, url, tmp_path / "spool", spool_bytes=8000)
    for half in (lines[:10], lines[10:]):
        behind.write(*half)
    behind.connection.store()
    assert behind.drain.run(threading.Event()) == BEHIND_EXIT
    behind.close()
    urgent = Recorder(toy_dir, toy, url, tmp_path / "spool", spool_bytes=8000, urgent=True)
    assert urgent.drain.run(threading.Event()) == AHEAD_EXIT
    urgent.close()
    assert len(ids_of(url)) == 20


def test_days_are_summed_up(sqlite_recorder: Recorder) -> None:
    """With requests that gave a valuation date, dates far away, and houses that were asked for once more."""
    today = datetime.now(UTC).date().isoformat()
    sqlite_recorder.predict(("r1", LEAST), ("r2", {**LEAST, "sold": today}), ("r3", FULL))
    finish(sqlite_recorder.drain)
    sqlite_recorder.predict(("r4", LEAST))
    finish(sqlite_recorder.drain)
    (day,) = rows_of(sqlite_recorder.options.store, tables.daily_predictions)
    found = {name: day[name] for name in ("predictions", "dated", "misdated", "repeated")}
    assert found == {"predictions": 4, "dated": 2, "misdated": 1, "repeated": 2}


def test_a_clock_that_was_set_back_or_far_ahead_loses_nothing(recorder: Recorder) -> None:
    """Times are stored as they were; the lag is never negative."""
    recorder.write(*(RECORD % (at, b"r%d" % at) for at in (0, 1e9, 7e9)))
    finish(recorder.drain)
    assert len(recorder.rows()) == 3
    recorder.status.waiting_since = time.time() + 1e6
    assert recorder.status.as_dict()["lag_seconds"] == 0
    assert json.dumps(recorder.status.as_dict())
