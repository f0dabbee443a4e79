"""Tables of the store, for SQLite and PostgreSQL alike.

The migrations create them; a test compares the two. Times are integers, microseconds since 1970 in UTC, which both
databases compare and index alike.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import postgresql, sqlite

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """A time with its zone in Python, microseconds since 1970 in UTC in the database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return the microseconds."""
        del dialect
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the time."""
        del dialect
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def to_microseconds(time: datetime) -> int:
    """Return the microseconds since 1970 in UTC; a time without a zone is taken for UTC."""
    return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
Identity = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column of this type."""

predictions = Table(
    "predictions",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("request_id", Text, nullable=False),
    Column("request_row", Integer, nullable=False),
    Column("reference", Text),
    Column("predicted_at", UtcTime, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("price", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("fsd", Double),
    Column("currency", Text, nullable=False),
    Column("valuation_date", Date),
    Column("warnings", JSON(none_as_null=True)),
    Column("inputs", JSON(none_as_null=True)),
    Column("inputs_hash", Text),
    CheckConstraint("role in ('live', 'shadow')", name="role"),
)
_referenced = predictions.c.reference.is_not(None)
_hashed = predictions.c.inputs_hash.is_not(None)
Index(None, predictions.c.request_id, predictions.c.request_row, predictions.c.role)
Index(None, predictions.c.predicted_at)
Index(
    None,
    predictions.c.reference,
    predictions.c.predicted_at,
    sqlite_where=_referenced,
    postgresql_where=_referenced,
)
Index(
    None,
    predictions.c.inputs_hash,
    predictions.c.predicted_at,
    sqlite_where=_hashed,
    postgresql_where=_hashed,
)

actuals = Table(
    "actuals",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("prediction_id", BigInteger, ForeignKey("predictions.id", ondelete="CASCADE"), nullable=False),
    Column("price", Double, nullable=False),
    Column("sale_date", Date, nullable=False),
    Column("matched_by", Text, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("replaced_at", UtcTime),
)
"""Prices paid. A corrected one stays with the time of its replacement, which is the trace of corrections."""
_current = actuals.c.replaced_at.is_(None)
Index(None, actuals.c.prediction_id)
Index(
    "uq_actuals_current",
    actuals.c.prediction_id,
    unique=True,
    sqlite_where=_current,
    postgresql_where=_current,
)
Index(None, actuals.c.sale_date)

spool_positions = Table(
    "spool_positions",
    metadata,
    Column("spool_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

daily_predictions = Table(
    "daily_predictions",
    metadata,
    Column("day", Date, primary_key=True),
    Column("model_version", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("predictions", BigInteger, nullable=False),
    Column("log_price_sum", Double, nullable=False),
    Column("log_price_squares", Double, nullable=False),
    Column("fsd_sum", Double, nullable=False),
    Column("fsd_count", BigInteger, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in ("warned", "dated", "misdated", "repeated")),
)

daily_inputs = Table(
    "daily_inputs",
    metadata,
    Column("day", Date, primary_key=True),
    Column("model_version", Text, primary_key=True),
    Column("column_name", Text, primary_key=True),
    Column("bin", Integer, primary_key=True),
    Column("count", BigInteger, nullable=False),
)

deleted_references = Table(
    "deleted_references",
    metadata,
    Column("reference_hash", Text, primary_key=True),
    Column("deleted_at", UtcTime, nullable=False),
)
"""What was deleted by its reference, and when: predictions made before that may still wait in a spool."""


def insert_into(connection: Connection, table: Table) -> Any:
    """Return an insert that can do something else on a conflict, which both databases write alike."""
    return {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[connection.dialect.name](table)
