"""Daily summaries, filled from the predictions that are stored."""

import math
from collections import defaultdict
from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None

_DAY = 86_400_000_000  # microseconds
_BLOCK = 50_000


def upgrade() -> None:
    """Create the tables, and sum up what is stored."""
    daily = op.create_table(
        "daily_predictions",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("predictions", sa.BigInteger, nullable=False),
        sa.Column("log_price_sum", sa.Double, nullable=False),
        sa.Column("log_price_squares", sa.Double, nullable=False),
        sa.Column("fsd_sum", sa.Double, nullable=False),
        sa.Column("fsd_count", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("warned", "dated", "misdated", "repeated")),
        sa.PrimaryKeyConstraint("day", "model_version", "role", "currency", name=op.f("pk_daily_predictions")),
    )
    op.create_table(
        "daily_inputs",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("column_name", sa.Text, nullable=False),
        sa.Column("bin", sa.Integer, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", "model_version", "column_name", "bin", name=op.f("pk_daily_inputs")),
    )
    if rows := _summed_up():
        op.bulk_insert(daily, rows)


def _summed_up() -> list[dict[str, object]]:
    names = ("id", "predicted_at", "model_version", "role", "currency", "price", "fsd")
    stored = sa.table("predictions", *(sa.column(name) for name in names), sa.column("warnings", sa.JSON))
    sums: defaultdict[tuple[date, str, str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0.0, 0.0, 0, 0])
    last = -1
    while True:
        block = sa.select(stored).where(stored.c.id > last).order_by(stored.c.id).limit(_BLOCK)
        rows = op.get_bind().execute(block).all()
        for row in rows:
            day = date(1970, 1, 1) + timedelta(days=row.predicted_at // _DAY)
            log_price = math.log(row.price)
            known = row.fsd is not None
            values = (1, log_price, log_price**2, row.fsd if known else 0.0, known, bool(row.warnings))
            found = sums[day, row.model_version, row.role, row.currency]
            found[:] = [total + value for total, value in zip(found, values, strict=True)]
        if len(rows) < _BLOCK:
            break
        last = rows[-1].id
    keys = ("day", "model_version", "role", "currency")
    totals = ("predictions", "log_price_sum", "log_price_squares", "fsd_sum", "fsd_count", "warned")
    unknown = dict.fromkeys(("dated", "misdated", "repeated"), 0)
    return [
        {**dict(zip(keys, key, strict=True)), **dict(zip(totals, found, strict=True)), **unknown}
        for key, found in sums.items()
    ]
