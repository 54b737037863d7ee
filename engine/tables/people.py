"""What concerns people and stands in no history: none of it can be rebuilt.

Lost rows cost nobody a right: somebody enters an address again, or is given
another code.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Moment
from engine.tables.columns import at, flag, key, number, table, text

accesses = table(
    # Who was shown which personal values of a case; in no history, and never exported.
    "accesses",
    key("case_id"),
    sa.Column("at", Moment, primary_key=True),
    key("user_name"),
    key("place"),  # what was read: case, task, register, …
    key("what"),  # JSON: names of the fields
    clustered=True,
)

attempts = table(
    # Sign-ins that have failed or are under way, by user name and by address.
    "attempts",
    key("subject"),
    number("count"),
    at("began_at"),
    clustered=True,
)

bookmarks = table(
    # The cases that a user follows (关注).
    "bookmarks",
    key("user_name"),
    key("case_id"),
    at("at"),
    sa.Index("ix_bookmarks_user_name_at", "user_name", "at", "case_id"),
    clustered=True,
)

codes = table(
    # What a reporter without a login follows the own case by.
    "codes",
    key("case_id"),
    text("hash"),  # argon2
    text("given_by"),
    at("given_at"),
    clustered=True,
)

contacts = table(
    # Where a user wants to be told of work.
    "contacts",
    key("user_name"),
    text("email", null=True),
    flag("by_mail"),
    at("seen_at", null=True),  # when the notices were looked at last
    text("wishes", null=True),  # JSON: kind of news -> channels; None: the usual ones
    clustered=True,
)

dispatches = table(
    # What goes out by webhook or e-mail: one row per receiver, so that each is told once.
    "dispatches",
    key("case_id"),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    key("channel"),  # mail | webhook
    key("receiver"),  # a user's name; empty for the webhook
    text("body"),  # JSON, nothing personal in it
    at("written_at"),
    at("next_at", null=True),  # None: delivered or given up
    number("attempts"),
    at("delivered_at", null=True),
    text("failure", null=True),  # the kind of the last failure
    sa.Index("ix_dispatches_next_at", "next_at"),
    clustered=True,
)
