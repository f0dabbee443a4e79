"""URLs of stores, and what is made of them."""

import stat
from pathlib import Path

import pytest

from houseprice.errors import StoreError
from houseprice.store import open_store
from postgresql import PASSWORD, PASSWORD_IN_URL, Postgresql
from stored import Open, prediction

SECRET = "hunter2"  # noqa: S105 - of nothing


@pytest.mark.parametrize(
    "url",
    [
        "",
        "store.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://store.db",
        f"mysql://me:{SECRET}@db/store",
        f"postgresql+pg8000://me:{SECRET}@db/store",
        f"postgresql://me:{SECRET}@db:port/store",
        f"://me:{SECRET}@db",
    ],
)
def test_what_is_no_url_of_a_store_is_refused(url: str) -> None:
    """The message holds no password, though nothing could be made of the URL."""
    with pytest.raises(StoreError) as raised:
        open_store(url)
    assert raised.value.code == "store_url_invalid"
    assert SECRET not in f"{raised.value}{raised.value.details}"


def test_a_store_on_disk_is_for_its_owner_only(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the database nor its log, for they hold what people asked; a relative path is that of the caller."""
    monkeypatch.chdir(tmp_path)
    store = opened("sqlite:///store.db")
    store.add([prediction()])
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["store.db", "store.db-shm", "store.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_file_that_others_may_read_stays_as_it_is(opened: Open, tmp_path: Path) -> None:
    """Who made it first had a reason."""
    (tmp_path / "store.db").touch(0o640)
    (tmp_path / "store.db").chmod(0o640)
    opened(f"sqlite:///{tmp_path}/store.db").add([prediction()])
    assert stat.S_IMODE((tmp_path / "store.db").stat().st_mode) == 0o640


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_any_common_name_of_postgresql_is_understood(opened: Open, postgresql: Postgresql, scheme: str) -> None:
    """As hosting providers write it."""
    url = postgresql.new_database().replace("postgresql", scheme, 1)
    assert opened(url).status().database == "postgresql"


def test_parameters_of_libpq_may_follow(opened: Open, postgresql: Postgresql) -> None:
    """Such as the folder of a socket, and the mode of TLS, as every client of PostgreSQL takes them."""
    _, _, database = postgresql.new_database().rpartition("/")
    where = f"?host={postgresql.folder}&port={postgresql.port}&sslmode=prefer"
    store = opened(f"postgresql://houseprice:{PASSWORD_IN_URL}@/{database}{where}")
    store.add([prediction()])
    assert str(postgresql.folder) in store.place


def test_the_place_of_a_store_holds_no_password(opened: Open, postgresql: Postgresql) -> None:
    """It is shown in messages and by `houseprice store status`."""
    store = opened(postgresql.new_database())
    assert PASSWORD not in store.place
    assert PASSWORD_IN_URL not in store.place
    assert str(postgresql.port) in store.place
