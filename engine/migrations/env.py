"""Alembic's entry: runs the migrations on the database named by ``upgrade``."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from engine.tables import metadata

engine = sa.create_engine(context.config.attributes["url"])
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=False,
        user_module_prefix="",
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
