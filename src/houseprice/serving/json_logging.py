"""Log lines of the server: JSON, through a bounded queue, written by a thread of their own.

A reader of the log that is slow, gone or full costs no answer: when the queue is full, or a line cannot be written, the
line is dropped and counted, and the count is logged as soon as lines can be written again. Lines of several workers
never mix: as many whole lines as a pipe takes at once are written by one call.
"""

import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from logging.handlers import QueueHandler
from typing import Any

QUEUE_LINES = 10_000
MAX_BATCH_LINES = 500
BATCH_SECONDS = 0.05
ATOMIC_BYTES = 4096
"""What Linux writes to a pipe at once (PIPE_BUF); longer lines lose the beginning of their longest text."""
STOP_SECONDS = 1.0
"""How long the end of the process waits for the remaining lines to be written."""

_encode = json.JSONEncoder(default=str).encode


def config(descriptor: int = 2) -> dict[str, Any]:
    """Return the configuration of the standard library's `logging` for the server and uvicorn."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"json": {"()": "houseprice.serving.json_logging.JsonQueueHandler", "descriptor": descriptor}},
        "loggers": {
            "houseprice": {"handlers": ["json"], "level": "INFO", "propagate": False},
            "uvicorn": {"handlers": ["json"], "level": "WARNING", "propagate": False},
            "asyncio": {"handlers": ["json"], "level": "WARNING", "propagate": False},
        },
    }


def flush() -> None:
    """Wait until the lines of the server are written, but no longer than a second."""
    for handler in logging.getLogger("houseprice").handlers:
        handler.flush()


def on_drop(count: Callable[[int], object]) -> None:
    """Call `count` with the number of lost lines from now on, where the server's logging is configured."""
    for handler in logging.getLogger("houseprice").handlers:
        if isinstance(handler, JsonQueueHandler):
            handler.on_drop = count


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON: time, level, event, then the fields given as `extra={"fields": {…}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end; a record may hold it as `line`."""
        if ready := record.__dict__.get("line"):
            return str(ready)
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        elif record.exc_text:
            line["traceback"] = record.exc_text
        text = _encode(line)
        while (excess := len(text) + 1 - ATOMIC_BYTES) > 0:
            longest = max(line, key=lambda name: len(str(line[name])))
            line[longest] = "…" + str(line[longest])[excess // 6 + 2 :]  # a character takes up to six bytes
            text = _encode(line)
        return text


class JsonQueueHandler(QueueHandler):
    """Puts records into a bounded queue, from which a thread formats them and writes them to a file descriptor.

    `QueueListener` would wake its thread for every record, which costs more than the record; this thread takes what
    was queued a few times a second. It writes by `os.write`: a write that blocks holds no lock and leaves no buffer
    when the process ends.

    Attributes:
        dropped: lines that were lost since the last line that says so.
        on_drop: called with the number of lost lines.
    """

    queue: "queue.SimpleQueue[logging.LogRecord | threading.Event]"

    def __init__(self, descriptor: int = 2, max_lines: int = QUEUE_LINES) -> None:
        super().__init__(queue.SimpleQueue())
        self.setFormatter(JsonFormatter())
        self.dropped = 0
        self.on_drop: Callable[[int], object] = lambda _: None
        self._descriptor = descriptor
        self._max_lines = max_lines
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()
        # Facts that no line holds; to find them takes longer than all else that a record needs.
        logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
        logging._srcfile = None  # the documented way to leave out the caller

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record as it is: it stays in this process, and the thread formats it."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue a record, or count it as dropped."""
        if self.queue.qsize() < self._max_lines:
            self.queue.put_nowait(record)
        else:
            self.drop()

    def drop(self, count: int = 1) -> None:
        """Count lost lines."""
        self.dropped += count
        self.on_drop(count)

    def flush(self) -> None:
        """Wait until what is queued is written, but no longer than a second."""
        if self._thread.is_alive():
            written = threading.Event()
            self.queue.put(written)
            written.wait(STOP_SECONDS)

    def close(self) -> None:
        """Write what is queued, as far as that takes no longer than a second."""
        self._closed = True
        self.flush()
        super().close()

    def _run(self) -> None:
        lines: list[str] = []
        while True:
            try:
                queued = self.queue.get_nowait()
            except queue.Empty:
                self._write(lines)
                queued = self.queue.get()
                if isinstance(queued, logging.LogRecord):
                    time.sleep(BATCH_SECONDS)  # for others to come
            if isinstance(queued, threading.Event):
                self._write(lines)
                queued.set()
                if self._closed:
                    return
                continue
            try:
                lines.append(self.format(queued))
            except Exception:  # noqa: BLE001 - whatever a record holds, the thread goes on
                self.handleError(queued)
            if len(lines) >= MAX_BATCH_LINES:
                self._write(lines)

    def _write(self, lines: list[str]) -> None:
        """Write lines, and before them how many were lost; the list is empty then."""
        dropped, self.dropped = self.dropped, 0
        if dropped:
            notice = logging.makeLogRecord(
                {"msg": "log lines dropped", "levelname": "WARNING", "fields": {"count": dropped}}
            )
            lines.insert(0, self.format(notice))
        for number, (piece, count) in enumerate(_pieces(lines)):
            rest = memoryview(piece)
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError:
                if dropped and number == 0:  # the notice was among them
                    self.dropped += dropped
                    count -= 1  # noqa: PLW2901
                self.drop(count)
        lines.clear()


def _pieces(lines: list[str]) -> Iterator[tuple[bytes, int]]:
    """Yield the bytes of as many lines as can be written at once, and how many they are."""
    piece, count = bytearray(), 0
    for line in lines:
        if piece and len(piece) + len(line) >= ATOMIC_BYTES:
            yield bytes(piece), count
            piece, count = bytearray(), 0
        piece += f"{line}\n".encode()
        count += 1
    if count:
        yield bytes(piece), count
