"""Log lines of the server: JSON, through a bounded queue, written by a thread of their own.

A reader of the log that is slow, gone or full costs no answer: when the queue is full, or a line cannot be written, the
line is dropped and counted, and the count is logged as soon as lines can be written again.
"""

import json
import logging
import os
import queue
from collections.abc import Callable
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from typing import Any

QUEUE_LINES = 10_000
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
        on_drop: called for each lost line.
    """

    queue: "queue.Queue[Any]"

    def __init__(self, descriptor: int = 2, max_lines: int = QUEUE_LINES) -> None:
        super().__init__(queue.Queue(max_lines))
        self.dropped = 0
        self.on_drop: Callable[[], None] = lambda: None
        self._writer = QueueListener(self.queue, _DescriptorHandler(descriptor, self))
        self._writer.start()

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record as it is: it stays in this process, and the thread formats it."""
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue a record, or count it as dropped."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.drop()

    def drop(self) -> None:
        """Count one lost line."""
        self.dropped += 1
        self.on_drop()

    def close(self) -> None:
        """Write what is queued, as far as that takes no longer than a second."""
        thread = self._writer._thread  # its own stop() would wait forever for a reader that does not read
        if thread is not None:
            try:
                self._writer.enqueue_sentinel()
            except queue.Full:
                pass
            else:
                thread.join(STOP_SECONDS)
        super().close()


class _DescriptorHandler(logging.Handler):
    """Writes lines by `os.write`: a write that blocks holds no lock and leaves no buffer when the process ends."""

    def __init__(self, descriptor: int, source: JsonQueueHandler) -> None:
        super().__init__()
        self._descriptor, self._source = descriptor, source
        self.setFormatter(JsonFormatter())

    def createLock(self) -> None:  # noqa: N802 - the name of the standard library
        """Have none: only the listener's thread writes."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and before it how many were lost."""
        dropped = self._source.dropped
        try:
            if dropped:
                fields = {"fields": {"count": dropped}}
                notice = logging.makeLogRecord({"msg": "log lines dropped", "levelname": "WARNING", **fields})
                self._write(notice)
                self._source.dropped -= dropped
            self._write(record)
        except OSError:
            self._source.drop()

    def _write(self, record: logging.LogRecord) -> None:
        rest = memoryview(f"{self.format(record)}\n".encode())
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
