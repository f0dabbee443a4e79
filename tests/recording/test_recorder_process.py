"""Real servers with a recorder process: kills, stops and databases that are away cost no stored prediction."""

import json
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import toy as toys
from recorded import ids_of, rows_of
from running import Server
from toy import LEAST

from houseprice.bundle import manifest as manifests
from houseprice.serving.recorder_client import read_status
from houseprice.spool.segments import folder_bytes, list_segments

Begin = Callable[..., Server]
pytestmark = pytest.mark.long


def wait_until(there: Callable[[], object], seconds: float = 60) -> None:
    """Ask again and again until something is true."""
    ends = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < ends, "it never came"
        threading.Event().wait(0.02)


def predict(server: Server, count: int) -> int:
    """Ask for some prices; all are answered."""
    for _ in range(count):
        assert server.ask("POST", "/predict", LEAST)[0] == 200
    return count


def recorder_of(spool: Path) -> int:
    """Return the process of the recorder, as soon as it has said so."""
    wait_until(lambda: read_status(spool))
    return int((read_status(spool) or {})["pid"])


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_stop_loses_nothing(start: Begin, url: str, tmp_path: Path, workers: str, sig: signal.Signals) -> None:
    """What was answered is in the database when the server has ended, and no recorder is left."""
    spool = tmp_path / "spool"
    server = start(HOUSEPRICE_STORE=url, HOUSEPRICE_STORE_SPOOL=str(spool), HOUSEPRICE_WORKERS=workers)
    recorder = recorder_of(spool)
    asked = predict(server, 40)
    code, _ = server.stop(sig)
    assert code == 0
    assert len(ids_of(url)) == asked
    assert not list_segments(spool)
    wait_until(lambda: not Path(f"/proc/{recorder}").exists())


def test_a_killed_server_loses_only_what_its_memory_held(start: Begin, url: str, tmp_path: Path) -> None:
    """What was in the spool is stored by the recorder, which ends by itself."""
    spool = tmp_path / "spool"
    server = start(HOUSEPRICE_STORE=url, HOUSEPRICE_STORE_SPOOL=str(spool))
    recorder = recorder_of(spool)
    asked = predict(server, 40)
    wait_until(lambda: spooled(spool, url) == asked)  # a twentieth of a second later
    server.kill()
    wait_until(lambda: not Path(f"/proc/{recorder}").exists())
    assert len(ids_of(url)) == asked
    assert not list_segments(spool)


def spooled(spool: Path, url: str) -> int:
    """Return how many records are in segments or already stored and deleted."""
    lines = sum(segment.path.read_bytes().count(b"\n") for segment in list_segments(spool))
    return max(lines, len(ids_of(url)))


def test_a_killed_recorder_is_replaced_and_repeats_nothing(start: Begin, url: str, tmp_path: Path) -> None:
    """Answers go on meanwhile."""
    spool = tmp_path / "spool"
    server = start(HOUSEPRICE_STORE=url, HOUSEPRICE_STORE_SPOOL=str(spool))
    asked = 0
    for _ in range(2):
        recorder = recorder_of(spool)
        asked += predict(server, 30)
        os.kill(recorder, signal.SIGKILL)
        asked += predict(server, 10)
        wait_until(lambda: recorder_of(spool) != recorder)  # noqa: B023 - called at once
    assert server.stop(signal.SIGTERM)[0] == 0
    assert len(ids_of(url)) == asked


def test_a_database_that_is_away_at_the_start_costs_nothing(start: Begin, tmp_path: Path) -> None:
    """The server answers, the metrics tell, prices paid are to be sent later, and all is stored when it comes."""
    spool, url = tmp_path / "spool", f"sqlite:///{tmp_path / 'later' / 'store.db'}"
    server = start(HOUSEPRICE_STORE=url, HOUSEPRICE_STORE_SPOOL=str(spool))
    asked = predict(server, 5)
    told = {"houseprice_store_database_up 0.0", "houseprice_store_recorder_up 1.0"}
    wait_until(lambda: told <= set(server.text("/metrics").splitlines()))
    sale = [{"reference": "a", "price": 1.0, "sale_date": "2020-01-01"}]
    assert server.ask("POST", "/actuals", sale)[0] == 503
    (tmp_path / "later").mkdir()
    wait_until(lambda: len(ids_of(url)) == asked)
    wait_until(lambda: "houseprice_store_database_up 1.0" in server.text("/metrics"))


def test_a_stop_while_the_database_is_away_keeps_the_spool(start: Begin, tmp_path: Path) -> None:
    """The next server stores what is there, and what it answers itself."""
    spool, url = tmp_path / "spool", f"sqlite:///{tmp_path / 'later' / 'store.db'}"
    server = start(HOUSEPRICE_STORE=url, HOUSEPRICE_STORE_SPOOL=str(spool))
    asked = predict(server, 5)
    assert server.stop(signal.SIGTERM)[0] == 0
    assert folder_bytes(spool) > 0
    (tmp_path / "later").mkdir()
    server = start(HOUSEPRICE_STORE=url, HOUSEPRICE_STORE_SPOOL=str(spool))
    asked += predict(server, 5)
    wait_until(lambda: len(ids_of(url)) == asked)


