"""What people read: cases, histories, tasks, definitions, incidents, lists.

Everything that carries case data goes through ``access`` on its way out: what
the reader may not see is withheld, what is sealed is opened only for those who
may read it. A case the reader may not see does not exist (404).
"""

from __future__ import annotations

from engine.views.activities import scope_of
from engine.views.attention import follow, is_supervised
from engine.views.cases import (
    INCIDENT,
    case,
    case_document,
    cases_page,
    incidents_of,
    process_of,
    shown,
    task_position,
    visible,
)
from engine.views.decisions import decisions
from engine.views.desk import draft, drop_draft, keep_draft
from engine.views.histories import events_of, history, looks, state_at
from engine.views.journeys import difference, journey
from engine.views.linked import linked, numbered
from engine.views.lists import (
    list_difference,
    list_history,
    list_holders,
    list_overview,
    list_page,
    list_pins,
    list_version,
    readable,
)
from engine.views.printing import paper, papers
from engine.views.proofs import chain, prove
from engine.views.registers import (
    all_definitions,
    all_lists,
    definition,
    files,
    form,
    incident_page,
    list_rows,
    version,
    xml,
)
from engine.views.running import running_on
from engine.views.search import Wanted, search
from engine.views.tasks import (
    attached,
    attachment,
    attachments,
    changes,
    comments,
    contact,
    has_activities,
    has_unread_copy,
    inbox_kinds,
    inbox_page,
    inbox_totals,
    task,
    task_data,
    unread,
)
from engine.views.whole import clocks, documents, doers

__all__ = [
    "INCIDENT",
    "Wanted",
    "all_definitions",
    "all_lists",
    "attached",
    "attachment",
    "attachments",
    "case",
    "case_document",
    "cases_page",
    "chain",
    "changes",
    "clocks",
    "comments",
    "contact",
    "decisions",
    "definition",
    "difference",
    "documents",
    "doers",
    "draft",
    "drop_draft",
    "events_of",
    "files",
    "follow",
    "form",
    "has_activities",
    "has_unread_copy",
    "history",
    "inbox_kinds",
    "inbox_page",
    "inbox_totals",
    "incident_page",
    "incidents_of",
    "is_supervised",
    "journey",
    "keep_draft",
    "linked",
    "list_difference",
    "list_history",
    "list_holders",
    "list_overview",
    "list_page",
    "list_pins",
    "list_rows",
    "list_version",
    "looks",
    "numbered",
    "paper",
    "papers",
    "process_of",
    "prove",
    "readable",
    "running_on",
    "scope_of",
    "search",
    "shown",
    "state_at",
    "task",
    "task_data",
    "task_position",
    "unread",
    "version",
    "visible",
    "xml",
]
