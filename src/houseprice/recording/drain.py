"""Moving predictions from the spool into the database, each exactly once.

The position in the spool is stored in the same transaction as the predictions, so that nothing is stored twice after a
crash, and nothing of the spool is deleted before it is stored.
"""

import logging
import threading
import time
from contextlib import suppress
from datetime import UTC
from typing import Protocol

from houseprice.errors import StoreError
from houseprice.recording.connection import StoreConnection, retried
from houseprice.recording.input_counts import InputCounter
from houseprice.recording.options import Options
from houseprice.recording.records import Records, read_records, stored_inputs
from houseprice.recording.repetition import RepeatedHouses
from houseprice.recording.status import Status
from houseprice.serving.recorder_process import AHEAD_EXIT, BEHIND_EXIT
from houseprice.serving.request import RequestModel
from houseprice.spool.reader import Chunk, SpoolReader, delete_if_ended
from houseprice.spool.segments import folder_bytes, list_segments

IDLE_SECONDS = 0.2
BROKEN = "record_invalid"
BEHIND_SHARE = 0.25
"""Part of the spool's limit that may wait before it is read with more priority."""
SHADOW_SHARE = 0.5
"""Part of the spool's limit that may be full before a slow shadow model is left behind."""
_log = logging.getLogger(__name__)


class Follower(Protocol):
    """A second reader of the spool, which must have read what is deleted."""

    def offset(self, spool: str) -> int:
        """Return how far it has read a spool."""

    def skip(self, spool: str, offset: int) -> None:
        """Let it go on from an offset."""

    def forget(self, spool: str) -> None:
        """Delete its position in a spool that is gone."""


class SpoolDrain:
    """Stores what is in the spool, and deletes what was stored."""

    def __init__(
        self,
        options: Options,
        connection: StoreConnection,
        status: Status,
        rules: RequestModel,
        counter: InputCounter,
        follower: Follower | None = None,
    ) -> None:
        """Read nothing yet; `rules` and `counter` are those of the model that answers."""
        self._options, self._connection, self._status = options, connection, status
        self._rules, self._counter, self._follower = rules, counter, follower
        self._repeated = RepeatedHouses()
        self._reader = SpoolReader(options.spool, lambda spool: connection.store().position(spool))

    def run(self, stopping: threading.Event) -> int:
        """Store what comes, until `stopping` is set, and return 0; or the exit code that asks for another priority."""
        while not stopping.is_set():
            has_stored = retried(self.step, self._connection.failed, stopping)
            if self._options.urgent and not has_stored:
                return AHEAD_EXIT
            if self._is_behind():
                return BEHIND_EXIT
            if not has_stored:
                stopping.wait(IDLE_SECONDS)
        return 0

    def _is_behind(self) -> bool:
        """Return whether the spool fills since others leave this process no time, as long as it has no priority."""
        limit = BEHIND_SHARE * self._options.spool_bytes
        return not self._options.urgent and self._reader.unread_bytes() > limit

    def finish(self, seconds: float) -> None:
        """Store what is there and what others still write, as long as it may take and the database answers."""
        deadline = time.monotonic() + seconds
        try:
            while time.monotonic() < deadline:
                if not self.step():
                    if not list_segments(self._options.spool):
                        return
                    time.sleep(IDLE_SECONDS / 4)
        except StoreError as err:
            self._connection.failed(err)

    def step(self) -> bool:
        """Store the next part of the spool; return whether there was one.

        Raises:
            StoreError: The database cannot be used; nothing was stored.
        """
        chunk = self._reader.next_chunk()
        if chunk is None:
            self._status.waiting_since = None
            self._delete_stored()
            return False
        records = read_records(chunk.lines, self._rules)
        if records.predictions and self._status.waiting_since is None:
            self._status.waiting_since = records.predictions[0].predicted_at.astimezone(UTC).timestamp()
        self._store(chunk, records)
        self._reader.advance(chunk)
        self._status.waiting_since = None
        self._delete_stored()
        return True

    def _store(self, chunk: Chunk, records: Records) -> None:
        found = stored_inputs(records.predictions, self._options.inputs)
        predictions = self._repeated.marked(found)
        counts = self._counter.count(records.predictions) if self._options.inputs != "off" else []
        store, position, damaged = self._connection.store(), (chunk.spool, chunk.end), records.damaged
        while True:
            try:
                written = store.add(predictions, position, counts)
            except StoreError as err:
                if err.code != BROKEN or not predictions:
                    raise
                kept = [one for one in predictions if (one.request_id, one.row) != _place(err)]
                if len(kept) == len(predictions):  # nothing says which one it is
                    kept = []
                damaged += len(predictions) - len(kept)
                predictions = kept
            else:
                break
        self._connection.succeeded()
        self._repeated.remember(predictions)
        self._status.written += written
        if damaged:
            self._status.damaged += damaged
            fields = {"count": damaged, "spool": chunk.spool, "end": chunk.end}
            _log.error("damaged records of predictions left out", extra={"fields": fields})

    def _delete_stored(self) -> None:
        """Delete the segments that were stored and to which nobody writes."""
        segments = list_segments(self._options.spool)
        for segment in segments:
            offset = self._reader.offsets.get(segment.spool, 0)
            if self._follower and (behind := self._follower.offset(segment.spool)) < offset:
                if folder_bytes(self._options.spool) > SHADOW_SHARE * self._options.spool_bytes:
                    self._follower.skip(segment.spool, offset)
                else:
                    offset = behind
            if offset < segment.start:
                continue
            remains = delete_if_ended(segment, offset)
            if remains.partial_bytes:
                self._status.damaged += 1
                fields = {"spool": segment.spool, "bytes": remains.partial_bytes}
                _log.warning("unfinished record of a worker that was killed left out", extra={"fields": fields})
        self._forget({segment.spool for segment in segments})

    def _forget(self, spools: set[str]) -> None:
        """Delete the positions of spools that are gone; whatever is written to one later has a higher offset."""
        for spool in spools - {segment.spool for segment in list_segments(self._options.spool)}:
            with suppress(StoreError):  # a row that stays takes no harm
                self._connection.store().forget(spool)
                if self._follower:
                    self._follower.forget(spool)


def _place(err: StoreError) -> tuple[object, object]:
    return err.details.get("request_id"), err.details.get("request_row")