def test_two_servers_share_a_database_and_a_spool(start: Begin, tmp_path: Path) -> None:
    """One recorder reads for both; when its server ends, the other one takes over."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    first = start(HOUSEPRICE_STORE=url)
    recorder_of(tmp_path / "store.db-spool")
    second = start(HOUSEPRICE_STORE=url)
    second.wait_for("folder_locked")
    asked = predict(first, 10) + predict(second, 10)
    wait_until(lambda: len(ids_of(url)) == asked)
    assert first.stop(signal.SIGTERM)[0] == 0
    asked += predict(second, 10)
    wait_until(lambda: len(ids_of(url)) == asked)


def test_a_spool_that_cannot_be_written_fails_no_answer(start: Begin, tmp_path: Path) -> None:
    """The log says so once, and a stop does not wait."""
    (tmp_path / "file").write_text("")
    server = start(
        HOUSEPRICE_STORE=f"sqlite:///{tmp_path / 'db'}", HOUSEPRICE_STORE_SPOOL=str(tmp_path / "file" / "spool")
    )
    predict(server, 5)
    server.wait_for("spool_unwritable")
    code, log = server.stop(signal.SIGTERM)
    assert code == 0
    dropped = [json.loads(line) for line in log.splitlines() if "predictions dropped" in line]
    assert sum(line["count"] for line in dropped) == 5


def test_a_disk_that_is_full_for_a_while_loses_nothing(start: Begin, tmp_path: Path) -> None:
    """Answers go on, and what was held is written when there is room again."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    server = start(HOUSEPRICE_STORE=url)
    asked = predict(server, 5)
    wait_until(lambda: len(ids_of(url)) == asked)
    _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    asked += predict(server, 20)
    server.wait_for("spool_disk_full")
    asked += predict(server, 20)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most, most))
    wait_until(lambda: len(ids_of(url)) == asked)
    assert "houseprice_store_predictions_dropped_total 0.0" in server.text("/metrics")


def test_a_spool_at_its_limit_holds_the_rest_until_the_database_comes(start: Begin, tmp_path: Path) -> None:
    """The folder keeps its limit meanwhile."""
    url, spool, limit = f"sqlite:///{tmp_path / 'later' / 'store.db'}", tmp_path / "spool", 2**20
    server = start(HOUSEPRICE_STORE=url, HOUSEPRICE_STORE_SPOOL=str(spool), HOUSEPRICE_STORE_SPOOL_BYTES=str(limit))
    for _ in range(2):
        assert server.ask("POST", "/batch-predict", [LEAST] * 3000)[0] == 200
    server.wait_for("spool_limit")
    assert folder_bytes(spool) <= limit
    (tmp_path / "later").mkdir()
    wait_until(lambda: len(ids_of(url)) == 6000)


def test_prices_paid_are_taken_by_a_running_server(start: Begin, url: str, tmp_path: Path) -> None:
    """By reference, once the prediction is stored; broken rows are named."""
    spool = tmp_path / "spool"
    server = start(HOUSEPRICE_STORE=url, HOUSEPRICE_STORE_SPOOL=str(spool))
    server.ask("POST", "/predict", {**LEAST, "reference": "a"})
    wait_until(lambda: ids_of(url))
    sale = {"reference": "a", "price": 150000.0, "sale_date": datetime.now(UTC).date().isoformat()}
    assert server.ask("POST", "/actuals", [sale]) == (200, {"added": 1, "corrected": 0})
    status, answer = server.ask("POST", "/actuals", [{**sale, "price": -1}])
    assert (status, answer["detail"][0]["type"]) == (422, "price_invalid")


@pytest.mark.parametrize("damage", [False, True])
def test_a_shadow_model_is_stored_beside_the_live_one_or_left_out(start: Begin, tmp_path: Path, damage: bool) -> None:
    """A damaged bundle costs no answer and no stored prediction."""
    url, shadow = f"sqlite:///{tmp_path / 'store.db'}", toys.seal(tmp_path / "shadow", model_version="ba9876543210")
    if damage:
        (shadow / manifests.MODEL).write_bytes(b"")
    server = start(HOUSEPRICE_STORE=url, HOUSEPRICE_SHADOW=str(shadow))
    asked = predict(server, 10)
    if damage:
        server.wait_for("shadow model cannot be used")
        wait_until(lambda: "houseprice_shadow_up 0.0" in server.text("/metrics"))
    else:
        wait_until(lambda: len(ids_of(url, "shadow")) == asked)
        assert {row["model_version"] for row in rows_of(url) if row["role"] == "shadow"} == {"ba9876543210"}
    wait_until(lambda: len(ids_of(url)) == asked)
    assert server.stop(signal.SIGTERM)[0] == 0
