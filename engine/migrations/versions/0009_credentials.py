"""Temporary passwords, and when tokens were used last.

Revision: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.database import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("reset_at", Moment(), nullable=True))
    op.add_column("tokens", sa.Column("last_used_at", Moment(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("Histories are never taken back; restore a backup instead.")
