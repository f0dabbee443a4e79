"""Writing of predictions: rows, daily summaries and the position in the spool, in one transaction."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from houseprice.errors import StoreError
from houseprice.store.deleted_references import without_deleted
from houseprice.store.records import InputCount, StoredPrediction, hash_house, storable
from houseprice.store.tables import daily_inputs, daily_predictions, insert_into, predictions, spool_positions

_BLOCK = 1000


def add(
    connection: Connection,
    records: Sequence[StoredPrediction],
    position: tuple[str, int] | None,
    input_counts: Iterable[InputCount],
    now: datetime,
) -> int:
    """Insert predictions; return how many, which is none where the position was reached before.

    What was deleted by its reference meanwhile is summed up only.

    Raises:
        StoreError: A record cannot be stored (`record_invalid`, details `request_id` and `request_row`).
    """
    for record in records:
        _check(record)
    if position is not None and not _advance(connection, *position, now):
        return 0
    kept = without_deleted(connection, records)
    for start in range(0, len(kept), _BLOCK):
        connection.execute(insert(predictions), [_row(record) for record in kept[start : start + _BLOCK]])
    _add_up(connection, daily_predictions, _summaries(records))
    _add_up(connection, daily_inputs, _counts(input_counts))
    return len(kept)


def position(connection: Connection, spool_id: str) -> int:
    """Return how far a spool was read; 0 for one that is not known."""
    found = select(spool_positions.c.position).where(spool_positions.c.spool_id == spool_id)
    return connection.execute(found).scalar() or 0


def forget(connection: Connection, spool_id: str) -> None:
    """Delete the position of a spool."""
    connection.execute(delete(spool_positions).where(spool_positions.c.spool_id == spool_id))


def _advance(connection: Connection, spool_id: str, reached: int, now: datetime) -> bool:
    """Move the position of a spool forward; return whether it was moved."""
    row = {"spool_id": spool_id, "position": reached, "updated_at": now}
    statement = insert_into(connection, spool_positions).values(row)
    # Two that write the same position wait for each other here, and one of them finds it reached.
    moved = statement.on_conflict_do_update(
        index_elements=[spool_positions.c.spool_id],
        set_={"position": statement.excluded.position, "updated_at": statement.excluded.updated_at},
        where=spool_positions.c.position < statement.excluded.position,
    ).returning(spool_positions.c.position)
    return connection.execute(moved).first() is not None


def _check(record: StoredPrediction) -> None:
    """Raise an error for what would break the sums, or one of the databases."""
    numbers = (record.price, record.low, record.high, record.fsd or 0.0)
    if record.price > 0 and all(map(math.isfinite, numbers)) and record.role in ("live", "shadow"):
        return
    raise StoreError(
        f"The prediction of row {record.row} of request {record.request_id} cannot be stored: its price is not "
        "positive, one of its numbers is not finite, or its role is unknown.",
        code="record_invalid",
        request_id=record.request_id,
        request_row=record.row,
    )


def _row(record: StoredPrediction) -> dict[str, Any]:
    hashed = record.inputs_hash
    if hashed is None and record.inputs is not None:
        hashed = hash_house(record.inputs)
    return {
        "request_id": storable(record.request_id),
        "request_row": record.row,
        "reference": None if record.reference is None else storable(record.reference),
        "predicted_at": record.predicted_at,
        "model_version": record.model_version,
        "role": record.role,
        "price": record.price,
        "low": record.low,
        "high": record.high,
        "fsd": record.fsd,
        "currency": record.currency,
        "valuation_date": record.valuation_date,
        "warnings": record.warnings or None,
        "inputs": record.inputs,
        "inputs_hash": hashed,
    }


def _summaries(records: Iterable[StoredPrediction]) -> list[dict[str, Any]]:
    sums: defaultdict[tuple[date, str, str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0])
    for record in records:
        found = sums[utc_day(record.predicted_at), record.model_version, record.role, record.currency]
        log_price = math.log(record.price)
        found[0] += 1
        found[1] += log_price
        found[2] += log_price**2
        if record.fsd is not None:
            found[3] += record.fsd
            found[4] += 1
        flags = bool(record.warnings), record.dated, record.misdated, record.repeated
        found[5:] = [total + flag for total, flag in zip(found[5:], flags, strict=True)]
    return _as_rows(daily_predictions, sums)


def _counts(input_counts: Iterable[InputCount]) -> list[dict[str, Any]]:
    sums: defaultdict[tuple[date, str, str, int], list[float]] = defaultdict(lambda: [0])
    for one in input_counts:
        sums[one.day, one.model_version, one.column, one.bin][0] += one.count
    return _as_rows(daily_inputs, sums)


def _as_rows(table: Table, sums: dict[Any, list[float]]) -> list[dict[str, Any]]:
    """Return rows in the order of their keys, so that two writers lock them in the same order."""
    names = table.columns.keys()
    return [dict(zip(names, (*key, *sums[key]), strict=True)) for key in sorted(sums)]


def _add_up(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Add sums to those that the table holds for the same keys."""
    if not rows:
        return
    statement = insert_into(connection, table)
    added = {
        column.name: column + statement.excluded[column.name] for column in table.columns if not column.primary_key
    }
    connection.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=added), rows)


def utc_day(time: datetime) -> date:
    """Return the UTC day of a time; one without a zone is taken for UTC."""
    return (time.astimezone(UTC) if time.tzinfo else time).date()
