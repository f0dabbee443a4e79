"""Search for the predictions by which sales are judged: the last live answer before the end of the day of the sale."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, Text, and_, column, func, null, select, values

from houseprice.store.records import Actual, hash_house, storable
from houseprice.store.tables import actuals, predictions, to_microseconds

Kind = Literal["request_id", "reference", "house"]
Item = TypeVar("Item")
_BLOCK = 500
_COLUMNS: dict[Kind, ColumnElement[str]] = {
    "request_id": predictions.c.request_id,
    "reference": predictions.c.reference,
    "house": predictions.c.inputs_hash,
}


@dataclass(frozen=True, slots=True)
class Key:
    """What identifies the prediction of a sale; `row` is that of a request, None where it was not given."""

    kind: Kind
    value: str
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a key finds for a sale.

    Attributes:
        id: of the prediction by which the sale is judged; None where all are later, or none is known.
        predicted_at: when the oldest prediction with that key was made; None where there is none.
        last_row: largest row of the request, if the key is a request ID.
        price, currency: of the judging prediction.
    """

    id: int | None
    predicted_at: datetime | None
    last_row: int
    price: float
    currency: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A price paid that is stored and was not replaced."""

    id: int
    prediction_id: int
    price: float
    sale_date: date


def keys(actual: Actual) -> list[Key]:
    """Return the keys of a sale, in the order in which they are tried."""
    found = []
    if actual.request_id:
        found.append(Key("request_id", storable(actual.request_id), actual.row))
    if actual.reference:
        found.append(Key("reference", storable(actual.reference)))
    if actual.house:
        found.append(Key("house", hash_house(actual.house)))
    return found


def find(connection: Connection, wanted: Sequence[tuple[Key, date]]) -> list[Found]:
    """Return what each key finds for a sale on a day."""
    results: dict[tuple[Key, date], Found] = {}
    kinds: tuple[Kind, ...] = ("request_id", "reference", "house")
    for kind in kinds:
        for block in blocks(sorted({pair for pair in wanted if pair[0].kind == kind}, key=repr)):
            results.update(zip(block, _find(connection, kind, block), strict=True))
    return [results[pair] for pair in wanted]


def _find(connection: Connection, kind: Kind, block: Sequence[tuple[Key, date]]) -> list[Found]:
    asked = (
        values(column("n", Integer), column("key", Text), column("request_row", Integer), column("until", BigInteger))
        .data([(n, key.value, key.row or 0, _end(day)) for n, (key, day) in enumerate(block)])
        .cte("asked")
    )
    same = and_(_COLUMNS[kind] == asked.c.key, predictions.c.role == "live")
    house = and_(same, predictions.c.request_row == asked.c.request_row) if kind == "request_id" else same
    judging = (
        select(predictions.c.id)
        .where(house, predictions.c.predicted_at < asked.c.until)
        .order_by(predictions.c.predicted_at.desc(), predictions.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    oldest = select(func.min(predictions.c.predicted_at)).where(house).scalar_subquery()
    last_row = select(func.max(predictions.c.request_row)).where(same).scalar_subquery()
    found = connection.execute(
        select(judging, oldest, last_row if kind == "request_id" else null()).select_from(asked).order_by(asked.c.n)
    ).all()
    details = _details(connection, [row[0] for row in found if row[0] is not None])
    return [Found(id_, first, last or 0, *details.get(id_, (0.0, ""))) for id_, first, last in found]


def _details(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[float, str]]:
    statement = select(predictions.c.id, predictions.c.price, predictions.c.currency).where(predictions.c.id.in_(ids))
    return {row.id: (row.price, row.currency) for row in connection.execute(statement)}


def stored_by_prediction(connection: Connection, ids: Iterable[int]) -> dict[int, Stored]:
    """Return prediction → the price paid that is stored for it."""
    found: dict[int, Stored] = {}
    for block in blocks(sorted(set(ids))):
        statement = _stored().where(actuals.c.prediction_id.in_(block))
        found |= {row.prediction_id: Stored(*row) for row in connection.execute(statement)}
    return found


def stored_by_key(connection: Connection, wanted: Sequence[tuple[Key, date]]) -> Mapping[tuple[Key, date], Stored]:
    """Return key and day of a sale → the price paid that is stored for them."""
    if not wanted:
        return {}
    days = [day for _, day in wanted]
    statement = (
        _stored()
        .add_columns(predictions.c.reference, predictions.c.inputs_hash)
        .join(predictions, predictions.c.id == actuals.c.prediction_id)
        .where(actuals.c.sale_date.between(min(days), max(days)))
    )
    asked = set(wanted)
    found: dict[tuple[Key, date], Stored] = {}
    for *stored, reference, hashed in connection.execute(statement):
        one = Stored(*stored)
        for key in (Key("reference", reference or ""), Key("house", hashed or "")):
            if (key, one.sale_date) in asked:
                found[key, one.sale_date] = one
    return found


def _stored() -> Any:
    columns = (actuals.c.id, actuals.c.prediction_id, actuals.c.price, actuals.c.sale_date)
    return select(*columns).where(actuals.c.replaced_at.is_(None))


def blocks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Return the items in blocks that one statement can hold."""
    return (items[start : start + _BLOCK] for start in range(0, len(items), _BLOCK))


def _end(day: date) -> int:
    return to_microseconds(datetime.combine(day, time(), UTC) + timedelta(days=1))
