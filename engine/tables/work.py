"""Work in progress: what is on its way, and what is kept for a while."""

from __future__ import annotations

import sqlalchemy as sa

from engine.tables.columns import at, blob, key, number, table, text

outbox = table(
    "outbox",
    key("case_id"),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    text("kind"),  # message | signal | job | notice
    text("body"),  # JSON
    at("written_at"),
    at("next_at", null=True),  # None: delivered or given up
    number("attempts"),
    at("delivered_at", null=True),
    sa.Index("ix_outbox_next_at", "next_at"),
    clustered=True,
)

buffered = table(
    # Messages that nobody awaits yet, until they expire.
    "buffered",
    key("id"),
    text("name"),
    text("correlation"),  # canonical JSON
    text("data"),  # JSON
    text("actor"),
    at("expires_at"),
    sa.Index("ix_buffered_name", "name", "expires_at"),
)

idempotency = table(
    "idempotency",
    key("actor"),
    key("route"),
    key("key"),
    text("body"),  # sha256 of the request
    number("status"),
    blob("answer"),
    at("at"),
    sa.Index("ix_idempotency_at", "at"),
    clustered=True,
)

facts = table(
    # Single values of this installation, such as the manual clock's moment.
    "facts",
    key("name"),
    text("value"),
    clustered=True,
)
