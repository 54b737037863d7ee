"""A case's present: rebuilt from its history."""

from __future__ import annotations

import sqlalchemy as sa

from engine.tables.columns import at, blob, flag, key, number, table, text

pins = table(
    # Which versions of all definitions a case runs on, by digest.
    "pins",
    key("digest"),
    text("versions"),  # JSON: {main, processes: {key: {version, sha256}}}
)

cases = table(
    "cases",
    key("id"),
    text("process"),
    number("version"),
    text("pins"),
    text("executor"),
    text("business_key", null=True),
    text("unit", null=True),
    text("starter", null=True),
    text("state"),
    text("end_state", null=True),
    text("lists"),  # JSON: {list: version} pinned at the first look-up
    at("created_at"),
    at("ended_at", null=True),
    at("at"),
    number("position"),
    text("head"),
    # The snapshot: where it stands. Last, so that lists of cases read past it.
    number("semantics"),
    blob("control"),
    blob("data"),
    sa.Index("ix_cases_process_state", "process", "state", "id"),
    sa.Index("ix_cases_unit", "unit", "id"),
    sa.Index("ix_cases_starter", "starter", "id"),
    sa.Index("ix_cases_business_key", "business_key"),
)

tasks = table(
    "tasks",
    key("case_id"),
    key("task"),  # relative to the case
    text("process"),
    text("main"),  # the case's own process
    text("element"),
    text("name"),
    text("state"),  # open | completed | cancelled
    text("assignee", null=True),
    text("candidates"),  # JSON
    text("form", null=True),
    number("priority"),
    flag("held"),
    at("opened_at"),
    at("due_at", null=True),
    at("original_due_at", null=True),
    at("warn_at", null=True),
    at("sort_at"),  # the due moment, or the end of time
    flag("provisional"),
    flag("continuous"),  # the limit runs day and night
    at("ended_at", null=True),
    text("ended_by", null=True),
    text("outcome", null=True),
    number("changed"),  # position of the last entry that touched it
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

candidates = table(
    # Who may claim an open task; gone when it is claimed or ended.
    "candidates",
    key("case_id"),
    key("task"),
    key("role"),
    key("unit"),
    at("sort_at"),
    sa.Index("ix_candidates_role_unit_sort_at", "role", "unit", "sort_at", "case_id", "task"),
    clustered=True,
)

timers = table(
    "timers",
    key("case_id"),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    text("process"),
    text("element"),
    at("due_at"),
    sa.Index("ix_timers_due_at", "due_at", "case_id", "number"),
    clustered=True,
)

subscriptions = table(
    "subscriptions",
    key("case_id"),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    text("kind"),  # message | signal
    text("name"),
    text("correlation"),  # canonical JSON
    sa.Index("ix_subscriptions_kind_name", "kind", "name", "case_id"),
    clustered=True,
)

jobs = table(
    "jobs",
    key("case_id"),
    key("job"),
    text("topic"),
    text("data"),  # JSON
    at("opened_at"),
    sa.Index("ix_jobs_topic", "topic", "opened_at"),
    clustered=True,
)

incidents = table(
    "incidents",
    key("case_id"),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    text("process"),
    text("element"),
    number("nth"),
    text("code"),
    text("message"),
    text("expression", null=True),
    at("at"),
    sa.Index("ix_incidents_at", "at", "case_id"),
    clustered=True,
)

notes = table(
    # Comments and attachments of tasks; their texts, names and bytes are sealed.
    "notes",
    key("case_id"),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    text("task"),
    text("kind"),  # comment | attachment
    text("actor"),
    at("at"),
    text("body"),  # JSON of the event
    sa.Index("ix_notes_case_id_task", "case_id", "task"),
)

keys = table(
    # The data that the process property "keys" names, to find cases by.
    "keys",
    key("name"),
    key("value"),
    key("case_id"),
    clustered=True,
)

links = table(
    # Two cases that belong together; written by the one that names the other.
    "links",
    key("case_id"),
    key("other_id"),
    key("kind"),
    text("written_by"),
    sa.Index("ix_links_written_by", "written_by"),
    clustered=True,
)

supervised = table(
    # Supervisions that are under way: the inbox view 督办件.
    "supervised",
    key("case_id"),
    key("place"),  # the call activity's visit; empty = the whole case
    at("since"),
    sa.Index("ix_supervised_since", "since", "case_id", "place"),
    clustered=True,
)

offers = table(
    # Open ad-hoc sub-processes: in whose inbox their work can be started.
    "offers",
    key("case_id"),
    key("place"),  # the visit: process.element.nth, in a multi-instance with the instance
    key("role"),
    key("unit"),
    at("at"),
    sa.Index("ix_offers_role_unit_at", "role", "unit", "at", "case_id", "place"),
    clustered=True,
)

published = table(
    # The notice board for residents: what a job of the topic "notify" put there with "board".
    "published",
    key("case_id"),
    key("place"),  # the call that published it; empty = the case itself
    text("id"),  # by which it is read; says nothing of the case
    text("kind"),
    text("level"),  # public | summary
    text("title"),
    text("text"),
    text("category"),
    text("unit"),  # community or street; empty = the whole district
    at("at"),
    at("until_at"),  # the end of time = as long as nobody takes it down
    at("withdrawn_at", null=True),
    text("body"),  # JSON: what else is shown
    sa.Index("ix_published_at", "at", "id"),
    sa.Index("ix_published_id", "id"),
    clustered=True,
)

notices = table(
    # What the topic "notify" tells a unit or a role: the inbox view 抄送.
    "notices",
    key("case_id"),
    key("job"),
    key("receiver"),
    text("text"),
    at("at"),
    sa.Index("ix_notices_receiver", "receiver", "at"),
    clustered=True,
)

register_rows = table(
    # Rows of the registers (台账) that cases have filled; personal values are references.
    "register_rows",
    key("case_id"),
    key("job"),
    key("register"),
    text("unit"),
    text("author"),
    at("at"),
    text("body"),  # JSON
    sa.Index("ix_register_rows_register_unit_at", "register", "unit", "at"),
    sa.Index("ix_register_rows_register_author_at", "register", "author", "at"),
    clustered=True,
)

milestones = table(
    # What each run of a process (a case, or a call in it) has left for the figures.
    "milestones",
    key("case_id"),
    key("process"),
    key("scope"),  # the executor's scope of the run's data; empty = the case's own
    text("item"),  # of a multi-instance: its key, such as the department's code
    text("place"),  # the scopes around it
    at("began_at"),
    flag("cut"),  # ended by others
    text("body"),  # JSON of the data that the list "milestones" names
    sa.Index("ix_milestones_process", "process"),
    clustered=True,
)
