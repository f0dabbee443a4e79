"""Connection to the database of a store: SQLite in a file, or PostgreSQL.

SQLite runs with a write-ahead log, so that readers and one writer do not wait for each other, and writes every commit
to the disk, as PostgreSQL does. Messages never show a password, nor the values of a statement.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from houseprice.errors import StoreError

BUSY_SECONDS = 10
CONNECT_SECONDS = 10
LOCK_SECONDS = 60
_CACHE_KIB = 64 * 1024
_WAL_PAGES = 16_384
_SCHEMES = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


@dataclass(frozen=True)
class Database:
    """An engine, and how messages name its database.

    Attributes:
        engine: connects when it is needed.
        place: for messages; holds no password.
        password: to be taken out of what a driver says.
        path: the file of an SQLite database.
    """

    engine: Engine
    place: str
    password: str | None
    path: Path | None


def connect(url: str) -> Database:
    """Return the database of a URL; nothing is connected yet, but the file of a new SQLite database is made.

    Raises:
        StoreError: The URL is none of a store (`store_url_invalid`), or the file cannot be made (`store_unreachable`).
    """
    parsed = _parsed(url)
    if parsed.drivername == "sqlite":
        path = Path(parsed.database or "").absolute()
        _make_private(path)
        query = {"timeout": str(BUSY_SECONDS), **parsed.query}
        engine = create_engine(
            parsed.set(database=str(path), query=query), hide_parameters=True, json_serializer=_to_json, pool_size=2
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return Database(engine, f'"{path}"', None, path)
    query = {
        "connect_timeout": str(CONNECT_SECONDS),
        "tcp_user_timeout": "30000",
        "application_name": "houseprice",
        "client_encoding": "utf8",
        **parsed.query,
    }
    engine = create_engine(
        parsed.set(query=query),
        hide_parameters=True,
        json_serializer=_to_json,
        pool_size=2,
        pool_pre_ping=True,
        pool_timeout=BUSY_SECONDS,
    )
    if "options" not in parsed.query:  # which may set it otherwise
        event.listen(engine, "connect", _limit_waiting)
    host = parsed.host or parsed.query.get("host") or "the local host"
    place = f"{parsed.database or 'of the default database'} on {host}{f':{parsed.port}' if parsed.port else ''}"
    password = parsed.password if isinstance(parsed.password, str) else None
    return Database(engine, place, password, None)


def _parsed(url: str) -> URL:
    expected = "expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
    parsed = None
    with suppress(exc.ArgumentError, ValueError):  # whose messages may hold the password
        parsed = make_url(url)
    if parsed is None:
        raise StoreError(f"HOUSEPRICE_STORE is no URL of a store; {expected}.", code="store_url_invalid")
    scheme = _SCHEMES.get(parsed.drivername)
    if scheme is None:
        raise StoreError(
            f'The store cannot be a "{parsed.drivername}" database; {expected}.',
            code="store_url_invalid",
            scheme=parsed.drivername,
        )
    if scheme == "sqlite" and (parsed.host or parsed.database in (None, "", ":memory:")):
        raise StoreError(
            f"The URL of an SQLite store has three slashes and a file, four where its path is absolute; {expected}.",
            code="store_url_invalid",
            scheme="sqlite",
        )
    return parsed.set(drivername=scheme)


def _make_private(path: Path) -> None:
    """Make the file, readable by its owner only, unless it is there."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY | os.O_CLOEXEC, 0o600))
    except OSError as err:
        raise StoreError(
            f'The store "{path}" cannot be opened ({err.strerror}). Give a file in a folder that exists and that this '
            "account may write to.",
            code="store_unreachable",
            place=str(path),
        ) from err


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite`
    if connection.execute("PRAGMA page_count").fetchone() == (0,):  # it would wait for a writer otherwise
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    # A batch changes some megabytes of pages, the same ones as the next: they are moved into the file less often.
    connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
    connection.execute("PRAGMA synchronous = FULL")  # the spool is deleted after a commit
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another one wrote in between.
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _limit_waiting(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
    connection.commit()


_to_json = json.JSONEncoder(separators=(",", ":"), default=date.isoformat).encode
