"""Every table.

The histories (``entries``) are the truth; what can be rebuilt from them says so.
A case's id leads every key of the tables that grow, so that a case's rows lie
together and the tables can be spread by case.

Columns of ``entries`` beside ``body`` are copies that ``verify`` compares.
"""

from __future__ import annotations

from engine.tables.columns import metadata
from engine.tables.desk import saved_views, unsent
from engine.tables.drafts import drafts
from engine.tables.log import checkpoints, leaves, stamps, subtrees
from engine.tables.people import accesses, attempts, bookmarks, codes, contacts, dispatches
from engine.tables.present import (
    candidates,
    cases,
    incidents,
    jobs,
    keys,
    links,
    milestones,
    notes,
    notices,
    offers,
    pins,
    published,
    register_rows,
    subscriptions,
    supervised,
    tasks,
    timers,
)
from engine.tables.proof import blobs, entries, sealed, sealed_index, standings, streams
from engine.tables.registers import definitions, list_versions, resources, starts, tokens, users
from engine.tables.work import buffered, facts, idempotency, outbox

__all__ = [
    "accesses",
    "attempts",
    "blobs",
    "bookmarks",
    "buffered",
    "candidates",
    "cases",
    "checkpoints",
    "codes",
    "contacts",
    "definitions",
    "dispatches",
    "drafts",
    "entries",
    "facts",
    "idempotency",
    "incidents",
    "jobs",
    "keys",
    "leaves",
    "links",
    "list_versions",
    "metadata",
    "milestones",
    "notes",
    "notices",
    "offers",
    "outbox",
    "pins",
    "published",
    "register_rows",
    "resources",
    "saved_views",
    "sealed",
    "sealed_index",
    "stamps",
    "standings",
    "starts",
    "streams",
    "subscriptions",
    "subtrees",
    "supervised",
    "tasks",
    "timers",
    "tokens",
    "unsent",
    "users",
]
