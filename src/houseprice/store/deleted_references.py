"""References that were deleted: what was predicted before may still wait in a spool, or for a shadow model.

So a hash of the reference is kept with the time, and what comes later is left out.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, text

from houseprice.store.records import StoredPrediction, storable
from houseprice.store.tables import deleted_references, insert_into, to_microseconds


def remember(connection: Connection, reference: str, now: datetime) -> None:
    """Note that a reference is being deleted, as soon as nobody writes predictions."""
    statement = insert_into(connection, deleted_references).values(reference_hash=_hash(reference), deleted_at=now)
    connection.execute(statement.on_conflict_do_update(index_elements=["reference_hash"], set_={"deleted_at": now}))


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


def _hash(reference: str) -> str:
    return hashlib.sha256(storable(reference).encode()).hexdigest()
