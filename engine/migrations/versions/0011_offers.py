"""Ad-hoc work in the inbox of those who may start it.

Revision: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.database import Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offers",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "place", "role", "unit", name=op.f("pk_offers")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_offers_role_unit_at", "offers", ["role", "unit", "at", "case_id", "place"])


def downgrade() -> None:
    raise NotImplementedError("Histories are never taken back; restore a backup instead.")
