"""Compensation and transactions: who undoes what, and who may ask for it.

BPMN 2.0, 10.7 and 13.5.5: what is completed is undone by the activity that an
association joins with its boundary event, by the event sub-process inside of it, or,
without either, by undoing what was completed inside, the last first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.bpmn.document import Element, is_true, local
from engine.bpmn.kinds import ACTIVITIES, Kind, Trigger
from engine.bpmn.model import Node, Scope
from engine.bpmn.reading import Reading

COMPENSABLE = frozenset({*(one.value for one in ACTIVITIES), "transaction", "adHocSubProcess"})
"""The elements that can be compensated, and those that can compensate."""

_SAYS_ONLY = frozenset({"textAnnotation", "group"})
_DATA = ("dataObject", "dataStore", "dataInput", "dataOutput")


def is_for_compensation(element: Element, kind: Kind, reading: Reading) -> bool:
    """Whether a node only compensates; a finding where it cannot."""
    if not is_true(element.get("isForCompensation")):
        return False
    if kind in ACTIVITIES:
        return True
    reading.findings.error(
        "compensation-handler",
        element,
        "An event sub-process is not marked for compensation; its start event says so.",
        "Remove isForCompensation and give it a compensation start event.",
    )
    return False


def handler_of(element: Element, reading: Reading) -> str | None:
    """Return the activity that compensates the host of a boundary event."""
    found: dict[str, Element] = {}
    for key in reading.associated.get(element.get("id", ""), ()):
        other = reading.target(element, "The association", key)
        if other is not None and not _is_artifact(other):
            found[key] = other
    if not found:
        reading.findings.error(
            "compensation-without-handler",
            element,
            "No association leads from here to what compensates.",
            "Join it by an association with an activity that is marked for compensation.",
        )
        return None
    if len(found) > 1:
        reading.findings.error(
            "event-twice",
            element,
            f"Associations lead to {len(found)} elements: {', '.join(sorted(found))}.",
            "Keep one; put what belongs together into a sub-process.",
        )
        return None
    key, handler = next(iter(found.items()))
    return key if _can_handle(element, handler, reading) else None


def _is_artifact(element: Element) -> bool:
    return local(element) in _SAYS_ONLY or local(element).startswith(_DATA)


def _can_handle(element: Element, handler: Element, reading: Reading) -> bool:
    key = handler.get("id")
    if local(handler) not in COMPENSABLE or is_true(handler.get("triggeredByEvent")):
        what = f"{key!r} is a {local(handler)}, and only an activity compensates."
        hint = "Join it with a task, a sub-process or a call activity."
    elif not is_true(handler.get("isForCompensation")):
        what = f"{key!r} is not marked for compensation, so it is part of the normal flow."
        hint = 'Set isForCompensation="true" on the activity.'
    elif handler.getparent() is not element.getparent():
        what = f"{key!r} lies in another process or sub-process."
        hint = "Draw it beside the activity that it compensates."
    else:
        return True
    reading.findings.error("compensation-handler", element, what, hint)
    return False


# -- how nodes stand to each other -----------------------------------------------------


def about(node: Node, trigger: Trigger) -> bool:
    """Whether one of a node's event definitions is of that kind."""
    return any(one.trigger is trigger for one in node.events)


def handler_in(node: Node, scope: Scope) -> str | None:
    """Return the activity that compensates a node; None if no boundary event names one."""
    for key in node.boundary:
        event = scope.nodes.get(key)
        if event is not None and event.handler is not None:
            return event.handler
    return None


def event_sub_process_of(scope: Scope) -> str | None:
    """Return the event sub-process that compensates a scope."""
    for key in scope.event_sub_processes:
        body = scope.nodes[key].body
        if body is not None and any(
            about(body.nodes[one], Trigger.COMPENSATE) for one in body.starts
        ):
            return key
    return None


def can_be_compensated(node: Node, scope: Scope) -> bool:
    """Whether there can be something to do when a completed node is compensated.

    What a called process does is not known here: there may be.
    """
    if node.kind is Kind.CALL or handler_in(node, scope) is not None:
        return True
    return node.body is not None and _has_any(node.body)


def _has_any(scope: Scope) -> bool:
    if event_sub_process_of(scope) is not None:
        return True
    return any(can_be_compensated(node, scope) for node in scope.nodes.values())


