"""Retention: what is old enough is deleted, unless the clock cannot be trusted."""

from datetime import UTC, datetime, timedelta

from recorded import Recorder, ids_of

from houseprice.recording.retention import MAX_JUMP_SECONDS, Retention
from stored import prediction

NOW = datetime(2026, 6, 15, tzinfo=UTC)


class Clocks:
    """A clock on the wall, which may jump, and one that only runs."""

    def __init__(self) -> None:
        self.wall, self.running = NOW.timestamp(), 100.0

    def run(self, seconds: float, jump: float = 0.0) -> None:
        """Let time pass, and the wall clock jump."""
        self.wall += seconds + jump
        self.running += seconds


def retention(recorder: Recorder, clocks: Clocks) -> Retention:
    """Return a retention of 30 days of a store with a prediction of each age."""
    predictions = [
        prediction(request_id=f"{days}", predicted_at=NOW - timedelta(days=days)) for days in (0, 20, 29, 31, 400)
    ]
    recorder.connection.store().add(predictions)
    return Retention(30, recorder.connection, lambda: clocks.wall, lambda: clocks.running)


def test_what_is_older_is_deleted(recorder: Recorder) -> None:
    """And again as time passes."""
    clocks = Clocks()
    found = retention(recorder, clocks)
    assert found.step() == 2
    assert ids_of(recorder.options.store) == ["0", "20", "29"]
    clocks.run(2 * 86400)
    assert found.step() == 1


def test_a_clock_that_jumps_deletes_nothing(recorder: Recorder) -> None:
    """Nor when it jumps back; when it has run for an hour without a jump, it is trusted again."""
    clocks = Clocks()
    found = retention(recorder, clocks)
    for jump in (365 * 86400, -365 * 86400, MAX_JUMP_SECONDS + 1):
        clocks.run(3600, jump)
        assert found.step() == 0
    clocks.run(3600)
    assert found.step() == 2


def test_a_database_that_is_away_is_no_end(sqlite_recorder: Recorder) -> None:
    """It is tried again the next time."""
    clocks = Clocks()
    found = retention(sqlite_recorder, clocks)
    path = sqlite_recorder.options.spool.parent / "store.db"
    sqlite_recorder.connection.close()
    kept = path.read_bytes()
    path.write_bytes(b"no database" * 1000)
    assert found.step() == 0
    assert sqlite_recorder.status.database_up is False
    sqlite_recorder.connection.close()
    path.write_bytes(kept)
    clocks.run(3600)
    assert found.step() == 2
