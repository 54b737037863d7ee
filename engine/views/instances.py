"""Which of several that do the same at a step may come (加签) or go (减签)."""

from __future__ import annotations

from typing import Any

from engine import access, instances
from engine.access import Actor
from engine.database import Transaction
from engine.definitions import Pinned
from engine.execution import Instance, Snapshot
from engine.facts import case_facts
from engine.forms import Choice
from engine.ports import Application
from engine.projection import CLOSED
from engine.store import CaseRow

Document = dict[str, Any]
_STILL = CLOSED | {"suspended"}


def instances_of(
    app: Application,
    tx: Transaction,
    actor: Actor,
    row: CaseRow,
    pinned: Pinned,
    *,
    snapshot: Snapshot,
) -> list[Document]:
    """Return the open instances that the diagram lets go, and whether the actor may send each away.

    Whether one has begun is looked for where the actor has the right, nowhere else.
    """
    if row.state in CLOSED:
        return []
    executor = app.executors[row.executor]
    running = [
        one for one in executor.instances(pinned.bundle, snapshot) if instances.may_go(one, pinned)
    ]
    if not running:
        return []
    organisation = app.references.organisation
    may = row.state not in _STILL and access.may(
        actor, "cancel_instance", case_facts(tx, row), organisation=organisation
    )
    return [
        _document(one, may=may and not one.held and _is_free(tx, row.id, one)) for one in running
    ]


def additions_of(
    app: Application,
    tx: Transaction,
    actor: Actor,
    row: CaseRow,
    pinned: Pinned,
    *,
    snapshot: Snapshot,
) -> list[Document]:
    """Return the running activities to which the actor may add one more, with what is offered."""
    if row.state in _STILL:
        return []
    running = app.executors[row.executor].instances(pinned.bundle, snapshot)
    firsts = {one.activity: one for one in reversed(running) if one.choices is not None}
    if not firsts:
        return []
    organisation = app.references.organisation
    if not access.may(actor, "add_instance", case_facts(tx, row), organisation=organisation):
        return []
    held = {one.activity for one in running if one.held}
    open_ones = [(name, firsts[name]) for name in sorted(firsts.keys() - held)]
    return [
        _addition(one, instances.may_come(running, name) if _takes(one, pinned) else [])
        for name, one in open_ones
    ]


def _takes(one: Instance, pinned: Pinned) -> bool:
    return not (one.done and instances.has_ballots(one, pinned))


def _addition(one: Instance, choices: list[Choice]) -> Document:
    return {
        "activity": one.activity,
        "process": one.process,
        "element": one.element,
        "nth": one.nth,
        "choices": [
            {"value": each.value, "label": each.label, "label_en": each.label_en}
            for each in choices
        ],
    }


def _is_free(tx: Transaction, case_id: str, one: Instance) -> bool:
    return one.total > 1 and not instances.has_acted(tx, case_id, one)


def _document(one: Instance, *, may: bool) -> Document:
    return {
        "activity": one.activity,
        "process": one.process,
        "element": one.element,
        "nth": one.nth,
        "instance": one.instance,
        "key": one.key,
        "held": one.held,
        "cancellable": may,
    }
