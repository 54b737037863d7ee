"""Time-stamps of checkpoints.

Revision: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stamps",
        sa.Column("checkpoint", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("checkpoint", name=op.f("pk_stamps")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise NotImplementedError("Histories are never taken back; restore a backup instead.")
