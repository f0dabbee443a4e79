"""Deletion: by a person's reference, or of what is older than the retention."""

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, select

from houseprice.store.deleted_references import remember
from houseprice.store.records import storable
from houseprice.store.tables import deleted_references, predictions

_BLOCK = 10_000
_PAGES = 10_000


def delete_reference(engine: Engine, reference: str, now: datetime) -> int:
    """Delete all predictions of a reference with their prices paid; return how many."""
    with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
        remember(connection, reference, now)  # first, since it waits for those who are writing predictions
        found = connection.execute(delete(predictions).where(predictions.c.reference == storable(reference)))
        count = found.rowcount
    _reclaim(engine)
    return count


def prune(engine: Engine, before: datetime) -> int:
    """Delete the predictions that are older, with their prices paid; return how many.

    It is done in blocks, each in a transaction of its own, so that predictions can be written in between.
    """
    count = 0
    while True:
        old = select(predictions.c.id).where(predictions.c.predicted_at < before).limit(_BLOCK)
        with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
            deleted = connection.execute(delete(predictions).where(predictions.c.id.in_(old))).rowcount
        count += deleted
        if deleted < _BLOCK:
            break
    with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
        connection.execute(delete(deleted_references).where(deleted_references.c.deleted_at < before))
    _reclaim(engine)
    return count


def _reclaim(engine: Engine) -> None:
    """Give the space of an SQLite file back, and leave nothing of what was deleted in its log.

    PostgreSQL does so by itself (autovacuum).
    """
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection  # neither may run within a transaction
        free = 0
        while free != (free := driver.execute("PRAGMA freelist_count").fetchone()[0]):
            # In parts, so that others write in between; `execute` would free one page only.
            driver.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
