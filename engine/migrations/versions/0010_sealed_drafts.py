"""What people have typed and not sent yet is sealed.

Revision: 0010
Revises: 0009
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UNSENT, SALT_SIZE = 2, 16
_DRAFTS = sa.text("SELECT user_name, case_id, task, body FROM unsent")
_KEEP = sa.text(
    "INSERT INTO sealed (case_id, id, ballot, salt, value, erased_at)"
    " VALUES (:case_id, :id, :ballot, :salt, :value, NULL)"
)
_MARK = sa.text(
    "UPDATE unsent SET body = :body"
    " WHERE user_name = :user_name AND case_id = :case_id AND task = :task"
)


def upgrade() -> None:
    connection: Any = op.get_bind()
    for user_name, case_id, task, body in connection.execute(_DRAFTS).all():
        one, salt = uuid.uuid4().hex, secrets.token_bytes(SALT_SIZE)
        # The canonical form of lists of texts, as ``sealing`` writes it.
        value = orjson.dumps(orjson.loads(body))
        mark = {"$sealed": one, "commitment": hashlib.sha256(salt + value).hexdigest()}
        kept = {"case_id": case_id, "id": one, "ballot": UNSENT, "salt": salt, "value": value}
        connection.execute(_KEEP, kept)
        place = {"user_name": user_name, "case_id": case_id, "task": task}
        connection.execute(_MARK, {**place, "body": orjson.dumps(mark).decode()})


def downgrade() -> None:
    raise NotImplementedError("Histories are never taken back; restore a backup instead.")
