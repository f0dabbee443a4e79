"""A tracking URI with a password: it works, and the password is seen nowhere."""

import base64
import json
import os
import sqlite3
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from houseprice.config import Tracking
from houseprice.errors import TrackingError
from houseprice.learning import tracking
from houseprice.learning.tracking.server_uri import PASSWORD, USERNAME, parse_uri, proxy_of, scrub, without_credentials
from learning.commands import RunCli, train
from learning.mlflow_server import RULES, Server
from pipeline import Pipeline

SECRET = "pa$$:wörd/@1"  # noqa: S105 - of no one
WRITTEN = "pa$$%3Aw%C3%B6rd%2F%401"


class Guard(BaseHTTPRequestHandler):
    """A proxy in front of a server: lets only those pass who know the password."""

    def handle_any(self) -> None:
        """Pass a request on, or refuse it."""
        server: Any = self.server
        expected = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
        if self.headers.get("Authorization") != expected:
            self.answer(401, b"{}")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = urllib.request.Request(server.behind + self.path, body or None, method=self.command)
        request.add_header("Content-Type", self.headers.get("Content-Type") or "application/json")
        try:
            with urllib.request.urlopen(request) as answer:
                self.answer(answer.status, answer.read())
        except urllib.error.HTTPError as err:
            self.answer(err.code, err.read())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - as http.server wants them

    def answer(self, status: int, body: bytes) -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def guard() -> Iterator[ThreadingHTTPServer]:
    """Return the proxy; what is behind it is set by the test."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Guard) as one:
        threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True).start()
        one.behind = "http://127.0.0.1:1"  # type: ignore[attr-defined]
        yield one
        one.shutdown()


@pytest.mark.parametrize(
    ("given", "uri", "credentials"),
    [
        ("http://host:5000", "http://host:5000", None),
        (" https://host/path/ \r\n", "https://host/path", None),
        ("http://me:pass@host:5000", "http://host:5000", ("me", "pass")),
        (f"http://me:{WRITTEN}@host:5000/x", "http://host:5000/x", ("me", SECRET)),
        ("http://me:p@ss@host", "http://host", ("me", "p@ss")),
        ("http://token@host", "http://host", ("token", "")),
        ("HTTP://me:x@[::1]:5000", "http://[::1]:5000", ("me", "x")),
        ("sqlite:////tmp/a@b.db\n", "sqlite:////tmp/a@b.db", None),
    ],
)
def test_credentials_are_taken_out_of_a_uri(given: str, uri: str, credentials: tuple[str, str] | None) -> None:
    """White space around it does not count."""
    server = parse_uri(given)
    assert (server.uri, server.credentials) == (uri, credentials)
    assert SECRET not in repr(server)


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql+psycopg2://me:hush@host/db", "me:hush@host:5000", "ftp://me:hush@host", "http:/me:hush@host",
        "http://me:hush/x@host:5000", "http://me:hush?x@host:5000", "http://me:hush#x@host", "http://me:hu sh@host",
        "http://me:hush'\"@host:99999", "http://me:hush@", "http://me:hush@host:x", "http://me:hush@[::1",
        "http://me:hush\n@host", "http://h\x00st:hush@",
    ],
)  # fmt: skip
def test_a_uri_that_cannot_be_used_is_told_without_its_password(uri: str) -> None:
    """However it is broken; neither the message nor its cause holds it."""
    with pytest.raises(TrackingError) as excinfo:
        tracking.connect(uri, RULES, lambda _: None)
    assert excinfo.value.code == "tracking_uri_invalid"
    assert "hu" not in str(excinfo.value)
    assert excinfo.value.__cause__ is None


def test_what_is_shown_of_a_text_has_no_credentials() -> None:
    """In messages of other libraries, several URIs may stand."""
    text = 'API request to http://me:hush@host/api failed\n("https://hush@other/x"), see a@b.c'
    assert scrub(text) == 'API request to http://host/api failed ("https://other/x"), see a@b.c'
    assert without_credentials("https://me:hush@host/x") == "https://host/x"


def test_the_environment_is_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The credentials are there for MLflow alone."""
    monkeypatch.setenv(USERNAME, "other")
    monkeypatch.delenv(PASSWORD, raising=False)
    with parse_uri("http://me:x@host").environment():
        assert (os.environ[USERNAME], os.environ[PASSWORD]) == ("me", "x")
    assert os.environ[USERNAME] == "other"
    assert PASSWORD not in os.environ


