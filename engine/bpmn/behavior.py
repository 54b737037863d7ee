"""What a multi-instance activity throws when an instance completes (``behavior``).

BPMN 2.0, 10.3.7: ``None`` throws an event for each instance, ``One`` for the first
one, ``All`` never, ``Complex`` those whose conditions hold. Boundary events of the
activity may catch it. Without an event of its own ``None`` and ``One`` throw a signal
that is named as the activity and carries its counters.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.document import Element, body_of, child, children, local, text_of
from engine.bpmn.expressions import expression
from engine.bpmn.extensions import Extensions
from engine.bpmn.messages import Correlations
from engine.bpmn.model import EventDefinition, Throw, Trigger
from engine.bpmn.reading import Reading
from engine.bpmn.triggers import read_thrown
from engine.scripts import Code

_REFERENCES = {"None": "noneBehaviorEventRef", "One": "oneBehaviorEventRef"}
_COUNTERS = ("nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances")
_CARRIED = "{" + ", ".join(f"'{one}': {one}" for one in _COUNTERS) + "}"


def read_behavior(
    loop: Element, extensions: Extensions, correlations: Correlations, reading: Reading
) -> tuple[Throw, ...]:
    """Return what a multi-instance throws; ``extensions`` are those of its activity."""
    behavior = (loop.get("behavior") or "All").strip()
    if behavior == "All":
        return ()
    read = _Reader(loop, extensions, correlations, reading)
    if behavior == "Complex":
        return tuple(read.complex())
    if behavior not in _REFERENCES:
        reading.findings.error(
            "bad-behavior",
            loop,
            f"behavior {behavior!r} is none of None, One, All and Complex.",
            "Choose one of them; All throws nothing.",
        )
        return ()
    event = read.referred(_REFERENCES[behavior])
    return () if event is None else (Throw(event, first=behavior == "One"),)


class _Reader:
    def __init__(
        self, loop: Element, extensions: Extensions, correlations: Correlations, reading: Reading
    ) -> None:
        self.loop, self.extensions = loop, extensions
        self.correlations, self.reading = correlations, reading

    def referred(self, name: str) -> EventDefinition | None:
        """Return the event that an attribute names, the default signal without one."""
        if not self.loop.get(name):
            key = str(self.extensions.owner.get("id"))
            payload = Code(_CARRIED, "expression", self.loop.sourceline)
            return EventDefinition(Trigger.SIGNAL, name=key, payload=payload)
        target = self.reading.target(self.loop, name, self.loop.get(name))
        return None if target is None else self.thrown(target)

    def thrown(self, definition: Element) -> EventDefinition | None:
        return read_thrown(definition, self.extensions, self.correlations, self.reading)

    def complex(self) -> Iterator[Throw]:
        found = [*children(self.loop, "complexBehaviorDefinition")]
        if not found:
            self._incomplete("behavior Complex has no complexBehaviorDefinition.")
        for one in found:
            condition = self.reading.code(one, expression, body_of(child(one, "condition")))
            if not text_of(child(one, "condition")):
                self._incomplete("The complexBehaviorDefinition has no condition.")
            definitions = self._definitions(child(one, "event"))
            if not definitions:
                self._incomplete("The complexBehaviorDefinition throws no event.")
            for definition in definitions:
                event = self.thrown(definition)
                if event is not None and condition is not None:
                    yield Throw(event, condition)

    def _definitions(self, event: Element | None) -> list[Element]:
        found = []
        for one in () if event is None else children(event):
            if local(one) == "eventDefinitionRef":
                target = self.reading.target(one, "eventDefinitionRef", text_of(one))
                found += [] if target is None else [target]
            elif local(one).endswith("EventDefinition"):
                found.append(one)
        return found

    def _incomplete(self, message: str) -> None:
        self.reading.findings.error(
            "behavior-incomplete",
            self.loop,
            message,
            "Give it a condition, and an event that holds an event definition.",
        )
