"""Deletion: by a person's reference, or of what is older than the retention.

Predictions of a reference may wait in a spool while it is deleted, or for a shadow model. So a hash of the reference is
kept with the time, and what was predicted before is left out when it comes.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, text

from houseprice.store.records import StoredPrediction, storable
from houseprice.store.tables import deleted_references, insert_into, predictions, to_microseconds

_BLOCK = 10_000
_PAGES = 10_000


def delete_reference(engine: Engine, reference: str, now: datetime) -> int:
    """Delete all predictions of a reference with their prices paid; return how many."""
    row = {"reference_hash": _hash(reference), "deleted_at": now}
    with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
        # First, since it waits for those who are writing predictions; see `without_deleted`.
        statement = insert_into(connection, deleted_references).values(row)
        connection.execute(statement.on_conflict_do_update(index_elements=["reference_hash"], set_={"deleted_at": now}))
        found = connection.execute(delete(predictions).where(predictions.c.reference == storable(reference)))
        count = found.rowcount
    _reclaim(engine)
    return count


def without_deleted(connection: Connection, records: Sequence[StoredPrediction]) -> Sequence[StoredPrediction]:
    """Return the records, those left out whose reference was deleted after they were made.

    Until the transaction ends nobody deletes a reference.
    """
    named = [record for record in records if record.reference]
    if not named:
        return records
    if connection.dialect.name == "postgresql":  # SQLite allows one writer anyway
        connection.execute(text("LOCK TABLE deleted_references IN SHARE MODE"))
    oldest = min(named, key=lambda record: to_microseconds(record.predicted_at)).predicted_at
    later = select(deleted_references).where(deleted_references.c.deleted_at >= oldest)
    deleted = {row.reference_hash: to_microseconds(row.deleted_at) for row in connection.execute(later)}
    if not deleted:
        return records
    gone = {
        id(one) for one in named if to_microseconds(one.predicted_at) <= deleted.get(_hash(one.reference or ""), -1)
    }
    return [one for one in records if id(one) not in gone]


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


def _hash(reference: str) -> str:
    return hashlib.sha256(storable(reference).encode()).hexdigest()


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
