"""Event definitions: what an event waits for or throws, and where it may stand."""

from __future__ import annotations

from dataclasses import dataclass

from engine.bpmn.document import (
    BPMN,
    CAMUNDA,
    Element,
    body_of,
    child,
    children,
    local,
    text_of,
    vendor,
)
from engine.bpmn.expressions import expression, timer
from engine.bpmn.extensions import Extensions, copied, read_extensions
from engine.bpmn.model import Correlation, EventDefinition, Kind, TimerKind, Trigger
from engine.bpmn.reading import Reading
from engine.scripts import Code

_TRIGGERS = {f"{one.value}EventDefinition": one for one in Trigger}
_NOT_SUPPORTED = {"compensateEventDefinition": "compensation", "cancelEventDefinition": "cancel"}

_WAITING = frozenset({Trigger.MESSAGE, Trigger.TIMER, Trigger.SIGNAL, Trigger.CONDITIONAL})
ALLOWED: dict[Kind, frozenset[Trigger]] = {
    Kind.START: _WAITING,
    Kind.CATCH: _WAITING | {Trigger.LINK},
    Kind.THROW: frozenset({Trigger.MESSAGE, Trigger.SIGNAL, Trigger.ESCALATION, Trigger.LINK}),
    Kind.END: frozenset(
        {Trigger.MESSAGE, Trigger.SIGNAL, Trigger.ERROR, Trigger.ESCALATION, Trigger.TERMINATE}
    ),
    Kind.BOUNDARY: _WAITING | {Trigger.ERROR, Trigger.ESCALATION},
}
ALLOWED_IN_EVENT_SUB_PROCESS = _WAITING | {Trigger.ERROR, Trigger.ESCALATION}
_ALONE = frozenset({Trigger.LINK, Trigger.TERMINATE})


@dataclass(frozen=True, slots=True)
class Correlations:
    """The standard's correlation of one file.

    Attributes:
        keys: message id -> the properties (id, name, path) that tell its receiver.
        bindings: process id -> property id -> expression over its data.
    """

    keys: dict[str, tuple[tuple[str, str, str], ...]]
    bindings: dict[str, dict[str, str]]


def read_correlations(root: Element) -> Correlations:
    """Read ``correlationProperty`` and ``correlationSubscription`` elements."""
    keys: dict[str, tuple[tuple[str, str, str], ...]] = {}
    for one in children(root, "correlationProperty"):
        key = one.get("id", "")
        name = (one.get("name") or key).strip()
        for retrieval in children(one, "correlationPropertyRetrievalExpression"):
            message = retrieval.get("messageRef", "").rpartition(":")[2]
            path = text_of(child(retrieval, "messagePath"))
            keys[message] = (*keys.get(message, ()), (key, name, path))
    bindings: dict[str, dict[str, str]] = {}
    for process in children(root, "process"):
        bound = bindings.setdefault(process.get("id", ""), {})
        for subscription in children(process, "correlationSubscription"):
            for binding in children(subscription, "correlationPropertyBinding"):
                reference = binding.get("correlationPropertyRef", "").rpartition(":")[2]
                bound[reference] = text_of(child(binding, "dataPath"))
    return Correlations(keys, bindings)


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
        name = local(one)
        if name in _NOT_SUPPORTED:
            reading.findings.error(
                "not-supported",
                one,
                f"{_NOT_SUPPORTED[name]} events ({name}) are not supported yet.",
                "Draw the way back as ordinary tasks.",
            )
            continue
        trigger = _TRIGGERS[name]
        read = _READERS[trigger]
        event = read(_Site(one, element, kind, extensions, correlations, reading))
        if event is not None:
            result.append(event)
    return tuple(result)


