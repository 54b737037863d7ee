"""Who was shown what, sealed values found by number, and what people want to be told.

Revision: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.database import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accesses",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "case_id", "at", "user_name", "place", "what", name=op.f("pk_accesses")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sealed_index",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "case_id", "id", name=op.f("pk_sealed_index")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sealed_index_case_id_id", "sealed_index", ["case_id", "id"])
    op.add_column("contacts", sa.Column("wishes", sa.Text(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Histories are never taken back; restore a backup instead.")
