"""Records of predictions, buffered by whoever predicts and appended to the spool on disk by a thread.

A record is encoded where it is made, while its house is still in the processor's cache, which costs less than to keep
the house for later; a single house is recorded by the very bytes of its request and answer, which costs least, and
validated again by the reader. Records go into one of two buffers that are used in turns, since memory that another
thread frees costs more than the record. The thread takes the buffer a few times a second and appends it with one write.

Whatever the disk does, no answer waits: while nothing can be written, records stay in the bounded buffer, and what
finds no place there is dropped, counted and logged. The recorder process (`houseprice.recording`) reads the spool.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from io import BytesIO
from typing import Any

from pydantic import TypeAdapter

from houseprice.errors import SpoolError
from houseprice.schema import Schema
from houseprice.serving.column_rules import REFERENCE
from houseprice.serving.metrics import Metrics
from houseprice.serving.prediction import Prediction
from houseprice.serving.request import House, has_reference
from houseprice.serving.request_context import current_scope
from houseprice.serving.settings import Settings
from houseprice.spool.writer import SEGMENT_SECONDS, SpoolWriter

BUFFER_RECORDS = 20_000
FLUSH_SECONDS = 0.05
WRITE_BYTES = 128 * 2**10
"""Bytes of whole lines that are written at once; much less than any limit of the spool."""
KEPT_BYTES = 2**20
"""A buffer that has grown larger than that is not used again."""
MAX_RETRY_SECONDS = 5.0
REPORT_SECONDS = 60.0
STOP_SECONDS = 5.0
"""How long the end of the process waits for the remaining records."""

Record = tuple[float, str, int, str | None, dict[str, Any], Prediction]
"""When a house was predicted (seconds since 1970), ID of the request, position in it, reference, house, prediction."""
MAX_BODY_BYTES = 4096
"""Length of a request that is recorded as it is; longer ones hold white space, which would fill the spool."""
_to_json = TypeAdapter(Record).serializer.to_json
_log = logging.getLogger(__name__)


class PredictionSpool:
    """Records predictions.

    Attributes:
        dropped: records that were lost.
        on_drop: called with the number of lost records.
    """

    def __init__(
        self,
        writer: SpoolWriter,
        *,
        has_inputs: bool = True,
        has_reference: bool = True,
        on_drop: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Record nothing yet.

        Args:
            writer: appends to the spool.
            has_inputs: whether houses are part of the records.
            has_reference: whether the key `reference` of a house is the caller's own reference.
            on_drop: called with the number of lost records.
        """
        self._writer, self._has_inputs, self._has_reference = writer, has_inputs, has_reference
        self.dropped, self.on_drop = 0, on_drop
        self._lock = threading.Lock()  # of the buffer and its count, held for less than a microsecond
        self._buffer, self._spare, self._count = BytesIO(), BytesIO(), 0
        self._ready, self._stopping = threading.Event(), threading.Event()
        self._failure, self._reported, self._reported_at = "", 0, 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def record_exchange(self, scope: MutableMapping[str, Any], body: bytes, answer: bytes) -> bool:
        """Record a request for one house by its JSON and that of its answer; return whether that can be done."""
        if not self._has_inputs or len(body) > MAX_BODY_BYTES or body[:1] != b"{":
            return False
        if b"\n" in body:  # which is white space there, and the end of a record in the spool
            body = body.replace(b"\n", b" ")
        self._put(b'[%.6f,"%b",%b,%b]\n' % (time.time(), scope["request_id"].encode(), body, answer), 1)
        return True

    def record(self, house: House, prediction: Prediction) -> None:
        """Record the prediction of a request's only house."""
        self._put(self._encoded(time.time(), current_scope().get("request_id", ""), 0, house, prediction), 1)

    def record_many(self, houses: Sequence[House], predictions: Sequence[Prediction], scope: dict[str, Any]) -> None:
        """Record predictions of a request, whose scope counts them, since they may come in parts."""
        now, request_id, first = time.time(), scope.get("request_id", ""), scope.get("recorded", 0)
        scope["recorded"] = first + len(houses)
        pairs = enumerate(zip(houses, predictions, strict=True), first)
        lines = [self._encoded(now, request_id, row, house, prediction) for row, (house, prediction) in pairs]
        self._put(b"".join(lines), len(lines))

    def _encoded(self, now: float, request_id: str, row: int, house: House, prediction: Prediction) -> bytes:
        reference = house.get(REFERENCE) if self._has_reference else None
        return _to_json((now, request_id, row, reference, house if self._has_inputs else {}, prediction)) + b"\n"

    def _put(self, lines: bytes, count: int) -> None:
        with self._lock:
            is_first, has_room = not self._count, self._count + count <= BUFFER_RECORDS
            if has_room:
                self._buffer.write(lines)
                self._count += count
        if not has_room:
            self._drop(count)
        elif is_first:
            self._ready.set()

    def record_blocks(
        self, houses: Sequence[House], blocks: Iterable[list[Prediction]], scope: dict[str, Any]
    ) -> Iterator[list[Prediction]]:
        """Yield the predictions of a request's houses as they come in blocks, and record them."""
        start = 0
        for block in blocks:
            self.record_many(houses[start : start + len(block)], block, scope)
            start += len(block)
            yield block

    def close(self) -> None:
        """Write what is left, as far as it can be written within some seconds, and stop to write."""
        if self._thread is None:
            return
        self._stopping.set()
        self._ready.set()
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            _log.error("predictions not written", extra={"fields": {"count": self._count}})

    def _drop(self, count: int) -> None:
        if count:
            with self._lock:
                self.dropped += count
            self.on_drop(count)

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self._ready.wait(SEGMENT_SECONDS):
                self._writer.rotate()
                continue
            self._stopping.wait(FLUSH_SECONDS)  # for others to come
            self._write()
        self._write()  # what came since
        self._writer.close()
        self._report_lost(self._failure)

    def _write(self) -> None:
        """Append the records of the buffer, as soon as that is possible; when stopping, once is enough to know."""
        with self._lock:
            buffer, count = self._buffer, self._count
            self._buffer, self._count = self._spare, 0
            self._ready.clear()
        if count:
            with buffer.getbuffer() as content:
                lines = bytes(content[: buffer.tell()])
            self._drop(sum(piece.count(b"\n") for piece in _pieces(lines) if not self._append(piece)))
        if buffer.tell() > KEPT_BYTES:
            buffer = BytesIO()
        buffer.seek(0)
        self._spare = buffer

    def _append(self, lines: bytes) -> bool:
        """Append lines; return False when that failed while stopping."""
        delay = FLUSH_SECONDS
        while True:
            try:
                self._writer.append(lines)
            except SpoolError as err:
                self._report(err)
            else:
                self._report(None)
                return True
            if self._stopping.is_set():
                return False
            self._stopping.wait(delay)
            delay = min(2 * delay, MAX_RETRY_SECONDS)

    def _report(self, failure: SpoolError | None) -> None:
        """Log that writing fails, once for each reason, what was lost, now and then, and that it succeeds again."""
        code = failure.code if failure else ""
        if failure and code != self._failure:
            fields = {"code": code, "reason": str(failure)}
            _log.error("predictions cannot be recorded", extra={"fields": fields})
        elif self._failure and not failure:
            _log.warning("predictions are recorded again")
        if code != self._failure or time.monotonic() - self._reported_at > REPORT_SECONDS:
            self._report_lost(code or self._failure)
        self._failure = code

    def _report_lost(self, code: str) -> None:
        if lost := self.dropped - self._reported:
            _log.error("predictions dropped", extra={"fields": {"count": lost, "code": code}})
            self._reported, self._reported_at = self._reported + lost, time.monotonic()


def spool_of(schema: Schema, settings: Settings, metrics: Metrics | None) -> PredictionSpool | None:
    """Return the spool of an application; None where predictions are not stored."""
    if not settings.store:
        return None
    return PredictionSpool(
        SpoolWriter(settings.spool_folder, settings.store_spool_bytes),
        has_inputs=settings.store_inputs != "off",
        has_reference=has_reference(schema),
        on_drop=metrics.predictions_dropped.inc if metrics else lambda _: None,
    )


def _pieces(lines: bytes) -> Iterator[bytes]:
    """Yield whole lines, about as many as are written at once."""
    begin = 0
    while begin < len(lines):
        end = lines.find(b"\n", begin + WRITE_BYTES) + 1 or len(lines)
        yield lines[begin:end]
        begin = end