def demand_position(
    element: Element,
    kind: Kind,
    events: tuple[EventDefinition, ...],
    where: str,
    reading: Reading,
) -> None:
    """Say which triggers may not stand there.

    Args:
        where: "process", "subProcess" or "eventSubProcess", which holds the event.
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
    if len(events) > 1 and any(event.trigger in _ALONE for event in events):
        reading.findings.error(
            "event-not-allowed",
            element,
            "A link or terminate event has no second definition.",
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
        if name in _TRIGGERS or name in _NOT_SUPPORTED:
            found.append(one)
        elif name == "eventDefinitionRef":
            target = reading.target(one, name, text_of(one), *_TRIGGERS, *_NOT_SUPPORTED)
            if target is not None:
                found.append(target)
    return found


@dataclass(frozen=True, slots=True)
class _Site:
    """One event definition and what stands around it."""

    element: Element
    event: Element
    kind: Kind
    extensions: Extensions
    correlations: Correlations
    reading: Reading

    @property
    def throws(self) -> bool:
        return self.kind in (Kind.THROW, Kind.END)


def _message(site: _Site) -> EventDefinition | None:
    return message_definition(
        site.element,
        site.event,
        site.extensions,
        site.correlations,
        site.reading,
        throws=site.throws,
    )


def message_definition(
    element: Element,
    activity: Element,
    extensions: Extensions,
    correlations: Correlations,
    reading: Reading,
    *,
    throws: bool,
) -> EventDefinition | None:
    """Return the message that an event definition or a send or receive task names.

    Args:
        element: holds ``messageRef``; its line goes into findings.
        activity: the event or task, for the process it stands in.
    """
    reference = element.get("messageRef")
    if not reference:
        reading.findings.error(
            "no-message", element, "It names no message.", "Choose a message in the editor."
        )
        return None
    message = reading.target(element, "messageRef", reference, "message")
    if message is None:
        return None
    inner = read_extensions(element, reading) if element is not activity else extensions
    around = read_extensions(message, reading)
    variable = _first("messageVariable", "variableName", inner, extensions, around)
    return EventDefinition(
        Trigger.MESSAGE,
        name=_name_of(message),
        correlation=_correlation(
            message, element, activity, extensions, correlations, reading, throws=throws
        ),
        payload=_payload(element, (inner, extensions, around), reading) if throws else None,
        variable=None if throws else variable or extensions.properties.get("variable"),
    )


def _correlation(
    message: Element,
    at: Element,
    activity: Element,
    extensions: Extensions,
    correlations: Correlations,
    reading: Reading,
    *,
    throws: bool,
) -> tuple[Correlation, ...]:
    """Return the keys: the ``correlate`` property first, else the standard's, else zeebe's."""
    brief = extensions.properties.get("correlate")
    if brief:
        return _brief(brief, extensions.owner, reading)
    bound = correlations.bindings.get(_process_of(activity), {})
    found: list[Correlation] = []
    for key, name, path in correlations.keys.get(message.get("id", ""), ()):
        text = bound.get(key) or (path if throws else "") or name
        value = reading.code(at, expression, text)
        if value is not None:
            found.append(Correlation(name, value))
    if found:
        return tuple(found)
    subscription = read_extensions(message, reading).zeebe("subscription", "correlationKey")
    value = reading.code(message, expression, subscription)
    if value is None:
        return ()
    return (Correlation(value.text if value.text.isidentifier() else "correlationKey", value),)


def _brief(text: str, at: Element, reading: Reading) -> tuple[Correlation, ...]:
    """Read ``order`` or ``order=expression``, several parted by ``;``."""
    found: list[Correlation] = []
    for part in text.split(";"):
        key, equals, source = part.partition("=")
        key = key.strip()
        if not key:
            continue
        value = reading.code(at, expression, source if equals else key)
        if not key.isidentifier() or value is None:
            reading.findings.error(
                "bad-correlation",
                at,
                f"{part.strip()!r} is no correlation key.",
                "Write correlate as 'order' or 'order=expression', several parted by ';'.",
            )
            continue
        found.append(Correlation(key, value))
    return tuple(found)


def _process_of(element: Element) -> str:
    current: Element | None = element
    while current is not None and local(current) != "process":
        current = current.getparent()
    return "" if current is None else current.get("id", "")


def _first(name: str, other: str, *places: Extensions) -> str | None:
    for place in places:
        found = place.spiff(name) or place.spiff(other)
        if found:
            return found
    return None


def _payload(at: Element, places: tuple[Extensions, ...], reading: Reading) -> Code | None:
    """Return what a throw carries: ``payload``, ``messagePayload`` or ``camunda:in``."""
    for place in places:
        text = (
            place.properties.get("payload")
            or place.spiff("messagePayload")
            or place.spiff("payloadExpression")
        )
        if text:
            return reading.code(at, expression, text)
        mappings, _ = copied(place, "in", reading)
        if mappings:
            pairs = ", ".join(f"{one.target!r}: {one.value.text}" for one in mappings)
            return Code(f"{{{pairs}}}", "expression")
    return None


def _name_of(element: Element) -> str:
    return (element.get("name") or "").strip() or str(element.get("id"))


def _timer(site: _Site) -> EventDefinition | None:
    texts = [
        (kind, one, text_of(one))
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
    kind, at, text = texts[0]
    value = site.reading.code(at, lambda given: timer(given, kind), body_of(at))
    if kind is TimerKind.CYCLE and site.kind is Kind.CATCH:
        site.reading.findings.warning(
            "cycle-fires-once",
            at,
            "The token leaves at the first firing, so the cycle never repeats.",
            "Use timeDuration, or a non-interrupting boundary event.",
        )
    return None if value is None else EventDefinition(Trigger.TIMER, timer=kind, value=value)


def _signal(site: _Site) -> EventDefinition | None:
    signal = site.reading.target(site.element, "signalRef", site.element.get("signalRef"), "signal")
    if signal is None:
        if not site.element.get("signalRef"):
            site.reading.findings.error(
                "no-signal", site.element, "It names no signal.", "Choose a signal in the editor."
            )
        return None
    inner = read_extensions(site.element, site.reading)
    around = read_extensions(signal, site.reading)
    places = (inner, site.extensions, around)
    return EventDefinition(
        Trigger.SIGNAL,
        name=_name_of(signal),
        payload=_payload(site.element, places, site.reading) if site.throws else None,
        variable=None
        if site.throws
        else _first("variableName", "messageVariable", *places)
        or site.extensions.properties.get("variable"),
    )


def _conditional(site: _Site) -> EventDefinition | None:
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


def _coded(site: _Site, trigger: Trigger) -> EventDefinition | None:
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
    return EventDefinition(
        trigger,
        name=code,
        code_variable=vendor(site.element, f"{word}CodeVariable")
        or site.extensions.properties.get("codeVariable"),
        message_variable=vendor(site.element, f"{word}MessageVariable")
        or site.extensions.properties.get("messageVariable"),
    )


def _link(site: _Site) -> EventDefinition | None:
    name = (site.element.get("name") or site.event.get("name") or "").strip()
    if not name:
        site.reading.findings.error(
            "link-without-name",
            site.element,
            "The link has no name.",
            "Name both of its ends alike.",
        )
        return None
    return EventDefinition(Trigger.LINK, name=name)


def _terminate(_: _Site) -> EventDefinition:
    return EventDefinition(Trigger.TERMINATE)


_READERS = {
    Trigger.MESSAGE: _message,
    Trigger.TIMER: _timer,
    Trigger.SIGNAL: _signal,
    Trigger.CONDITIONAL: _conditional,
    Trigger.ERROR: lambda site: _coded(site, Trigger.ERROR),
    Trigger.ESCALATION: lambda site: _coded(site, Trigger.ESCALATION),
    Trigger.LINK: _link,
    Trigger.TERMINATE: _terminate,
}