def can_be_cancelled(scope: Scope) -> bool:
    """Whether a cancel end event lies in a scope, or in what is embedded in it."""
    for node in scope.nodes.values():
        if node.kind is Kind.END and about(node, Trigger.CANCEL):
            return True
        if node.body is not None and not node.transaction and can_be_cancelled(node.body):
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Looking:
    """One process being looked at.

    Attributes:
        around: by scope, its node and the scope of that.
        known: by scope, whether something in it can be compensated, once asked for.
    """

    reading: Reading
    around: Mapping[str, tuple[Node, Scope]]
    known: dict[str, bool]

    def error(self, code: str, element: str, message: str, hint: str) -> None:
        self.reading.findings.error(code, self.place(element), message, hint)

    def warning(self, code: str, element: str, message: str, hint: str) -> None:
        self.reading.findings.warning(code, self.place(element), message, hint)

    def has_any(self, scope: Scope) -> bool:
        if scope.id not in self.known:
            self.known[scope.id] = _has_any(scope)
        return self.known[scope.id]

    def place(self, element: str) -> tuple[str, int | None]:
        at = self.reading.ids.get(element)
        return element, None if at is None else at.sourceline


def demand(scopes: Mapping[str, Scope], reading: Reading) -> None:
    """Add a finding for everything about compensation that could not run, or does nothing."""
    around = {
        node.body.id: (node, scope)
        for scope in scopes.values()
        for node in scope.nodes.values()
        if node.body is not None
    }
    looking = _Looking(reading, around, {})
    for scope in scopes.values():
        _demand_one_start(scope, looking)
        _demand_separate(scope, looking)
        handled = {node.handler for node in scope.nodes.values()}
        for node in scope.nodes.values():
            if node.for_compensation:
                _demand_apart(node, looking, handled=node.id in handled)
            if node.boundary:
                _demand_boundary(node, scope, looking)
            if node.transaction:
                _advise_transaction(node, scope, looking)
            if node.kind in (Kind.THROW, Kind.END):
                _demand_reach(node, scope, looking)


def _demand_one_start(scope: Scope, looking: _Looking) -> None:
    found = []
    for key in scope.event_sub_processes:
        body = scope.nodes[key].body
        starts = () if body is None else body.starts
        if body is not None and any(about(body.nodes[one], Trigger.COMPENSATE) for one in starts):
            found.append(key)
    for key in found[1:]:
        looking.error(
            "event-twice",
            key,
            f"{found[0]!r} begins with a compensation already.",
            "Keep one event sub-process for compensation, and draw all that is to be undone there.",
        )
    holder = looking.around.get(scope.id)
    if found and holder is not None and handler_in(*holder) is not None:
        looking.warning(
            "compensation-hidden",
            found[0],
            f"{holder[0].id!r} is compensated by {handler_in(*holder)!r}, so this never begins.",
            "Keep one of them.",
        )


def _demand_apart(node: Node, looking: _Looking, *, handled: bool) -> None:
    for flows, way in ((node.incoming, "into"), (node.outgoing, "out of")):
        if flows:
            looking.error(
                "flow-not-allowed",
                node.id,
                f"A flow leads {way} an activity for compensation.",
                "It runs by its boundary event alone; put what comes after it into a sub-process.",
            )
    if not handled:
        looking.warning(
            "handler-of-nothing",
            node.id,
            "It is marked for compensation, and no boundary event leads to it.",
            "Join it by an association with a compensation event at the activity it undoes.",
        )


def _demand_separate(scope: Scope, looking: _Looking) -> None:
    """Refuse that the events at an activity for compensation lead into the normal flow."""
    attached = [key for one in scope.nodes.values() if one.for_compensation for key in one.boundary]
    ahead = [one for one in attached if one in scope.nodes]
    if not ahead:
        return
    free = () if scope.ad_hoc is None else scope.ad_hoc.begun
    shared = _walk(ahead, scope) & _walk([*scope.starts, *scope.implicit_starts, *free], scope)
    if shared:
        looking.error(
            "flow-not-allowed",
            min(shared),
            "It lies in the normal flow, and after an activity for compensation as well.",
            "Draw what follows an event at that activity apart.",
        )


def _walk(ahead: list[str], scope: Scope) -> set[str]:
    seen = set(ahead)
    for key in ahead:
        # The list grows while it is walked.
        node = scope.nodes[key]
        following = [scope.flows[one].target for one in node.outgoing]
        following += [one for one in node.boundary if one in scope.nodes]
        ahead += [one for one in dict.fromkeys(following) if one not in seen]
        seen.update(following)
    return seen


