"""Log lines are JSON, never block the program, and are counted when they are lost."""

import json
import logging
import os
import threading
from pathlib import Path

import pytest

from houseprice.serving.json_logging import JsonFormatter, JsonQueueHandler


def record(message: str, **fields: object) -> logging.LogRecord:
    """Return a record with fields."""
    return logging.makeLogRecord({"msg": message, "levelname": "INFO", "fields": fields})


def test_a_line_holds_event_fields_and_traceback() -> None:
    """On one line, whatever the message is."""
    found = record("two\nlines", port=8000)
    err = ValueError("why")
    found.exc_info = (type(err), err, None)
    line = JsonFormatter().format(found)
    read = json.loads(line)
    assert "\n" not in line
    assert (read["event"], read["level"], read["port"]) == ("two\nlines", "info", 8000)
    assert "ValueError: why" in read["traceback"]


def test_all_lines_are_written_before_the_end(tmp_path: Path) -> None:
    """In their order."""
    with (tmp_path / "log").open("wb") as file:
        handler = JsonQueueHandler(file.fileno())
        for number in range(1200):
            handler.handle(record("line", number=number))
        handler.close()
    lines = (tmp_path / "log").read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == list(range(1200))


def test_lines_that_cannot_be_written_are_counted() -> None:
    """As on a full disk; nothing is raised."""
    full = os.open("/dev/full", os.O_WRONLY)
    counted: list[int] = []
    handler = JsonQueueHandler(full)
    handler.on_drop = counted.append
    for _ in range(3):
        handler.handle(record("lost"))
    handler.close()
    os.close(full)
    assert sum(counted) == 3


def test_a_line_that_cannot_be_made_is_counted(tmp_path: Path) -> None:
    """The lines around it are written."""
    counted: list[int] = []
    with (tmp_path / "log").open("wb") as file:
        handler = JsonQueueHandler(file.fileno())
        handler.on_drop = counted.append
        handler.handle(record("first"))
        handler.enqueue((str, (1, 2, 3, 4)))
        handler.handle(logging.LogRecord("x", logging.INFO, "x", 1, "%d houses", ("many",), None))
        handler.enqueue((str, ('{"event": "last"}',)))
        handler.close()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["event"] for line in lines if "count" not in line] == ["first", "last"]
    assert sum(line.get("count", 0) for line in lines) == sum(counted) == 2


@pytest.mark.parametrize("capacity", [1, 100])
def test_a_reader_that_stops_reading_blocks_nobody(capacity: int) -> None:
    """The queue is bounded; what does not fit is counted, and logged once the reader reads again."""
    reader, writer = os.pipe()
    handler = JsonQueueHandler(writer, max_lines=capacity)
    counted: list[int] = []
    handler.on_drop = counted.append
    for number in range(20_000):  # more than a pipe and the queue hold
        handler.handle(record("x" * 100, number=number))
    assert sum(counted) > 0
    read: list[bytes] = []

    def drain() -> None:
        while piece := os.read(reader, 2**16):
            read.append(piece)

    thread = threading.Thread(target=drain)
    thread.start()
    while handler.queue.qsize():
        threading.Event().wait(0.01)
    handler.handle(record("last"))
    handler.close()
    os.close(writer)
    thread.join()
    os.close(reader)
    lines = [json.loads(line) for line in b"".join(read).splitlines()]
    notices = [line["count"] for line in lines if line["event"] == "log lines dropped"]
    assert sum(notices) == sum(counted)
    assert lines[-1]["event"] == "last"


def test_whole_lines_are_written_at_once() -> None:
    """In the packet mode of a pipe one reading is one writing: each holds whole lines, so that no other mixes in."""
    reader, writer = os.pipe2(os.O_DIRECT)
    handler = JsonQueueHandler(writer)
    for number in range(100):
        handler.handle(record("x" * (number * 7), number=number))
    handler.handle(record("y" * 10_000, number=100))
    failed = record("failed", number=101)
    failed.exc_text = "Traceback\n" + "é\x00" * 5000 + "the end"
    handler.handle(failed)
    handler.close()
    os.close(writer)
    lines = []
    while piece := os.read(reader, 2**16):
        assert piece.endswith(b"\n")
        lines += [json.loads(line) for line in piece.splitlines()]
    os.close(reader)
    assert [line["number"] for line in lines] == list(range(102))
    assert len(lines[100]["event"]) > 3000
    assert lines[101]["traceback"].endswith("the end")


def test_lost_lines_are_told_also_when_none_follows() -> None:
    """At the end at the latest."""
    reader, writer = os.pipe()
    handler = JsonQueueHandler(writer)
    handler.drop(3)
    handler.close()
    os.close(writer)
    with os.fdopen(reader) as file:
        assert [json.loads(line)["count"] for line in file] == [3]
