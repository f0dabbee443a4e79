"""Log lines of the server: JSON, through a bounded queue, written by a thread of their own.

A reader of the log that is slow, gone or full costs no answer: when the queue is full, or a line cannot be written, the
line is dropped and counted, and the count is logged as soon as lines can be written again.
"""

import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from typing import Any

QUEUE_LINES = 10_000
MAX_BATCH_LINES = 500
BATCH_SECONDS = 0.05
STOP_SECONDS = 1.0
"""How long the end of the process waits for the remaining lines to be written."""


def config(descriptor: int = 2) -> dict[str, Any]:
    """Return the configuration of the standard library's `logging` for the server and uvicorn."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"json": {"()": "houseprice.serving.json_logging.JsonQueueHandler", "descriptor": descriptor}},
        "loggers": {
            "houseprice": {"handlers": ["json"], "level": "INFO", "propagate": False},
            "uvicorn": {"handlers": ["json"], "level": "WARNING", "propagate": False},
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
        """Return the line, without its end."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        elif record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, default=str)


class JsonQueueHandler(QueueHandler):
    """Puts records into a bounded queue, from which a thread writes them to a file descriptor.

    Attributes:
        dropped: lines that were lost since the last line that says so.
        on_drop: called with the number of lost lines.
    """

    queue: "queue.Queue[Any]"

    def __init__(self, descriptor: int = 2, max_lines: int = QUEUE_LINES) -> None:
        super().__init__(queue.Queue(max_lines))
        self.dropped = 0
        self.on_drop: Callable[[int], object] = lambda _: None
        self._writer = _LineWriter(descriptor, self)
        self._listener = _BatchingListener(self.queue, self._writer)
        self._listener.start()
        # Facts that no line holds; to find them takes longer than all else that a record needs.
        logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
        logging._srcfile = None  # the documented way to leave out the caller

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record as it is: it stays in this process, and the thread formats it."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue a record, or count it as dropped."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.drop()

    def drop(self, count: int = 1) -> None:
        """Count lost lines."""
        self.dropped += count
        self.on_drop(count)

    def flush(self) -> None:
        """Wait until what is queued is written, but no longer than a second."""
        deadline = time.monotonic() + STOP_SECONDS
        while (self.queue.unfinished_tasks or self._writer.lines) and time.monotonic() < deadline:
            time.sleep(0.01)

    def close(self) -> None:
        """Write what is queued, as far as that takes no longer than a second."""
        thread = self._listener._thread  # its own stop() would wait forever for a reader that does not read
        if thread is not None:
            with suppress(queue.Full):
                self.queue.put(None, timeout=STOP_SECONDS)  # the sentinel
                thread.join(STOP_SECONDS)
        super().close()


class _BatchingListener(QueueListener):
    """Takes what was queued a few times a second: a thread woken for every record would cost more than the record."""

    def __init__(self, records: "queue.Queue[Any]", writer: "_LineWriter") -> None:
        super().__init__(records, writer)
        self._records = records
        self._writer = writer

    def dequeue(self, block: bool) -> logging.LogRecord:  # noqa: ARG002 - it always waits
        """Return the next record; the lines of those before are written when there is none, and at the end."""
        while True:
            try:
                record: Any = self._records.get_nowait()
            except queue.Empty:
                self._writer.flush()
                time.sleep(BATCH_SECONDS)
                continue
            if record is None:  # the sentinel
                self._writer.flush()
            return record  # type: ignore[no-any-return]


class _LineWriter(logging.Handler):
    """Writes lines by `os.write`: a write that blocks holds no lock and leaves no buffer when the process ends."""

    def __init__(self, descriptor: int, source: JsonQueueHandler) -> None:
        super().__init__()
        self._descriptor, self._source = descriptor, source
        self.lines: list[str] = []
        self.setFormatter(JsonFormatter())

    def createLock(self) -> None:  # noqa: N802 - the name of the standard library
        """Have none: only the listener's thread writes."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line until the next flush."""
        self.lines.append(self.format(record))
        if len(self.lines) >= MAX_BATCH_LINES:
            self.flush()

    def flush(self) -> None:
        """Write the lines, and before them how many were lost."""
        if not self.lines or threading.current_thread() is threading.main_thread():
            return
        lines = self.lines
        dropped, self._source.dropped = self._source.dropped, 0
        if dropped:
            fields = {"fields": {"count": dropped}}
            record = logging.makeLogRecord({"msg": "log lines dropped", "levelname": "WARNING", **fields})
            lines.insert(0, self.format(record))
        rest = memoryview("".join(f"{line}\n" for line in lines).encode())
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            self._source.dropped += dropped
            self._source.drop(len(lines) - bool(dropped))
        self.lines = []
