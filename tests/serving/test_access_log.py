"""The log of requests: one JSON line each, and nothing of what was asked."""

import asyncio
import json
import os
from pathlib import Path

from toy import FULL, Client

from houseprice.bundle.load import Bundle
from houseprice.serving.access_log import Journal
from houseprice.serving.app import create_app
from houseprice.serving.settings import Settings


def written(path: Path, *told: tuple[str, str, str, int, float, str]) -> list[str]:
    """Give the lines of a log after some requests."""

    async def work() -> None:
        with path.open("wb") as file:
            journal = Journal(file.fileno())
            for request in told:
                journal.write(*request)
            journal.flush()

    asyncio.run(work())
    return path.read_text().splitlines()


def test_each_request_is_one_json_line(tmp_path: Path) -> None:
    """Also when its path tries to be two, or to be more than a text."""
    evil = '/x"\n{"status": 200}' + "y" * 500
    lines = written(
        tmp_path / "log", ("abc", "GET", evil, 404, 0.00123, ""), ("d-1", "POST", "/predict", 200, 0.5, "ann")
    )
    first, second = map(json.loads, lines)
    assert (first["path"], first["status"], first["milliseconds"]) == (evil[:200], 404, 1.23)
    assert "caller" not in first
    assert (second["request_id"], second["method"], second["caller"]) == ("d-1", "POST", "ann")


def test_what_was_asked_is_not_in_the_log(toy: Bundle, tmp_path: Path) -> None:
    """No value of the house, whatever becomes of it, and neither the query."""
    with (tmp_path / "log").open("wb") as file:
        journal = Journal(file.fileno())
        client = Client(create_app(toy, Settings(), journal))
        client.post("/predict", FULL)
        client.post("/predict?secret=1", {**FULL, "zip": "98178x", "grade": 77})
        journal.flush()
    log = (tmp_path / "log").read_text()
    assert [json.loads(line)["status"] for line in log.splitlines()] == [200, 422]
    assert "98178" not in log
    assert "secret" not in log


def test_lines_that_cannot_be_written_are_counted(tmp_path: Path) -> None:
    """And nothing is raised."""

    async def work() -> int:
        full = os.open("/dev/full", os.O_WRONLY)
        journal = Journal(full)
        journal.write("a", "GET", "/", 200, 0.0, "")
        journal.write("b", "GET", "/", 200, 0.0, "")
        journal.flush()
        os.close(full)
        return journal.lost

    assert asyncio.run(work()) == 2
