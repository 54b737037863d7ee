"""What lies on somebody's desk: marks and texts of one's own, in no history, never exported."""

from __future__ import annotations

import sqlalchemy as sa

from engine.tables.columns import at, key, number, table, text

unsent = table(
    # What a user has typed at a task and not sent yet; personal, like what it will become.
    "unsent",
    key("user_name"),
    key("case_id"),
    key("task"),
    text("body"),  # JSON: the sealed form of [[field, text], …]
    at("at"),
    sa.Index("ix_unsent_case_id", "case_id", "task"),
    clustered=True,
)

saved_views = table(
    # What a user asks the inbox for again and again.
    "saved_views",
    key("user_name"),
    key("name"),
    text("body"),  # JSON: {view, process, unit, overdue, q, sort}
    number("number"),  # in which order they stand
    clustered=True,
)
