"""Event definitions: what an event waits for or throws, and where it may stand."""

from __future__ import annotations

from engine.bpmn.compensation import COMPENSABLE
from engine.bpmn.document import Element, body_of, child, children, is_true, local, text_of, vendor
from engine.bpmn.expressions import expression, timer
from engine.bpmn.extensions import Extensions, read_extensions
from engine.bpmn.messages import (
    Correlations,
    Site,
    message_definition,
    name_of,
    payload,
    variable,
)
from engine.bpmn.model import EventDefinition, Kind, TimerKind, Trigger
from engine.bpmn.reading import Reading

_TRIGGERS = {f"{one.value}EventDefinition": one for one in Trigger}
_WAITING = frozenset({Trigger.MESSAGE, Trigger.TIMER, Trigger.SIGNAL, Trigger.CONDITIONAL})
_RAISED = frozenset({Trigger.ERROR, Trigger.ESCALATION})
_THROWN = frozenset({Trigger.MESSAGE, Trigger.SIGNAL, Trigger.ESCALATION, Trigger.COMPENSATE})
ALLOWED: dict[Kind, frozenset[Trigger]] = {
    Kind.START: _WAITING,
    Kind.CATCH: _WAITING | {Trigger.LINK},
    Kind.THROW: _THROWN | {Trigger.LINK},
    Kind.END: _THROWN | {Trigger.ERROR, Trigger.TERMINATE, Trigger.CANCEL},
    Kind.BOUNDARY: _WAITING | _RAISED | {Trigger.COMPENSATE, Trigger.CANCEL},
}
ALLOWED_IN_EVENT_SUB_PROCESS = _WAITING | _RAISED | {Trigger.COMPENSATE}
THROWN = frozenset({Trigger.MESSAGE, Trigger.SIGNAL, Trigger.ERROR, Trigger.ESCALATION})
"""What an activity may throw by itself."""
_ALONE = frozenset({Trigger.LINK, Trigger.TERMINATE, Trigger.CANCEL})
_CATCHING = frozenset({Kind.BOUNDARY, Kind.START})


def read_definitions(
    element: Element,
    kind: Kind,
    extensions: Extensions,
    correlations: Correlations,
    reading: Reading,
) -> tuple[EventDefinition, ...]:
    """Return the event definitions of an event, in the file's order."""
    result: list[EventDefinition] = []
    for one in _definition_elements(element, reading):
        read = _READERS[_TRIGGERS[local(one)]]
        event = read(Site(one, element, kind, extensions, correlations, reading))
        if event is not None:
            result.append(event)
    return tuple(result)


def read_thrown(
    definition: Element, extensions: Extensions, correlations: Correlations, reading: Reading
) -> EventDefinition | None:
    """Return what an activity throws by itself; ``extensions`` are those of the activity."""
    trigger = _TRIGGERS.get(local(definition))
    if trigger not in THROWN:
        reading.findings.error(
            "event-not-allowed",
            extensions.owner,
            f"A {local(definition)} is not thrown by an activity.",
            "Allowed there: " + ", ".join(sorted(THROWN)) + ".",
        )
        return None
    site = Site(definition, extensions.owner, Kind.THROW, extensions, correlations, reading)
    return _READERS[trigger](site)


def demand_position(
    element: Element,
    kind: Kind,
    events: tuple[EventDefinition, ...],
    where: str,
    reading: Reading,
) -> None:
    """Say which triggers may not stand there.

    ``where`` is "process", "subProcess" or "eventSubProcess": what holds the event.
    """
    allowed = ALLOWED[kind]
    if kind is Kind.START and where == "subProcess":
        allowed = frozenset()
    if kind is Kind.START and where == "eventSubProcess":
        allowed = ALLOWED_IN_EVENT_SUB_PROCESS
    for event in events:
        if event.trigger not in allowed:
            place = f"a start event of a {where}" if kind is Kind.START else f"a {kind.value}"
            reading.findings.error(
                "event-not-allowed",
                element,
                f"{event.trigger.value} is not allowed at {place}.",
                "Allowed there: " + (", ".join(sorted(allowed)) or "a plain start event") + ".",
            )
    if kind is Kind.START:
        _demand_start(element, events, where, reading)
    alone = _ALONE | {Trigger.COMPENSATE} if kind in _CATCHING else _ALONE
    if len(events) > 1 and any(event.trigger in alone for event in events):
        reading.findings.error(
            "event-not-allowed",
            element,
            "A link, terminate or cancel event, or one that catches a compensation, "
            "has no second definition.",
            "Remove the other event definitions.",
        )
    needs_one = kind in (Kind.CATCH, Kind.BOUNDARY) or (
        kind is Kind.START and where == "eventSubProcess"
    )
    if needs_one and not events and not _has_definition(element):
        reading.findings.error(
            "event-without-definition",
            element,
            "The event waits for nothing.",
            "Make it a message, timer, signal or conditional event.",
        )


def _demand_start(
    element: Element, events: tuple[EventDefinition, ...], where: str, reading: Reading
) -> None:
    triggers = {one.trigger for one in events}
    if (
        where == "eventSubProcess"
        and Trigger.ERROR in triggers
        and not is_true(element.get("isInterrupting"), default=True)
    ):
        reading.findings.error(
            "event-not-allowed",
            element,
            "An error always interrupts what it is attached to.",
            "Make the event interrupting, or use an escalation.",
        )


