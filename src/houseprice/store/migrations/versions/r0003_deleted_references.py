"""References that were deleted, so that what still waits in a spool is left out."""

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "deleted_references",
        sa.Column("reference_hash", sa.Text, nullable=False),
        sa.Column("deleted_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("reference_hash", name=op.f("pk_deleted_references")),
    )
