"""What monitoring reads: sales with their predictions, daily summaries, and the state of the store."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import (
    BigInteger,
    Connection,
    Date,
    Select,
    Text,
    and_,
    cast,
    func,
    literal,
    null,
    select,
    text,
    type_coerce,
)

from houseprice.store.records import DailySummary, InputCount, LabelledPredictions, Role, StoreStatus
from houseprice.store.tables import actuals, daily_inputs, daily_predictions, predictions

_CURRENT = actuals.c.replaced_at.is_(None)
_TIME = "datetime64[us]"
_KINDS = {
    "row": "int64",
    **dict.fromkeys(("predicted_at", "recorded_at"), _TIME),
    **dict.fromkeys(("sale_date", "valuation_date"), "datetime64[D]"),
    **dict.fromkeys(("price_paid", "price", "low", "high", "fsd"), "float64"),
}
"""Type of each array of `LabelledPredictions`; the others hold objects."""


def labelled(
    connection: Connection, since: date | None, until: date | None, role: Role, *, with_inputs: bool
) -> LabelledPredictions:
    """Return the predictions whose price paid is known; see `Store.labelled`."""
    judged = predictions.alias("judged")
    on_sale = actuals.c.prediction_id == judged.c.id
    joined = actuals.join(judged, on_sale)
    answer = judged
    if role == "shadow":  # computed for the same house of the same request
        answer = predictions.alias("answer")
        same = (answer.c.request_id == judged.c.request_id, answer.c.request_row == judged.c.request_row)
        joined = joined.join(answer, and_(*same, answer.c.role == "shadow"))
    columns = [
        answer.c.request_id,
        answer.c.request_row,
        answer.c.reference,
        answer.c.model_version,
        type_coerce(answer.c.predicted_at, BigInteger),
        type_coerce(actuals.c.recorded_at, BigInteger),
        actuals.c.sale_date,
        answer.c.valuation_date,
        actuals.c.price.label("price_paid"),
        answer.c.price,
        answer.c.low,
        answer.c.high,
        answer.c.fsd,
        answer.c.currency,
        cast(judged.c.inputs, Text) if with_inputs else null(),
    ]
    statement = (
        select(*columns)
        .select_from(joined)
        .where(_CURRENT, *_within(actuals.c.sale_date, since, until))
        .order_by(actuals.c.sale_date, actuals.c.id, answer.c.id)
    )
    return _arrays(connection.execute(statement).all())


def _arrays(rows: Sequence[Any]) -> LabelledPredictions:
    names = list(LabelledPredictions.__dataclass_fields__)
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return LabelledPredictions(
        **{name: _array(name, list(column)) for name, column in zip(names, columns, strict=True)}
    )


def _array(name: str, values: list[Any]) -> Any:
    if name == "inputs":  # as one document, which is read in half of the time
        values = json.loads(f"[{','.join(text or 'null' for text in values)}]")
    if kind := _KINDS.get(name):
        return np.array(values, np.int64 if kind == _TIME else kind).astype(kind)
    array = np.empty(len(values), object)
    array[:] = values
    return array


def daily_summaries(
    connection: Connection, since: date | None, until: date | None, role: Role | None
) -> list[DailySummary]:
    """Return the sums of each day; see `Store.daily_summaries`."""
    statement = _daily(daily_predictions, since, until)
    if role is not None:
        statement = statement.where(daily_predictions.c.role == role)
    return [DailySummary(*row) for row in connection.execute(statement).all()]


def input_counts(
    connection: Connection, since: date | None, until: date | None, model_version: str | None
) -> list[InputCount]:
    """Return the counts of each day, column and bin; see `Store.input_counts`."""
    statement = _daily(daily_inputs, since, until)
    if model_version is not None:
        statement = statement.where(daily_inputs.c.model_version == model_version)
    return [InputCount(*row) for row in connection.execute(statement).all()]


def _daily(table: Any, since: date | None, until: date | None) -> Select[Any]:
    return select(table).where(*_within(table.c.day, since, until)).order_by(*table.primary_key)


def _within(day: Any, since: date | None, until: date | None) -> list[Any]:
    """Return the conditions that a day is not before `since`, and before `until`."""
    bounds = [day >= literal(since, Date)] if since is not None else []
    return bounds + ([day < literal(until, Date)] if until is not None else [])


def status(connection: Connection, place: str, path: Path | None, revision: str) -> StoreStatus:
    """Return what the store holds."""
    times = func.min(predictions.c.predicted_at), func.max(predictions.c.predicted_at)
    first, last = (connection.execute(select(time)).scalar() for time in times)  # one each, so that indexes serve
    count = connection.execute(select(func.count()).select_from(predictions)).scalar_one()
    paid = select(func.count()).select_from(actuals)
    return StoreStatus(
        database=connection.dialect.name,
        place=place,
        revision=revision,
        predictions=count,
        first=first,
        last=last,
        labelled=connection.execute(paid.where(_CURRENT)).scalar_one(),
        corrections=connection.execute(paid.where(~_CURRENT)).scalar_one(),
        bytes=_bytes(connection, path),
    )


def _bytes(connection: Connection, path: Path | None) -> int:
    if path is None:
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    files = (Path(f"{path}{suffix}") for suffix in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
