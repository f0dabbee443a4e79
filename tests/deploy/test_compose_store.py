"""PostgreSQL, the spool and a shadow model in deploy/compose.yaml, and the backups of docs/operations.md."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

import postgresql as servers
from houseprice.serving.recorder_process import DRAIN_SECONDS
from houseprice.serving.settings import Settings
from houseprice.store import open_store
from postgresql import PASSWORD, Postgresql
from programs import needs
from stored import prediction

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose.yaml"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """Return the file, its merges resolved."""
    found = yaml.safe_load(COMPOSE.read_text())
    assert isinstance(found, dict)
    return found


def test_the_slots_share_a_spool(compose: dict[str, Any]) -> None:
    """What one leaves when it is stopped, the recorder of the other stores."""
    for slot in ("blue", "green"):
        service = compose["services"][slot]
        source, target = service["volumes"][0].split(":")
        assert source in compose["volumes"]
        assert service["environment"]["HOUSEPRICE_STORE_SPOOL"] == target


def test_a_slot_has_time_to_store_what_is_left(compose: dict[str, Any]) -> None:
    """After the requests in progress."""
    period = compose["services"]["blue"]["stop_grace_period"]
    assert int(period.removesuffix("s")) > Settings().grace_seconds + DRAIN_SECONDS


def test_the_database_is_started_on_demand_and_reached_by_the_slots_only(compose: dict[str, Any]) -> None:
    """It has a volume, a health check and no published port, and no part of it is needed by a deployment without it."""
    service = compose["services"]["postgres"]
    assert service["profiles"] == compose["services"]["spool-owner"]["profiles"] == ["store"]
    assert service["networks"] == ["inside"] == compose["services"]["blue"]["networks"]
    assert "ports" not in service
    assert service["healthcheck"]["test"][1] == "pg_isready"
    assert service["volumes"][0].split(":")[0] in compose["volumes"]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "depends_on" not in compose["services"]["blue"]


@pytest.mark.parametrize(("folder", "source", "setting"), [("", "/dev/null", ""), ("/srv/new", "/srv/new", "/shadow")])
def test_a_slot_gets_the_folder_of_a_shadow_model(folder: str, source: str, setting: str) -> None:
    """As docker compose itself reads the file: mounted to be read, and nothing where there is none."""
    service = resolved(HOUSEPRICE_SHADOW=folder)["services"]["blue"]
    (mount,) = [one for one in service["volumes"] if one["target"] == "/shadow"]
    assert (mount["source"], mount["read_only"], service["environment"]["HOUSEPRICE_SHADOW"]) == (source, True, setting)


def resolved(**environ: str) -> dict[str, Any]:
    """Return the file as docker compose reads it, or skip where there is none."""
    needs("docker")
    if subprocess.run(["docker", "compose", "version"], check=False, capture_output=True).returncode:
        pytest.skip("docker compose not found; `make tools` installs what tests need")
    words = ["docker", "compose", "--file", str(COMPOSE), "--profile", "*", "config", "--format", "json"]
    done = subprocess.run(words, check=True, capture_output=True, env=os.environ | environ)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def server() -> Iterator[Postgresql]:
    """Start a PostgreSQL server with the database of the compose file."""
    with servers.running() as found:
        found.run("CREATE DATABASE houseprice")
        yield found


def run_at(server: Postgresql, words: list[str], **files: Any) -> int:
    """Run one of PostgreSQL's programs as in the container, and return its exit code."""
    environ = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGPASSWORD": PASSWORD}
    command = [servers.program(words[0]), *words[1:]]
    return subprocess.run(command, check=False, env=os.environ | environ, **files).returncode


def test_the_health_check_tells_whether_the_server_answers(compose: dict[str, Any], server: Postgresql) -> None:
    """Run with the real program against a server that answers, and one that was stopped."""
    kind, *words = compose["services"]["postgres"]["healthcheck"]["test"]
    assert kind == "CMD"
    assert run_at(server, words) == 0
    server.stop()
    assert run_at(server, words) != 0


@pytest.mark.long
def test_a_backup_is_restored_while_predictions_are_stored(server: Postgresql, tmp_path: Path) -> None:
    """By the commands of docs/operations.md, with nothing lost of what was there when the backup was made."""
    (dump,) = re.findall(r"exec -T postgres (pg_dump .*) > store\.dump", OPERATIONS)
    (restore,) = re.findall(r"exec -T postgres (pg_restore .*) < store\.dump", OPERATIONS)
    store = open_store(server.url("houseprice"))
    store.add([prediction(request_id="before")], ("spool", 10))
    with (tmp_path / "dump").open("wb") as file:
        assert run_at(server, shlex.split(dump), stdout=file) == 0
    store.add([prediction(request_id="after")], ("spool", 20))
    with (tmp_path / "dump").open("rb") as file:
        assert run_at(server, shlex.split(restore), stdin=file) == 0
    assert (store.status().predictions, store.position("spool")) == (1, 10)
    store.add([prediction(request_id="later", predicted_at=datetime(2026, 6, 1, tzinfo=UTC))], ("spool", 30))
    assert (store.status().predictions, store.daily_summaries()[0].predictions) == (2, 1)
    store.close()


def test_a_file_is_backed_up_while_it_is_in_use(tmp_path: Path) -> None:
    """By the command of docs/operations.md; the newest predictions, which are in its log only, are in the copy."""
    needs("sqlite3")
    (words,) = re.findall(r"`(sqlite3 FILE \"\.backup COPY\")`", OPERATIONS)
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    store.add([prediction()])
    words = words.replace("FILE", str(tmp_path / "store.db")).replace("COPY", str(tmp_path / "copy.db"))
    subprocess.run(shlex.split(words), check=True)
    copy = open_store(f"sqlite:///{tmp_path / 'copy.db'}")
    assert copy.status().predictions == 1
    copy.close()
    store.close()
