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

Line = tuple[Callable[..., str], tuple[Any, ...]]
"""A function that returns a line, and its arguments."""
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
    if handler := handler_of(logging.getLogger("houseprice")):
        handler.on_drop = count


def handler_of(logger: logging.Logger) -> "JsonQueueHandler | None":
    """Return the handler that writes the lines of a logger, None where another one or none does."""
    at: logging.Logger | None = logger
    while at:
        for handler in at.handlers:
            if isinstance(handler, JsonQueueHandler):
                return handler
        at = at.parent if at.propagate else None
    return None


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON: time, level, event, then the fields given as `extra={"fields": {…}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
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

    queue: "queue.SimpleQueue[logging.LogRecord | Line | threading.Event]"

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

    def enqueue(self, record: logging.LogRecord | Line) -> None:
        """Queue a record, or what is cheaper than one, or count it as dropped."""
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
                if not isinstance(queued, threading.Event):
                    time.sleep(BATCH_SECONDS)  # for others to come
            if isinstance(queued, threading.Event):
                self._write(lines)
                queued.set()
                if self._closed:
                    return
                continue
            try:
                lines.append(queued[0](*queued[1]) if isinstance(queued, tuple) else self.format(queued))
            except Exception:  # noqa: BLE001 - whatever a record holds, the thread goes on
                self.drop()
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
    """Yield the bytes of as many lines as can be written at once, and how many they are; lines are ASCII."""
    piece: list[str] = []
    size = 0
    for line in lines:
        size += len(line) + 1
        if size > ATOMIC_BYTES and piece:
            yield "\n".join([*piece, ""]).encode(), len(piece)
            piece, size = [], len(line) + 1
        piece.append(line)
    if piece:
        yield "\n".join([*piece, ""]).encode(), len(piece)
