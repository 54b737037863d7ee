"""How far a report has come, for who has its code: plain steps, offices, the reply, questions.

Shown are the tasks whose element has the property ``public_step``, of the case and of those
that it has started; the reply that ``public_reply`` names, once the reporter is asked about
it or the case has ended; and what ``by_code`` lets the reporter answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam as p

from engine import accesses, store
from engine.accesses import Look
from engine.bpmn.model import Node
from engine.clock import text
from engine.database import Transaction
from engine.definitions import Pinned
from engine.following import BY_CODE
from engine.forms import Form
from engine.ports import Application
from engine.projection import CLOSED
from engine.public.offers import only
from engine.redaction import propose
from engine.sealing import unseal
from engine.store import CaseRow
from engine.tables import links, subscriptions, tasks

STEP = "public_step"
ANSWERED = "by_code"
"""On a task: the fields that who has the code answers. On a message event: the text it takes."""

Document = dict[str, Any]

_STARTED = (
    sa.select(links.c.other_id)
    .where(
        links.c.case_id == p("case_id"),
        links.c.kind == "started-by",
        links.c.written_by == links.c.other_id,
    )
    .order_by(links.c.other_id)
    .limit(20)
)
_TASKS = (
    sa.select(
        tasks.c.task,
        tasks.c.process,
        tasks.c.element,
        tasks.c.state,
        tasks.c.assignee,
        tasks.c.candidates,
        tasks.c.opened_at,
        tasks.c.due_at,
        tasks.c.ended_at,
    )
    .where(tasks.c.case_id == p("case_id"), tasks.c.state != "cancelled")
    .order_by(tasks.c.opened_at, tasks.c.task)
)
_AWAITED = (
    sa.select(subscriptions.c.name, subscriptions.c.correlation)
    .where(subscriptions.c.case_id == p("case_id"), subscriptions.c.kind == "message")
    .order_by(subscriptions.c.number)
)


class Question(NamedTuple):
    """What the reporter may answer now.

    Attributes:
        form: the fields of a task; None where a message takes one text.
        outcome: the task's outcome that the answer means.
        correlation: the message's keys.
        field: the name of the message's text.
        is_taken: somebody is asking the reporter at this moment, by telephone.
    """

    case_id: str
    place: str
    name: str
    name_en: str
    form: Form | None = None
    outcome: str | None = None
    correlation: Document | None = None
    field: str = ""
    is_taken: bool = False


class Thread(NamedTuple):
    """One case of a report: the report's own, or one that it has started."""

    row: CaseRow
    pinned: Pinned
    tasks: list[tuple[Any, ...]]

    def node(self, process: str, element: str) -> Node | None:
        """Return an element of its diagrams."""
        known = self.pinned.bundle.processes.get(process)
        return None if known is None else known.nodes.get(element)


def progress(app: Application, case_id: str) -> Document:
    """Return ``steps``, ``replies`` and ``questions`` of a case whose code was given.

    Returns:
        Each step has ``name``, ``name_en``, ``unit``, ``state`` (open or done), ``at``,
        ``due_at`` and ``ended_at``; questions are ``Question``; replies are texts.
    """
    with app.database.reading() as tx:
        app.references.refresh(tx)
        threads = list(_threads(app, tx, case_id))
        steps = [one for thread in threads for one in _steps(app, thread)]
        asked = [one for thread in threads for one in questions(tx, thread)]
        replies = [reply for one in threads if (reply := _reply(app, tx, one))]
    steps.sort(key=lambda one: (one["at"], one["state"]))
    return {"steps": steps, "questions": asked, "replies": replies}


def _threads(app: Application, tx: Transaction, case_id: str) -> Iterator[Thread]:
    started = [case_id, *(row[0] for row in tx.all(_STARTED, {"case_id": case_id}))]
    for one in started:
        row = store.read_case(tx, one)
        if row is not None:
            pinned = app.library.pinned(tx, row.pins)
            yield Thread(row, pinned, [tuple(r) for r in tx.all(_TASKS, {"case_id": one})])


def _steps(app: Application, thread: Thread) -> list[Document]:
    """Return the steps, each once for an office: what was done again shows its newest round."""
    found: dict[tuple[str, str], Document] = {}
    today = app.references.calendar.local(app.clock.now()).date()
    name = app.references.organisation.name
    for _, process, element, state, _, candidates, opened, due, ended in thread.tasks:
        node = thread.node(process, element)
        if node is None or STEP not in node.properties:
            continue
        units = [one["unit"] for one in orjson.loads(candidates) if one.get("unit")]
        unit = name(units[0], today) if units else ""
        found[element, unit] = {
            "name": node.properties["public_step"],
            "name_en": node.properties.get(f"{STEP}_en", ""),
            "unit": unit,
            "state": "open" if state == "open" else "done",
            "at": text(opened),
            "due_at": None if due is None or state != "open" else text(due),
            "ended_at": None if ended is None else text(ended),
        }
    return list(found.values())


def questions(tx: Transaction, thread: Thread) -> list[Question]:
    """Return what the reporter may answer now."""
    case_id = thread.row.id
    found = []
    for task, process, element, state, assignee, *_ in thread.tasks:
        node = thread.node(process, element)
        form = thread.pinned.form_of(process, element) if node and state == "open" else None
        if node is None or form is None or ANSWERED not in node.properties:
            continue
        fields = only(form, node.properties["by_code"].replace(";", " ").split())
        outcome = node.properties.get(f"{ANSWERED}_outcome")
        found.append(
            Question(case_id, task, *_names(node), fields, outcome, is_taken=assignee is not None)
        )
    awaited = {row[0]: row[1] for row in tx.all(_AWAITED, {"case_id": case_id})}
    for node in _catching(thread.pinned):
        name = next((one.name for one in node.events if one.name in awaited), None)
        if name is not None:
            keys = orjson.loads(awaited[name])
            field = node.properties[ANSWERED]
            found.append(Question(case_id, name, *_names(node), correlation=keys, field=field))
    return found


def _names(node: Node) -> tuple[str, str]:
    said = node.properties
    name = said.get(f"{ANSWERED}_name") or node.name or node.id
    return name, said.get(f"{ANSWERED}_name_en") or said.get("name_en", "")


def _catching(pinned: Pinned) -> list[Node]:
    return [
        node
        for process in pinned.bundle.processes.values()
        for node in process.nodes.values()
        if ANSWERED in node.properties and node.events
    ]


def _reply(app: Application, tx: Transaction, thread: Thread) -> str:
    """Return what the offices answer, without names and numbers of people."""
    named = thread.pinned.main.properties.get("public_reply")
    is_asked = any(
        node is not None and ANSWERED in node.properties
        for _, process, element, *_ in thread.tasks
        for node in [thread.node(process, element)]
    )
    if named is None or not (is_asked or thread.row.state in CLOSED):
        return ""
    data = thread.row.snapshot().data.get("", {})
    plain = unseal(
        {"reply": data.get(named), "name": data.get("reporter_name")},
        store.get_sealed(tx, thread.row.id),
    )
    if not isinstance(plain["reply"], str):
        return ""
    known = [plain["name"]] if isinstance(plain["name"], str) else []
    accesses.note([Look(thread.row.id, app.clock.now(), BY_CODE, "follow", (named,))])
    return propose(plain["reply"], level="public", known=known).text
