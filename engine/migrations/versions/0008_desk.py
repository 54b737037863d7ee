"""What people have typed and not sent yet, and the views of the inbox that they have saved.

Revision: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.database import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unsent",
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("user_name", "case_id", "task", name=op.f("pk_unsent")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_unsent_case_id", "unsent", ["case_id", "task"])
    op.create_table(
        "saved_views",
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_name", "name", name=op.f("pk_saved_views")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise NotImplementedError("Histories are never taken back; restore a backup instead.")
