"""Messages: their names, what they carry, and the keys that find their receiver."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.bpmn import conversation
from engine.bpmn.document import Element, child, children, local, text_of
from engine.bpmn.expressions import expression
from engine.bpmn.extensions import Extensions, copied, read_extensions
from engine.bpmn.model import Correlation, EventDefinition, Kind, Trigger
from engine.bpmn.reading import Reading
from engine.scripts import Code


@dataclass(frozen=True, slots=True)
class Correlations:
    """The standard's correlation of one file.

    Attributes:
        keys: message id -> the properties (id, path) that tell its receiver.
        bindings: process id -> property id -> expression over its data.
        known: process id -> property id -> expressions over its data by which
            SpiffWorkflow's dialect knows a conversation: what was sent and received.
    """

    keys: dict[str, list[tuple[str, str]]]
    bindings: dict[str, dict[str, str]]
    known: dict[str, dict[str, list[conversation.Known]]] = field(default_factory=dict)


def read_correlations(root: Element) -> Correlations:
    """Read ``correlationProperty`` and ``correlationSubscription`` elements."""
    keys: dict[str, list[tuple[str, str]]] = {}
    for one in children(root, "correlationProperty"):
        key = one.get("id", "")
        for retrieval in children(one, "correlationPropertyRetrievalExpression"):
            message = retrieval.get("messageRef", "").rpartition(":")[2]
            keys.setdefault(message, []).append((key, _path(retrieval, "messagePath")))
    bindings: dict[str, dict[str, str]] = {}
    for process in children(root, "process"):
        bound = bindings.setdefault(process.get("id", ""), {})
        for subscription in children(process, "correlationSubscription"):
            for binding in children(subscription, "correlationPropertyBinding"):
                reference = binding.get("correlationPropertyRef", "").rpartition(":")[2]
                bound[reference] = _path(binding, "dataPath")
    found = Correlations(keys, bindings)
    for process in children(root, "process"):
        found.known[process.get("id", "")] = conversation.known(root, process, keys)
    return found


def _path(element: Element, name: str) -> str:
    """Return the path below an element; some tools write it as a formalExpression."""
    return text_of(child(element, name)) or text_of(child(element, "formalExpression"))


@dataclass(frozen=True, slots=True)
class Site:
    """One event definition and what stands around it.

    Attributes:
        element: the definition, or the send or receive task itself.
        owner: the event or task it belongs to.
        extensions: those of ``owner``.
    """

    element: Element
    owner: Element
    kind: Kind
    extensions: Extensions
    correlations: Correlations
    reading: Reading

    @property
    def throws(self) -> bool:
        """Whether it sends, not waits."""
        return self.kind in (Kind.THROW, Kind.END, Kind.SEND)

    @property
    def placed(self) -> conversation.Place:
        """Return what the correlation of SpiffWorkflow's dialect depends on."""
        return conversation.Place(
            element=self.element,
            kind=self.kind,
            throws=self.throws,
            keys=self.correlations.keys,
            known=self.correlations.known.get(_process_of(self.owner), {}),
            reading=self.reading,
        )

    def places(self, referred: Element) -> tuple[Extensions, ...]:
        """Return all extensions that may say more, the nearest first."""
        own = (
            self.extensions
            if self.element is self.owner
            else read_extensions(self.element, self.reading)
        )
        return own, self.extensions, read_extensions(referred, self.reading)


def message_definition(site: Site) -> EventDefinition | None:
    """Return the message that an event definition or a send or receive task names."""
    reference = site.element.get("messageRef")
    if not reference:
        site.reading.findings.error(
            "no-message", site.element, "It names no message.", "Choose a message in the editor."
        )
        return None
    message = site.reading.target(site.element, "messageRef", reference, "message")
    if message is None:
        return None
    places = site.places(message)
    return EventDefinition(
        Trigger.MESSAGE,
        name=name_of(message),
        correlation=_correlation(message, site),
        payload=payload(site, places) if site.throws else None,
        variable=None if site.throws else variable(places),
    )


def _correlation(message: Element, site: Site) -> tuple[Correlation, ...]:
    """Return the keys: the ``correlate`` property first, else the standard's, else zeebe's."""
    brief = site.extensions.properties.get("correlate")
    if brief:
        return _brief(brief, site.owner, site.reading)
    if site.reading.spiff:
        return conversation.correlation(message, site.placed)
    bound = site.correlations.bindings.get(_process_of(site.owner), {})
    found: list[Correlation] = []
    for key, path in site.correlations.keys.get(message.get("id", ""), ()):
        text = bound.get(key) or (path if site.throws else "") or key
        value = site.reading.code(site.element, expression, text)
        if value is not None:
            found.append(Correlation(key, value))
    if found:
        return tuple(found)
    subscription = read_extensions(message, site.reading).zeebe("subscription", "correlationKey")
    value = site.reading.code(message, expression, subscription)
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


def variable(places: tuple[Extensions, ...]) -> str | None:
    """Return the datum that takes what arrives: property ``variable``, or spiff's."""
    for place in places:
        found = (
            place.properties.get("variable")
            or place.spiff("messageVariable")
            or place.spiff("variableName")
        )
        if found:
            return found
    return None


def payload(site: Site, places: tuple[Extensions, ...]) -> Code | None:
    """Return what a throw carries: property ``payload``, spiff's, or ``camunda:in``."""
    for place in places:
        text = (
            place.properties.get("payload")
            or place.spiff("messagePayload")
            or place.spiff("payloadExpression")
        )
        if text:
            return site.reading.code(site.element, expression, text)
        mappings, _ = copied(place, "in", site.reading)
        if mappings:
            for one in mappings:
                site.reading.python(site.element, one.value)
            pairs = ", ".join(f"{one.target!r}: {one.value.text}" for one in mappings)
            return Code(f"{{{pairs}}}", "expression", site.element.sourceline)
    return None


def name_of(element: Element) -> str:
    """Return the name of a message or signal, its id where it has none."""
    return (element.get("name") or "").strip() or str(element.get("id"))