def test_a_password_opens_the_server(guard: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the URI, or in the variables of MLflow; without it the refusal is told."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as healthy:
        threading.Thread(target=healthy.serve_forever, args=(0.01,), daemon=True).start()
        guard.behind = f"http://127.0.0.1:{healthy.server_port}"  # type: ignore[attr-defined]
        place = f"127.0.0.1:{guard.server_port}"
        tracking.connect(f"http://me:{WRITTEN}@{place}\n", RULES)
        with pytest.raises(TrackingError) as excinfo:
            tracking.connect(f"http://me:wrong@{place}", RULES)
        assert "401" in str(excinfo.value)
        assert "wrong" not in str(excinfo.value)
        monkeypatch.setenv(USERNAME, "me")
        monkeypatch.setenv(PASSWORD, SECRET)
        tracking.connect(f"http://{place}", RULES)
        healthy.shutdown()


class Healthy(BaseHTTPRequestHandler):
    """Is well."""

    def do_GET(self) -> None:
        """Say so."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"OK")

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable that keeps it out of the way, and without its own password."""
    monkeypatch.setenv("http_proxy", "http://me:hush@127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(TrackingError) as excinfo:
        tracking.connect("http://tracking.example:5000", RULES, lambda _: None)
    assert excinfo.value.details["proxy"] == "http://127.0.0.1:1"
    assert "127.0.0.1:1" in str(excinfo.value)
    assert "NO_PROXY" in str(excinfo.value)
    assert "hush" not in str(excinfo.value)
    monkeypatch.setenv("no_proxy", "tracking.example")
    assert proxy_of("http://tracking.example:5000") == ""


@pytest.mark.long
def test_a_whole_training_with_a_password_shows_it_nowhere(
    before_training: Pipeline,
    run_cli: RunCli,
    guard: ThreadingHTTPServer,
    empty_store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither on a screen, nor in a file, nor in MLflow's own database."""
    home = tmp_path / "server"
    home.mkdir()
    server = Server(empty_store, home)
    try:
        guard.behind = server.uri  # type: ignore[attr-defined]
        uri = f"http://me:{WRITTEN}@127.0.0.1:{guard.server_port}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri + "\n")
        monkeypatch.setenv("HOUSEPRICE_DEBUG", "1")
        code, out, err = train(before_training, run_cli, "--json")
        assert code == 0, err
        assert json.loads(out)["run_id"]
        code, *printed = train(before_training, run_cli)
        assert code == 0
        guard.behind = "http://127.0.0.1:1"  # type: ignore[attr-defined]
        code, *failed = train(before_training, run_cli)
        assert code == 7
    finally:
        server.stop()
    with sqlite3.connect(home / empty_store.name) as database:
        dump = "\n".join(database.iterdump())
    database.close()
    texts = [out, err, *printed, *failed, dump]
    folders = (before_training.models.parent, home)
    texts += [path.read_bytes().decode("latin-1") for folder in folders for path in folder.rglob("*") if path.is_file()]
    for secret in (WRITTEN, SECRET, base64.b64encode(f"me:{SECRET}".encode()).decode()):
        assert not any(secret in text for text in texts)


def test_a_blank_uri_is_none(tmp_path: Path) -> None:
    """What is only white space is no URI."""
    configured = Tracking(experiment="e", registered_model="m", uri=" \n")
    assert tracking.resolve(" ", configured, tmp_path) == f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.mark.long
def test_two_runs_that_create_one_database_at_once_both_succeed(tmp_path: Path) -> None:
    """One waits until the other has made its tables."""
    code = (
        "import sys\n"
        "from houseprice.config import Tracking\n"
        "from houseprice.learning import tracking\n"
        "rules = Tracking(experiment='e', registered_model='m')\n"
        "print(tracking.log_trial(sys.argv[1], rules, 'run', {}, {'x': 1.0}))\n"
    )
    words = [sys.executable, "-c", code, f"sqlite:///{tmp_path / 'mlflow.db'}"]
    runs = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    ended = [(*run.communicate(timeout=240), run.returncode) for run in runs]
    assert [code for *_, code in ended] == [0, 0, 0], ended
    assert len({out for out, *_ in ended}) == 3
