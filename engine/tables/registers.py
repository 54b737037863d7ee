"""Definitions, lists, identities: rebuilt from the administrative streams."""

from __future__ import annotations

import sqlalchemy as sa

from engine.tables.columns import at, flag, key, number, table, text

definitions = table(
    "definitions",
    key("process"),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    text("name"),
    text("sha256"),
    text("executor"),
    text("deployment"),
    text("files"),  # JSON: [{kind, key, filename, sha256}]; the first is the diagram
    at("at"),
    flag("chosen"),  # pinned for new cases; without one the latest version is
)

resources = table(
    # The newest form or decision file of each key, for diagrams deployed without them.
    "resources",
    key("kind"),
    key("key"),
    text("filename"),
    text("sha256"),
)

starts = table(
    # Message, signal, timer and conditional start events of the versions that start new cases.
    "starts",
    key("process"),
    key("element"),
    # which of its event definitions, from 0
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    text("kind"),
    text("name", null=True),
    at("due_at", null=True),
    number("version"),
    # JSON: what is left of a cycle; what a condition has said last; that all must come
    text("cycle", null=True),
    sa.Index("ix_starts_due_at", "due_at"),
)

list_versions = table(
    "list_versions",
    key("name"),
    key("version"),
    text("descriptor"),  # sha256 of the descriptor's bytes
    text("content"),  # sha256 of the CSV bytes
    at("activated_at"),
    number("position"),  # in @lists; the highest of a name is the active one
)

users = table(
    "users",
    key("name"),
    text("person_id", null=True),
    text("grants"),  # JSON: [[role, unit]]
    text("password", null=True),  # argon2
    flag("demo"),
    at("disabled_at", null=True),
    at("reset_at", null=True),  # since when the password is a temporary one
)

tokens = table(
    "tokens",
    key("sha256"),
    text("user_name"),
    text("kind"),  # token | session
    at("created_at"),
    at("expires_at", null=True),
    at("last_used_at", null=True),  # to about ten minutes
    sa.Index("ix_tokens_user_name", "user_name"),
)
