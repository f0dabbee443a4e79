"""The live monitor: a page and JSON of the model in production, and the number of its alarms."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from recorded import Recorder
from toy import Client

from houseprice.bundle.load import Bundle, open_bundle
from houseprice.recording.operations import operations_socket
from houseprice.recording.watcher import FRESH_SECONDS, Watcher
from houseprice.serving.app import create_app
from houseprice.serving.settings import Settings
from stored import prediction

KEY = "a key"
WITH_KEY = {"X-API-Key": KEY}


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    """Return a small model that was trained, and so says what to compare with."""
    return open_bundle(bundle_dir)


@pytest.fixture
def recorder(bundle_dir: Path, bundle: Bundle, url: str, tmp_path: Path) -> Iterator[Recorder]:
    """Return a recorder of that model with one stored prediction."""
    found = Recorder(bundle_dir, bundle, url, tmp_path / "spool")
    found.options.spool.mkdir(exist_ok=True)
    found.connection.store().add([prediction(model_version=bundle.manifest.model_version, inputs={})])
    yield found
    found.close()


def client_of(recorder: Recorder, bundle: Bundle) -> Client:
    """Return an API with a key that asks a recorder."""
    keys = (("ann", sha256(KEY.encode()).hexdigest()),)
    options = recorder.options
    return Client(create_app(bundle, Settings(store=options.store, store_spool=str(options.spool), api_keys=keys)))


def test_the_monitor_is_shown(recorder: Recorder, bundle: Bundle) -> None:
    """As a page that may load nothing, or as JSON; with a key where there are keys."""
    client, watcher = (
        client_of(recorder, bundle),
        Watcher(recorder.options, "made", recorder.connection, recorder.status),
    )
    with operations_socket(recorder.options.spool, {"monitor": watcher.answer}):
        page = client.ask("GET", "/monitor", headers=WITH_KEY)
        found = client.ask("GET", "/monitor", headers={**WITH_KEY, "Accept": "application/json"})
        assert client.get("/monitor").status_code == 401
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers.get_list("content-security-policy")[0].startswith("default-src 'none'; style-src")
    assert len(page.headers.get_list("content-security-policy")) == 1
    assert bundle.manifest.model_version in page.text
    assert (found.json()["predictions"], found.json()["labelled"]) == (1, 0)
    assert recorder.status.alarms_raised == 0


def test_what_was_found_is_shown_for_a_minute(recorder: Recorder, bundle: Bundle) -> None:
    """However often it is asked for."""
    now = [0.0]
    watcher = Watcher(recorder.options, "made", recorder.connection, recorder.status, lambda: now[0])
    assert watcher.monitor().predictions == 1
    version = bundle.manifest.model_version
    recorder.connection.store().add([prediction(request_id="another", model_version=version, inputs={})])
    assert watcher.monitor().predictions == 1
    now[0] = FRESH_SECONDS + 1
    assert watcher.monitor().predictions == 2


def test_without_a_recorder_it_is_to_be_asked_later(recorder: Recorder, bundle: Bundle) -> None:
    """With 503, and a time after which to try again."""
    answer = client_of(recorder, bundle).ask("GET", "/monitor", headers=WITH_KEY)
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)


def test_a_model_without_a_profile_cannot_be_monitored(sqlite_recorder: Recorder) -> None:
    """The bundle of an older program says so."""
    watcher = Watcher(sqlite_recorder.options, "made", sqlite_recorder.connection, sqlite_recorder.status)
    status, content = watcher.answer(b"html")
    assert (status, json.loads(content)["code"]) == (404, "profile_missing")


def test_a_database_that_is_away_is_said(bundle_dir: Path, bundle: Bundle, tmp_path: Path) -> None:
    """And the next question is answered when it is back."""
    folder = tmp_path / "gone"
    recorder = Recorder(bundle_dir, bundle, f"sqlite:///{folder / 'store.db'}", tmp_path / "spool")
    watcher = Watcher(recorder.options, "made", recorder.connection, recorder.status)
    status, content = watcher.answer(b"json")
    assert (status, recorder.status.database_up) == (503, False), content
    folder.mkdir()
    assert watcher.answer(b"json")[0] == 200
    recorder.close()
