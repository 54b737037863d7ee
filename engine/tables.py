"""Every table.

The histories (``entries``) are the truth; what can be rebuilt from them says so.
A case's id leads every key of the tables that grow, so that a case's rows lie
together and the tables can be spread by case.

Columns of ``entries`` beside ``body`` are copies that ``verify`` compares.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.database import Moment

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def _table(name: str, *items: sa.schema.SchemaItem, clustered: bool = False) -> sa.Table:
    """Return a table; a clustered one lies in the order of its key alone (SQLite)."""
    return sa.Table(name, metadata, *items, sqlite_with_rowid=not clustered)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _at(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, Moment, nullable=null)


def _bytes(name: str, *, null: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=null)


def _flag(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False, default=0)


# -- the truth ---------------------------------------------------------------

entries = _table(
    "entries",
    _key("stream"),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    _at("at"),
    _text("actor"),
    _text("type"),
    _bytes("body"),
    _text("digest"),
)

streams = _table(
    # The administrative streams (@deployments, @lists, @identities) and their heads.
    "streams",
    _key("id"),
    _number("position"),
    _text("head"),
    clustered=True,
)

blobs = _table(
    # Files by their SHA-256: diagrams, forms, decisions, lists.
    "blobs",
    _key("sha256"),
    _bytes("content"),
)

sealed = _table(
    # Personal values, by the id that stands in the history. Erased with their salt.
    "sealed",
    _key("case_id"),
    _key("id"),
    _bytes("salt", null=True),
    _bytes("value", null=True),
    _at("erased_at", null=True),
)

# -- definitions, lists, identities: rebuilt from the administrative streams ----

definitions = _table(
    "definitions",
    _key("process"),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("name"),
    _text("sha256"),
    _text("executor"),
    _text("deployment"),
    _text("files"),  # JSON: [{kind, key, filename, sha256}]; the first is the diagram
    _at("at"),
    _flag("chosen"),  # pinned for new cases; without one the latest version is
)

resources = _table(
    # The newest form or decision file of each key, for diagrams deployed without them.
    "resources",
    _key("kind"),
    _key("key"),
    _text("filename"),
    _text("sha256"),
)

starts = _table(
    # Message, signal and timer start events of the versions that start new cases.
    "starts",
    _key("process"),
    _key("element"),
    _key("unit"),
    _text("kind"),
    _text("name", null=True),
    _at("due_at", null=True),
    _number("version"),
    _text("cycle", null=True),
    sa.Index("ix_starts_due_at", "due_at"),
)

list_versions = _table(
    "list_versions",
    _key("name"),
    _key("version"),
    _text("descriptor"),  # sha256 of the descriptor's bytes
    _text("content"),  # sha256 of the CSV bytes
    _at("activated_at"),
    _number("position"),  # in @lists; the highest of a name is the active one
)

users = _table(
    "users",
    _key("name"),
    _text("person_id", null=True),
    _text("grants"),  # JSON: [[role, unit]]
    _text("password", null=True),  # argon2
    _flag("demo"),
    _at("disabled_at", null=True),
)

tokens = _table(
    "tokens",
    _key("sha256"),
    _text("user_name"),
    _text("kind"),  # token | session
    _at("created_at"),
    _at("expires_at", null=True),
    sa.Index("ix_tokens_user_name", "user_name"),
)

# -- a case's present: rebuilt from its history -------------------------------

pins = _table(
    # Which versions of all definitions a case runs on, by digest.
    "pins",
    _key("digest"),
    _text("versions"),  # JSON: {main, processes: {key: {version, sha256}}}
)

cases = _table(
    "cases",
    _key("id"),
    _text("process"),
    _number("version"),
    _text("pins"),
    _text("executor"),
    _text("business_key", null=True),
    _text("unit", null=True),
    _text("starter", null=True),
    _text("state"),
    _text("end_state", null=True),
    _text("lists"),  # JSON: {list: version} pinned at the first look-up
    _at("created_at"),
    _at("ended_at", null=True),
    _at("at"),
    _number("position"),
    _text("head"),
    # The snapshot: where it stands. Last, so that lists of cases read past it.
    _number("semantics"),
    _bytes("control"),
    _bytes("data"),
    sa.Index("ix_cases_process_state", "process", "state", "id"),
    sa.Index("ix_cases_unit", "unit", "id"),
    sa.Index("ix_cases_starter", "starter", "id"),
    sa.Index("ix_cases_business_key", "business_key"),
)

tasks = _table(
    "tasks",
    _key("case_id"),
    _key("task"),  # relative to the case
    _text("process"),
    _text("main"),  # the case's own process
    _text("element"),
    _text("name"),
    _text("state"),  # open | completed | cancelled
    _text("assignee", null=True),
    _text("candidates"),  # JSON
    _text("form", null=True),
    _number("priority"),
    _flag("held"),
    _at("opened_at"),
    _at("due_at", null=True),
    _at("original_due_at", null=True),
    _at("warn_at", null=True),
    _at("sort_at"),  # the due moment, or the end of time
    _flag("provisional"),
    _flag("continuous"),  # the limit runs day and night
    _at("ended_at", null=True),
    _text("ended_by", null=True),
    _text("outcome", null=True),
    _number("changed"),  # position of the last entry that touched it
    sa.Index(
        "ix_tasks_assignee",
        "assignee",
        "sort_at",
        "case_id",
        "task",
        sqlite_where=sa.text("assignee IS NOT NULL AND state = 'open'"),
        postgresql_where=sa.text("assignee IS NOT NULL AND state = 'open'"),
    ),
    sa.Index(
        "ix_tasks_ended_by",
        "ended_by",
        "ended_at",
        "case_id",
        "task",
        sqlite_where=sa.text("ended_by IS NOT NULL"),
        postgresql_where=sa.text("ended_by IS NOT NULL"),
    ),
    clustered=True,
)

candidates = _table(
    # Who may claim an open task; gone when it is claimed or ended.
    "candidates",
    _key("case_id"),
    _key("task"),
    _key("role"),
    _key("unit"),
    _at("sort_at"),
    sa.Index("ix_candidates_role_unit_sort_at", "role", "unit", "sort_at", "case_id", "task"),
    clustered=True,
)

timers = _table(
    "timers",
    _key("case_id"),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("process"),
    _text("element"),
    _at("due_at"),
    sa.Index("ix_timers_due_at", "due_at", "case_id", "number"),
    clustered=True,
)

subscriptions = _table(
    "subscriptions",
    _key("case_id"),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("kind"),  # message | signal
    _text("name"),
    _text("correlation"),  # canonical JSON
    sa.Index("ix_subscriptions_kind_name", "kind", "name", "case_id"),
    clustered=True,
)

jobs = _table(
    "jobs",
    _key("case_id"),
    _key("job"),
    _text("topic"),
    _text("data"),  # JSON
    _at("opened_at"),
    sa.Index("ix_jobs_topic", "topic", "opened_at"),
    clustered=True,
)

incidents = _table(
    "incidents",
    _key("case_id"),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("process"),
    _text("element"),
    _number("nth"),
    _text("code"),
    _text("message"),
    _text("expression", null=True),
    _at("at"),
    sa.Index("ix_incidents_at", "at", "case_id"),
    clustered=True,
)

notes = _table(
    # Comments and attachments of tasks; their texts, names and bytes are sealed.
    "notes",
    _key("case_id"),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("task"),
    _text("kind"),  # comment | attachment
    _text("actor"),
    _at("at"),
    _text("body"),  # JSON of the event
    sa.Index("ix_notes_case_id_task", "case_id", "task"),
)

keys = _table(
    # The data that the process property "keys" names, to find cases by.
    "keys",
    _key("name"),
    _key("value"),
    _key("case_id"),
    clustered=True,
)

links = _table(
    # Two cases that belong together; written by the one that names the other.
    "links",
    _key("case_id"),
    _key("other_id"),
    _key("kind"),
    _text("written_by"),
    sa.Index("ix_links_written_by", "written_by"),
    clustered=True,
)

notices = _table(
    # What the topic "notify" tells a unit or a role: the inbox view 抄送.
    "notices",
    _key("case_id"),
    _key("job"),
    _key("receiver"),
    _text("text"),
    _at("at"),
    sa.Index("ix_notices_receiver", "receiver", "at"),
    clustered=True,
)

# -- work in progress ----------------------------------------------------------

outbox = _table(
    "outbox",
    _key("case_id"),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("kind"),  # message | signal | job
    _text("body"),  # JSON
    _at("written_at"),
    _at("next_at", null=True),  # None: delivered or given up
    _number("attempts"),
    _at("delivered_at", null=True),
    sa.Index("ix_outbox_next_at", "next_at"),
    clustered=True,
)

buffered = _table(
    # Messages that nobody awaits yet, until they expire.
    "buffered",
    _key("id"),
    _text("name"),
    _text("correlation"),  # canonical JSON
    _text("data"),  # JSON
    _text("actor"),
    _at("expires_at"),
    sa.Index("ix_buffered_name", "name", "expires_at"),
)

idempotency = _table(
    "idempotency",
    _key("actor"),
    _key("route"),
    _key("key"),
    _text("body"),  # sha256 of the request
    _number("status"),
    _bytes("answer"),
    _at("at"),
    sa.Index("ix_idempotency_at", "at"),
    clustered=True,
)

facts = _table(
    # Single values of this installation, such as the manual clock's moment.
    "facts",
    _key("name"),
    _text("value"),
    clustered=True,
)
