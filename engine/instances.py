"""Which instance of a multi-instance activity people may add to a running case or take out.

The diagram says at which activity, and which of its items (加签: ``addable``, 减签:
``removable``); here is what holds wherever it lets them: nobody is there twice, nobody who
has begun is sent away, one stays, no vote is bent.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine import forms, store
from engine.bpmn.model import Kind, Process
from engine.commands import AddInstance, CancelInstance
from engine.database import Transaction
from engine.definitions import Pinned
from engine.errors import (
    InstanceActed,
    InstanceThere,
    InvalidRequest,
    LastInstance,
    NothingWaits,
    OnHold,
    VotesCast,
)
from engine.events import Event
from engine.execution import Instance
from engine.forms import Choice

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


def may_come(running: Sequence[Instance], activity: str) -> list[Choice]:
    """Return what the diagram lets people add to a running activity, but those that are open."""
    there = [one for one in running if one.activity == activity]
    offered = there[0].choices if there else None
    entries = [forms.choice(one) for one in offered] if isinstance(offered, list) else []
    keys = {one.key for one in there}
    return [one for one in entries if one is not None and str(one.value) not in keys]


def require_addable(
    tx: Transaction,
    case_id: str,
    command: AddInstance,
    running: Sequence[Instance],
    pinned: Pinned,
) -> None:
    """Let an instance be added, or refuse.

    Raises:
        NothingWaits: the activity is not running.
        InvalidRequest: the diagram does not offer that.
        InstanceThere: it is among them, or has done its part in this round.
        OnHold: some of them are on hold.
        VotesCast: sealed votes were cast, whose count one voter more would bend.
    """
    there = [one for one in running if one.activity == command.activity]
    if not there:
        raise NothingWaits(
            f"{command.activity!r} is not running.",
            hint=f"GET /cases/{case_id} lists under additions where something may be added.",
        )
    one, key = there[0], str(command.key)
    if key in {each.key for each in there} or key in worked(tx, case_id, one):
        raise InstanceThere(
            f"{key!r} is among those at {one.element!r}, or has done its part.",
            hint="Each is there once; send back (退回) what it has done, if it is not enough.",
        )
    if key not in {str(each.value) for each in may_come(running, command.activity)}:
        raise InvalidRequest(
            f"{key!r} cannot be added at {one.element!r}.",
            hint=f"GET /cases/{case_id} lists under additions what may be added.",
        )
    if any(each.held for each in there):
        raise OnHold(
            f"Some of those at {one.element!r} are on hold.",
            hint="Wait for the decision that they wait for, or resume them.",
        )
    if one.done and has_ballots(one, pinned):
        raise VotesCast(
            f"Votes were cast at {one.element!r} already.",
            hint="Nobody is added to the voters now.",
        )


def worked(tx: Transaction, case_id: str, one: Instance) -> set[str]:
    """Return by their keys those in which somebody did work in this visit of an activity."""
    found: set[str] = set()
    around: list[str] | None = None
    start = f"{one.element}["
    for entry in store.read_entries(tx, case_id):
        for event in entry.document()["events"]:
            kind, place = event["type"], (event["process"], event["element"], event["nth"])
            if kind == "element_entered" and place == (one.process, one.element, one.nth):
                around = event["path"]
            elif kind in _ACTS and around is not None and event["path"][: len(around)] == around:
                inside = event["path"][len(around) :][:1]
                found |= {each for each in inside if each.startswith(start)}
    return {each.removeprefix(start).removesuffix("]") for each in found}


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
    if one.done and has_ballots(one, pinned):
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


def has_ballots(one: Instance, pinned: Pinned) -> bool:
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
