"""What designers are working on: drafts, in no history before they are deployed."""

from __future__ import annotations

from engine.tables.columns import at, key, number, table, text

drafts = table(
    # One for a process; its files replace those that are deployed when it is deployed itself.
    "drafts",
    key("process"),
    text("name"),  # as its diagram names it
    number("base", null=True),  # the deployed version that it began with
    number("revision"),  # from 1; every saving adds one
    text("files"),  # JSON: file name -> text
    text("authors"),  # JSON: the names of all who have saved it
    text("saved_by"),
    at("saved_at"),
    at("created_at"),
    clustered=True,
)
