"""The access log: one line of JSON per request, with nothing of what was asked."""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from toy import FULL, Client

from houseprice.bundle.load import Bundle
from houseprice.serving import access_log
from houseprice.serving.access_log import AccessLog
from houseprice.serving.app import create_app
from houseprice.serving.json_logging import JsonQueueHandler
from houseprice.serving.settings import Settings


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """Configure the log of requests as the server does, into a file; reading it ends the log."""
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    handler = JsonQueueHandler(descriptor)
    logger = logging.getLogger(access_log.__name__)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield path
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    handler.close()
    os.close(descriptor)


def lines_of(path: Path) -> list[str]:
    """Return the lines, after all of them were written."""
    for handler in logging.getLogger(access_log.__name__).handlers:
        handler.close()
    return path.read_text().splitlines()


def test_each_request_is_one_line_of_json(log: Path) -> None:
    """Also when its path tries to be two lines, or to add fields."""
    evil = '/x"\n{"status": 200}' + "y" * 500
    AccessLog().write("abc", "GET", evil, 404, 0.00123, "")
    AccessLog().write("d-1", "POST", "/predict", 200, 0.5, "ann")
    AccessLog(enabled=False).write("e", "GET", "/", 200, 0.5, "")
    first, second = map(json.loads, lines_of(log))
    assert (first["event"], first["path"], first["status"]) == ("request", evil[:200], 404)
    assert first["milliseconds"] == 1.23
    assert "caller" not in first
    assert (second["request_id"], second["method"], second["caller"]) == ("d-1", "POST", "ann")


def test_what_was_asked_is_not_in_the_log(toy: Bundle, log: Path) -> None:
    """No value of the house, whatever the answer, and no query."""
    client = Client(create_app(toy, Settings()))
    client.post("/predict", FULL)
    client.post("/predict?secret=1", {**FULL, "zip": "98178x", "grade": 77})
    lines = lines_of(log)
    assert [json.loads(line)["status"] for line in lines] == [200, 422]
    assert "98178" not in "".join(lines)
    assert "secret" not in "".join(lines)
