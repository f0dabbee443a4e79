"""Databases that fail: a stable code for each, nothing half stored, and the same store works again later."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import psycopg
import pytest

import postgresql as servers
from houseprice.errors import StoreError
from houseprice.store import Actual, open_store
from postgresql import PASSWORD, Postgresql
from stored import Open, prediction


@pytest.fixture(scope="module")
def own_server() -> Iterator[Postgresql]:
    """Start a PostgreSQL server that tests may stop."""
    with servers.running() as server:
        yield server


def code_of(open_or_use: object, *given: object) -> str:
    """Return the code of the error that a call ends with."""
    with pytest.raises(StoreError) as raised:
        open_or_use(*given)  # type: ignore[operator]
    assert PASSWORD not in f"{raised.value}{raised.value.details}"
    return raised.value.code


def test_a_server_that_went_away_and_came_back(opened: Open, own_server: Postgresql) -> None:
    """Each call says that it is away; then the same store goes on, with all that it held."""
    url = own_server.new_database()
    store = opened(url)
    store.add([prediction()], ("spool-1", 1))
    own_server.stop()
    assert code_of(store.add, [prediction()], ("spool-1", 2)) == "store_unreachable"
    assert code_of(store.position, "spool-1") == "store_unreachable"
    assert code_of(store.add_actuals, [Actual(5e5, date(2026, 5, 20), "request-1")]) == "store_unreachable"
    assert code_of(open_store, url) == "store_unreachable"
    own_server.start()
    assert store.position("spool-1") == 1
    assert store.add([prediction()], ("spool-1", 2)) == 1


def test_a_connection_that_the_server_ended_is_replaced(opened: Open, postgresql: Postgresql) -> None:
    """Nobody notices, for it is tried before it is used."""
    url = postgresql.new_database()
    store = opened(url)
    store.add([prediction()])
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
    postgresql.run(f"{others} pg_backend_pid()", url.rpartition("/")[2])
    assert store.add([prediction()]) == 1


def test_a_wrong_password_and_a_missing_database_are_told_apart(postgresql: Postgresql) -> None:
    """The one is for the account, the other for the place."""
    assert code_of(open_store, postgresql.url("postgres", "wrong")) == "store_unauthorized"
    assert code_of(open_store, postgresql.url("nowhere")) == "store_unreachable"


def test_an_account_without_rights_is_told(postgresql: Postgresql) -> None:
    """A database that may be read but not changed, and one that only takes reads."""
    url = postgresql.new_database()
    name = url.rpartition("/")[2]
    postgresql.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert code_of(open_store, url) == "store_read_only"
    postgresql.run(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
    guest = postgresql.new_database().replace("houseprice:", "guest:", 1)
    assert code_of(open_store, guest) == "store_forbidden"


def test_a_table_that_another_holds_is_told(opened: Open, postgresql: Postgresql) -> None:
    """After the time that the account waits for locks."""
    url = postgresql.new_database()
    store = opened(f"{url}?options=-clock_timeout%3D100")
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE predictions")
        assert code_of(store.add, [prediction()], ("spool-1", 1)) == "store_locked"
    assert store.add([prediction()], ("spool-1", 1)) == 1


def test_a_file_that_another_holds_is_told(opened: Open, tmp_path: Path) -> None:
    """After the time that the URL says; reading goes on meanwhile."""
    path = tmp_path / "store.db"
    store = opened(f"sqlite:///{path}?timeout=0.1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert code_of(store.add, [prediction()], ("spool-1", 1)) == "store_locked"
    assert store.position("spool-1") == 0
    other.execute("ROLLBACK")
    other.close()
    assert store.add([prediction()], ("spool-1", 1)) == 1


def test_a_file_that_is_no_store_is_told(tmp_path: Path) -> None:
    """Nothing is written into it."""
    path = tmp_path / "store.db"
    path.write_bytes(b"request_id,price\n" * 100)
    assert code_of(open_store, f"sqlite:///{path}") == "store_damaged"
    assert path.read_bytes() == b"request_id,price\n" * 100


def test_a_place_without_a_file_is_told(tmp_path: Path) -> None:
    """A folder that is not there, and one in the place of the file."""
    assert code_of(open_store, f"sqlite:///{tmp_path}/none/store.db") == "store_unreachable"
    assert code_of(open_store, f"sqlite:///{tmp_path}") == "store_unreachable"


def elsewhere(path: Path, limit: str) -> str:
    """Return what a process prints that adds predictions under a limit until it cannot."""
    script = f"""
        import os, resource, sys
        sys.path[:0] = {sys.path!r}
        from houseprice.errors import StoreError
        from houseprice.store import open_store
        from stored import prediction
        store, added = open_store("sqlite:///{path}"), 0
        store.close()
        {limit}
        try:
            while added < 100_000:
                added += store.add([prediction(reference="x" * 100)] * 500, ("spool", added + 500))
        except StoreError as err:
            print(err.code)
        """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_full_disk_is_told_and_loses_nothing(opened: Open, tmp_path: Path) -> None:
    """What was stored before is there, each batch whole, and more is stored when there is room again."""
    path = tmp_path / "store.db"
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (4 * 2**20, 4 * 2**20))"
    assert elsewhere(path, limit) == "store_full"
    store = opened(f"sqlite:///{path}")
    stored = store.status().predictions
    assert stored > 0
    assert stored == store.position("spool") == sum(one.predictions for one in store.daily_summaries())
    assert store.add([prediction()], ("spool", stored + 1)) == 1


def test_a_folder_that_may_only_be_read_is_told() -> None:
    """With a store in it that another account wrote."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own may be entered by its account only
        path = Path(folder) / "store.db"
        open_store(f"sqlite:///{path}").close()
        path.chmod(0o444)
        path.parent.chmod(0o555)
        assert elsewhere(path, "os.geteuid() == 0 and os.setuid(65534)") == "store_read_only"
        path.parent.chmod(0o755)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small file system")
def test_a_full_disk_of_a_server_is_told(opened: Open, own_server: Postgresql) -> None:
    """Nothing of the batch is stored, and the store works again when there is room."""
    place = own_server.folder / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m,uid=65534,mode=700", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this container may not mount")
    try:
        own_server.run(f"CREATE TABLESPACE small LOCATION '{place}'")
        own_server.run("CREATE DATABASE small TABLESPACE small")
        store, added = opened(own_server.url("small")), 0
        batch = [prediction(reference="x" * 100)] * 500
        with suppress(StoreError):
            while added < 100_000:
                added += store.add(batch, ("spool", added + 500))
        assert code_of(store.add, batch, ("spool", added + 500)) == "store_full"
        assert store.status().predictions == added > 0
        store.close()
        own_server.run("DROP DATABASE small")
        own_server.run("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", str(place)], check=True)
