"""Which MLflow a training asks, and what is said when it does not answer or cannot be used."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from houseprice.config import Tracking
from houseprice.errors import TrackingError
from houseprice.learning import tracking
from learning.commands import RunCli, files, told_once, train
from learning.mlflow_server import RULES
from pipeline import Pipeline


class Odd(BaseHTTPRequestHandler):
    """Predictions otherwise than MLflow does: with a status, or with what is no HTTP at all."""

    def do_GET(self) -> None:
        """Answer /health."""
        if self.server.says == "garbage":  # type: ignore[attr-defined]
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        elif self.server.says != "nothing":  # type: ignore[attr-defined]
            self.send_response(self.server.says)  # type: ignore[attr-defined]
            self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def odd() -> Iterator[ThreadingHTTPServer]:
    """Return a server that is none of MLflow's; what it says is set by the test."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Odd) as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield one
        one.shutdown()


@pytest.mark.parametrize(
    ("says", "told"),
    [(404, "Not Found"), (503, "Unavailable"), (401, "Unauthorized"), ("garbage", "SSH"), ("nothing", "closed")],
)
def test_who_answers_otherwise_than_mlflow_is_told(odd: ThreadingHTTPServer, says: int | str, told: str) -> None:
    """What was found is in the sentence, after the configured number of tries."""
    odd.says = says  # type: ignore[attr-defined]
    waited: list[float] = []
    uri = f"http://127.0.0.1:{odd.server_port}"
    with pytest.raises(TrackingError, match=told) as excinfo:
        tracking.connect(uri, RULES, waited.append)
    assert excinfo.value.code == "tracking_unreachable"
    assert waited == [0.0, 0.0]


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:1", "http://no.such.host.invalid:5000", "https://127.0.0.1:1",
    ],
)  # fmt: skip
def test_where_nobody_answers_is_told(uri: str) -> None:
    """Refused, unknown, impossible: always one sentence that says how to start one."""
    with pytest.raises(TrackingError, match="mlflow server") as excinfo:
        tracking.connect(uri, RULES, lambda _: None)
    assert excinfo.value.code == "tracking_unreachable"


@pytest.mark.parametrize(
    "uri",
    [
        "localhost:5000", "file:///tmp/runs", "postgresql://x/y", "sqlite://", "databricks", "http://127.0.0.1:99999",
        "http://[::1", "http://", "http://a b:5000",
    ],
)  # fmt: skip
def test_a_uri_of_no_known_kind_is_told(uri: str) -> None:
    """Rather than guessed at."""
    with pytest.raises(TrackingError, match=re.escape(uri)) as excinfo:
        tracking.connect(uri, RULES, lambda _: None)
    assert excinfo.value.code == "tracking_uri_invalid"


def test_the_uri_is_taken_from_the_option_then_the_configuration_then_beside_the_models(tmp_path: Path) -> None:
    """An SQLite file is the default, in a folder that exists."""
    configured = Tracking(experiment="e", registered_model="m", uri="http://configured")
    assert tracking.resolve("http://given", configured, tmp_path) == "http://given"
    assert tracking.resolve(None, configured, tmp_path) == "http://configured"
    assert tracking.resolve(None, RULES, tmp_path) == f"sqlite:///{tmp_path / 'mlflow.db'}"


def test_option_environment_and_configuration_are_asked_in_this_order(
    before_training: Pipeline, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--mlflow-tracking-uri, HOUSEPRICE_MLFLOW_TRACKING_URI, MLFLOW_TRACKING_URI, then tracking.uri."""
    pipe = before_training
    pipe.config_file.write_text(pipe.config_file.read_text().replace("uri: null", "uri: 'yaml://'"))
    assert '"yaml://"' in train(pipe, run_cli)[2]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "standard://")
    assert '"standard://"' in train(pipe, run_cli)[2]
    monkeypatch.setenv("HOUSEPRICE_MLFLOW_TRACKING_URI", "own://")
    assert '"own://"' in train(pipe, run_cli)[2]
    assert '"option://"' in train(pipe, run_cli, "--mlflow-tracking-uri", "option://")[2]


def test_a_server_that_is_not_there_ends_with_code_7_before_anything_is_learned(
    before_training: Pipeline, run_cli: RunCli
) -> None:
    """One sentence, and nothing is written; a traceback is shown to who asks for it."""
    pipe = before_training
    before = files(pipe.models.parent)
    code, out, err = train(pipe, run_cli, "--mlflow-tracking-uri", "http://127.0.0.1:1")
    assert (code, out) == (7, "")
    assert '"http://127.0.0.1:1"' in told_once(err)
    assert files(pipe.models.parent) == before
    code, _, err = run_cli(
        "--debug", "train", "--config", pipe.config_file, "--data", pipe.featured, "--models-dir", pipe.models,
        "--mlflow-tracking-uri", "http://127.0.0.1:1",
    )  # fmt: skip
    assert code == 7
    assert "Traceback (most recent call last)" in err


@pytest.mark.parametrize("fault", ["no folder", "no database", "newer"])
def test_a_database_that_cannot_be_used_ends_with_code_7_before_anything_is_learned(
    before_training: Pipeline, run_cli: RunCli, fault: str
) -> None:
    """In no folder, garbage, or of an MLflow that is newer than ours: one sentence, and nothing is learned."""
    pipe = before_training
    path = pipe.models.parent / "mlflow.db"
    if fault == "no folder":
        path = pipe.models.parent / "no" / "mlflow.db"
    elif fault == "no database":
        path.write_bytes(b"this is no database, and long enough to be sure of it" * 100)
    else:
        with sqlite3.connect(path) as database:
            database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
        database.close()
    before = files(pipe.models)
    code, out, err = train(pipe, run_cli, "--mlflow-tracking-uri", f"sqlite:///{path}")
    assert (code, out) == (7, "")
    assert str(path.parent) in told_once(err)
    assert files(pipe.models) == before
    assert not pipe.reports.exists()
