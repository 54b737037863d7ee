"""${message}.

Revision: ${up_revision}
Revises: ${down_revision or 'nothing'}
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.database import Moment
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    raise NotImplementedError("Histories are never taken back; restore a backup instead.")
