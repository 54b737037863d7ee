"""Which instance of a multi-instance activity people may take out of a running case (减签).

The diagram says of which activity, and of which of its items (``removable``); here is what
holds wherever it lets them: nobody who has begun is sent away, one stays, no vote is bent.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine import store
from engine.bpmn.model import Kind, Process
from engine.commands import CancelInstance
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import (
    InstanceActed,
    InvalidRequest,
    LastInstance,
    NothingWaits,
    OnHold,
    VotesCast,
)
from engine.events import Event
from engine.execution import Instance

_TAKES = frozenset({"task_claimed"})
_GIVES_BACK = frozenset({"task_unclaimed"})
_ACTS = frozenset({"task_completed", "decision_taken", "signature_given", "task_transferred"})


def may_go(one: Instance, pinned: Pinned) -> bool:
    """Whether the diagram lets people take this instance out.

    The property ``removable`` is ``*``, or ``role=co`` for the items that have that.
    """
    text = pinned.bundle.processes[one.process].nodes[one.element].properties.get("removable", "")
    name, equals, value = text.strip().partition("=")
    if not equals:
        return name == "*"
    return isinstance(one.item, dict) and str(one.item.get(name.strip())) == value.strip()


def require_removable(
    tx: Transaction,
    case_id: str,
    command: CancelInstance,
    running: Sequence[Instance],
    pinned: Pinned,
) -> None:
    """Let an instance be taken out, or refuse.

    Raises:
        NothingWaits: it is not open: completed, cancelled, or never begun.
        InvalidRequest: the diagram lets nobody take it out.
        OnHold: it, or a task in it, is on hold.
        LastInstance: no other would be left.
        VotesCast: sealed votes were cast among the others, which one voter less would bend.
        InstanceActed: somebody has signed for work in it, or done some.
    """
    place = command.activity, command.instance
    one = next((each for each in running if (each.activity, each.instance) == place), None)
    if one is None:
        raise NothingWaits(
            f"Instance {command.instance} of {command.activity!r} is not open.",
            hint=f"GET /cases/{case_id} lists under instances what may be taken out.",
        )
    if not may_go(one, pinned):
        raise InvalidRequest(
            f"Nobody takes {one.key!r} out of {one.element!r}.",
            hint="Its diagram says which ones by the property removable.",
        )
    if one.held:
        raise OnHold(
            f"{one.key!r} is on hold.",
            hint="Wait for the decision that it waits for, or resume it.",
        )
    if one.total <= 1:
        raise LastInstance(
            f"{one.key!r} is the last of {one.element!r}.", hint="One stays; end the case instead."
        )
    if one.done and _has_ballots(one, pinned):
        raise VotesCast(
            f"Votes were cast at {one.element!r} already.",
            hint="Who does not vote counts as the diagram says; nobody is struck off now.",
        )
    if has_acted(tx, case_id, one):
        raise InstanceActed(
            f"{one.key!r} has begun its work at {one.element!r}.",
            hint="It ends on the ways of the diagram; only who has not signed yet is taken out.",
        )


def has_acted(tx: Transaction, case_id: str, one: Instance) -> bool:
    """Whether somebody holds a task of an open instance now, or has done one in it."""
    inside = False
    taken: set[str] = set()
    for entry in store.read_entries(tx, case_id):
        for event in entry.document()["events"]:
            kind = event["type"]
            if kind == "element_entered" and _is_visit(event, one):
                path, inside, taken = event["path"], True, set()
            elif not inside or not (_is_visit(event, one) or _lies_in(event, path, one)):
                continue
            elif kind in _ACTS:
                return True
            elif kind in _TAKES:
                taken.add(event["task"])
            elif kind in _GIVES_BACK:
                taken.discard(event["task"])
    return bool(taken)


def _is_visit(event: Event, one: Instance) -> bool:
    place = event["process"], event["element"], event["nth"], event.get("instance")
    return place == (one.process, one.element, one.nth, one.instance)


def _lies_in(event: Event, path: list[str], one: Instance) -> bool:
    here = [*path, f"{one.element}[{one.key}]"]
    found: list[str] = event["path"]
    return found[: len(here)] == here


def _has_ballots(one: Instance, pinned: Pinned) -> bool:
    """Whether people vote in an activity: it is a task with a ballot, or has one inside."""
    process = pinned.bundle.processes[one.process]
    forms = (pinned.form_of(one.process, name) for name in _tasks(process, one.element))
    return any(form is not None and form.ballots for form in forms)


def _tasks(process: Process, element: str) -> list[str]:
    if process.nodes[element].kind is Kind.USER:
        return [element]
    found: list[str] = []
    if element in process.scopes:
        for inner in process.scopes[element].nodes:
            found += _tasks(process, inner)
    return found
