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
    if connection.dialect.name == "postgresql":
        # The planner's statistics keep samples of what tables hold; of personal values none.
        for column in ("salt", "value"):
            connection.execute(
                sa.text(f"ALTER TABLE sealed ALTER COLUMN {column} SET STATISTICS 0")
            )
        connection.commit()
engine.dispose()