def _demand_boundary(node: Node, scope: Scope, looking: _Looking) -> None:
    attached = [scope.nodes[one] for one in node.boundary if one in scope.nodes]
    for trigger in (Trigger.COMPENSATE, Trigger.CANCEL):
        events = [one for one in attached if about(one, trigger)]
        for event in events[1:]:
            looking.error(
                "event-twice",
                event.id,
                f"{events[0].id!r} at {node.id!r} waits for the same already.",
                "Keep one of them.",
            )
        for event in events:
            _demand_event(event, node, trigger, looking)


def _demand_event(event: Node, host: Node, trigger: Trigger, looking: _Looking) -> None:
    if trigger is Trigger.COMPENSATE:
        if event.outgoing:
            looking.error(
                "flow-not-allowed",
                event.id,
                "A flow leads out of a compensation event at an activity.",
                "Join it with what compensates by an association instead.",
            )
        if host.for_compensation:
            looking.error(
                "event-not-allowed",
                event.id,
                f"{host.id!r} compensates; it is not compensated itself.",
                "Remove the event.",
            )
        return
    if not host.transaction:
        looking.error(
            "cancel-outside-transaction",
            event.id,
            f"{host.id!r} is no transaction, so nothing cancels it.",
            "Make it a transaction, or use an error.",
        )
    if not event.interrupting:
        looking.error(
            "event-not-allowed",
            event.id,
            "A cancel always interrupts what it is attached to.",
            "Make the event interrupting.",
        )


def _advise_transaction(node: Node, scope: Scope, looking: _Looking) -> None:
    caught = any(about(scope.nodes[one], Trigger.CANCEL) for one in node.boundary)
    if not caught and node.body is not None and can_be_cancelled(node.body):
        looking.warning(
            "cancel-not-caught",
            node.id,
            "It can be cancelled, and nothing says what follows then: its token ends.",
            "Attach a cancel event to it, and lead on from there.",
        )


def _demand_reach(node: Node, scope: Scope, looking: _Looking) -> None:
    if about(node, Trigger.CANCEL) and not _in_transaction(scope, looking):
        looking.error(
            "cancel-outside-transaction",
            node.id,
            "A cancel end event lies within a transaction only.",
            "Make the sub-process around it a transaction, or throw an error.",
        )
    for event in node.events:
        if event.trigger is Trigger.COMPENSATE:
            _demand_visible(node, event.name, scope, looking)


def _in_transaction(scope: Scope, looking: _Looking) -> bool:
    return any(node.transaction for node, _ in _outward(scope, looking))


def _outward(scope: Scope, looking: _Looking) -> Iterator[tuple[Node, Scope]]:
    """Yield what a scope lies in, from the inside out: its node, and the scope of that."""
    passed: set[str] = set()
    # Where an id is used twice, a scope may seem to lie in itself.
    while scope.id in looking.around and scope.id not in passed:
        passed.add(scope.id)
        node, scope = looking.around[scope.id]
        yield node, scope


def _visible(scope: Scope, looking: _Looking) -> Iterator[Scope]:
    """Return the scopes whose activities a throw event in ``scope`` can compensate."""
    yield scope
    for node, one in _outward(scope, looking):
        if node.kind is not Kind.EVENT_SUB_PROCESS:
            return
        yield one


def _demand_visible(node: Node, activity: str | None, scope: Scope, looking: _Looking) -> None:
    seen = [*_visible(scope, looking)]
    if activity is None or activity in {one.id for one in seen[1:]}:
        within = seen if activity is None else [one for one in seen if one.id == activity]
        if not any(looking.has_any(one) for one in within):
            _warn_of_nothing(node, "Nothing within its reach can be compensated.", looking)
        return
    home = next((one for one in seen if activity in one.nodes), None)
    if home is None or home.nodes[activity].kind not in ACTIVITIES:
        looking.error(
            "compensation-out-of-reach",
            node.id,
            f"activityRef names {activity!r}, which cannot be compensated from here.",
            "Name an activity beside the event or, from an event sub-process, beside that.",
        )
    elif not can_be_compensated(home.nodes[activity], home):
        what = f"{activity!r} has nothing that compensates it."
        _warn_of_nothing(node, what, looking)


def _warn_of_nothing(node: Node, what: str, looking: _Looking) -> None:
    looking.warning(
        "compensates-nothing",
        node.id,
        f"{what} The token goes on.",
        "Attach a compensation event to the activity and join it with what undoes it.",
    )
