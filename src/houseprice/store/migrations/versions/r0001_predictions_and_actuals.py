"""Predictions, prices paid, and how far each spool was read."""

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None

_IDENTITY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _create_predictions()
    op.create_table(
        "actuals",
        sa.Column("id", _IDENTITY, nullable=False),
        sa.Column("prediction_id", sa.BigInteger, nullable=False),
        sa.Column("price", sa.Double, nullable=False),
        sa.Column("sale_date", sa.Date, nullable=False),
        sa.Column("matched_by", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("replaced_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actuals")),
        sa.ForeignKeyConstraint(
            ["prediction_id"], ["predictions.id"], name=op.f("fk_actuals_prediction_id"), ondelete="CASCADE"
        ),
    )
    current = sa.text("replaced_at IS NULL")
    op.create_index(op.f("ix_actuals_prediction_id"), "actuals", ["prediction_id"])
    op.create_index(
        "uq_actuals_current",
        "actuals",
        ["prediction_id"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
    op.create_index(op.f("ix_actuals_sale_date"), "actuals", ["sale_date"])
    op.create_table(
        "spool_positions",
        sa.Column("spool_id", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("spool_id", name=op.f("pk_spool_positions")),
    )


def _create_predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column("id", _IDENTITY, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("request_row", sa.Integer, nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("predicted_at", sa.BigInteger, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("price", sa.Double, nullable=False),
        sa.Column("low", sa.Double, nullable=False),
        sa.Column("high", sa.Double, nullable=False),
        sa.Column("fsd", sa.Double),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("valuation_date", sa.Date),
        sa.Column("warnings", sa.JSON),
        sa.Column("inputs", sa.JSON),
        sa.Column("inputs_hash", sa.Text),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_predictions")),
        sa.CheckConstraint("role in ('live', 'shadow')", name=op.f("ck_predictions_role")),
    )
    op.create_index(
        op.f("ix_predictions_request_id_request_row_role"), "predictions", ["request_id", "request_row", "role"]
    )
    op.create_index(op.f("ix_predictions_predicted_at"), "predictions", ["predicted_at"])
    for column in ("reference", "inputs_hash"):
        given = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            op.f(f"ix_predictions_{column}_predicted_at"),
            "predictions",
            [column, "predicted_at"],
            sqlite_where=given,
            postgresql_where=given,
        )