def _has_definition(element: Element) -> bool:
    return any(
        local(one).startswith("eventDefinitionRef") or local(one).endswith("EventDefinition")
        for one in children(element)
    )


def _definition_elements(element: Element, reading: Reading) -> list[Element]:
    """Return own definitions and those that the event refers to."""
    found: list[Element] = []
    for one in children(element):
        name = local(one)
        if name in _TRIGGERS:
            found.append(one)
        elif name == "eventDefinitionRef":
            target = reading.target(one, name, text_of(one), *_TRIGGERS)
            if target is not None:
                found.append(target)
    return found


def _timer(site: Site) -> EventDefinition | None:
    texts = [
        (kind, one)
        for kind in TimerKind
        for one in children(site.element, kind.value)
        if text_of(one)
    ]
    if len(texts) != 1:
        site.reading.findings.error(
            "timer-without-time" if not texts else "timer-with-two-times",
            site.element,
            "A timer needs exactly one of timeDate, timeDuration and timeCycle.",
            "Give it a time such as PT4H or working_hours(4).",
        )
        return None
    kind, at = texts[0]
    value = site.reading.code(at, lambda given: timer(given, kind), body_of(at))
    if kind is TimerKind.CYCLE and site.kind is Kind.CATCH:
        site.reading.findings.warning(
            "cycle-fires-once",
            at,
            "The token leaves at the first firing, so the cycle never repeats.",
            "Use timeDuration, or a non-interrupting boundary event.",
        )
    return None if value is None else EventDefinition(Trigger.TIMER, timer=kind, value=value)


def _signal(site: Site) -> EventDefinition | None:
    signal = site.reading.target(site.element, "signalRef", site.element.get("signalRef"), "signal")
    if signal is None:
        if not site.element.get("signalRef"):
            site.reading.findings.error(
                "no-signal", site.element, "It names no signal.", "Choose a signal in the editor."
            )
        return None
    places = site.places(signal)
    return EventDefinition(
        Trigger.SIGNAL,
        name=name_of(signal),
        payload=payload(site, places) if site.throws else None,
        variable=None if site.throws else variable(places),
    )


def _conditional(site: Site) -> EventDefinition | None:
    at = child(site.element, "condition")
    if at is None or not text_of(at):
        site.reading.findings.error(
            "condition-missing",
            site.element,
            "A conditional event needs a condition.",
            "Write one, such as severity > 3.",
        )
        return None
    value = site.reading.code(at, expression, body_of(at))
    return None if value is None else EventDefinition(Trigger.CONDITIONAL, value=value)


def _coded(site: Site, trigger: Trigger) -> EventDefinition | None:
    """Read an error or an escalation."""
    word = trigger.value
    reference = site.element.get(f"{word}Ref")
    target = site.reading.target(site.element, f"{word}Ref", reference, word)
    if reference and target is None:
        return None
    code = None
    if target is not None:
        code = (target.get(f"{word}Code") or "").strip() or target.get("id")
    if code is None and site.throws:
        site.reading.findings.error(
            f"no-{word}",
            site.element,
            f"It throws no {word} that anybody could name.",
            f"Choose an {word} with a code in the editor.",
        )
        return None
    said = None if target is None else read_extensions(target, site.reading)
    carried = None if said is None else said.spiff("payloadExpression")
    return EventDefinition(
        trigger,
        name=code,
        payload=site.reading.code(site.element, expression, carried) if site.throws else None,
        variable=said.spiff("variableName") if said is not None and not site.throws else None,
        code_variable=vendor(site.element, f"{word}CodeVariable")
        or site.extensions.properties.get("codeVariable"),
        message_variable=vendor(site.element, f"{word}MessageVariable")
        or site.extensions.properties.get("messageVariable"),
    )


def _link(site: Site) -> EventDefinition | None:
    name = (site.element.get("name") or site.owner.get("name") or "").strip()
    if not name:
        site.reading.findings.error(
            "link-without-name",
            site.element,
            "The link has no name.",
            "Name both of its ends alike.",
        )
        return None
    return EventDefinition(Trigger.LINK, name=name)


def _terminate(_: Site) -> EventDefinition:
    return EventDefinition(Trigger.TERMINATE)


def _cancel(_: Site) -> EventDefinition:
    return EventDefinition(Trigger.CANCEL)


def _compensate(site: Site) -> EventDefinition | None:
    activity = None
    if site.throws:
        reference = site.element.get("activityRef")
        target = site.reading.target(site.element, "activityRef", reference, *COMPENSABLE)
        if reference and target is None:
            return None
        activity = None if target is None else target.get("id")
    waits = is_true(site.element.get("waitForCompletion"), default=True)
    return EventDefinition(Trigger.COMPENSATE, name=activity, waits=waits)


_READERS = {
    Trigger.MESSAGE: message_definition,
    Trigger.TIMER: _timer,
    Trigger.SIGNAL: _signal,
    Trigger.CONDITIONAL: _conditional,
    Trigger.ERROR: lambda site: _coded(site, Trigger.ERROR),
    Trigger.ESCALATION: lambda site: _coded(site, Trigger.ESCALATION),
    Trigger.LINK: _link,
    Trigger.TERMINATE: _terminate,
    Trigger.COMPENSATE: _compensate,
    Trigger.CANCEL: _cancel,
}
