"""Reads the requirement graph of a DMN file: what there is, and what builds on what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from engine.bpmn.document import Element as Xml
from engine.decisions.boxes import Boxes
from engine.decisions.document import child, children, local, name_of
from engine.decisions.model import (
    Decision,
    Element,
    InputData,
    Key,
    Knowledge,
    Model,
    Required,
    Service,
)
from engine.decisions.reading import Reading
from engine.decisions.types import ANY

_KINDS = ("inputData", "decision", "businessKnowledgeModel", "decisionService")
_REQUIRED = ("requiredDecision", "requiredInput", "requiredKnowledge")
_REQUIREMENTS = ("informationRequirement", "knowledgeRequirement")


@dataclass(frozen=True, slots=True)
class Imported:
    """A DMN file that another one imports, by the name it is given there."""

    name: str
    model: Model


class Graph:
    """Reads the elements of one file, those of imported files being read already.

    Args:
        elements: takes what is read.
        imports: by namespace.
    """

    def __init__(
        self,
        root: Xml,
        reading: Reading,
        elements: dict[Key, Element],
        imports: Mapping[str, Imported],
    ) -> None:
        self.reading, self.elements, self.imports = reading, elements, imports
        self.namespace = root.get("namespace") or ""
        self.xml: dict[str, Xml] = {}
        reading.is_open = child(root, "inputData") is None
        for one in children(root, *_KINDS):
            self._add(one)

    def _add(self, one: Xml) -> None:
        kind, key = local(one), one.get("id") or ""
        if not key:
            if kind == "decision":
                self.reading.findings.error(
                    "dmn-no-id", (None, one.sourceline), "A decision has no id.",
                    "Give it one: business-rule tasks name it by that.",
                )  # fmt: skip
            return
        if key in self.xml:
            self.reading.findings.error(
                "dmn-duplicate-id", (key, one.sourceline),
                f"Two decisions have the id {key!r}.",
                "Give each decision an id of its own.",
            )  # fmt: skip
            return
        self.xml[key] = one
        made = {
            "inputData": InputData,
            "decision": Decision,
            "businessKnowledgeModel": Knowledge,
            "decisionService": Service,
        }[kind]
        variable = child(one, "variable")
        name = name_of(variable) or name_of(one) or key
        self.reading.enter(key, ())
        type_ = self.reading.type_of(variable if variable is not None else one)
        self.elements[self.namespace, key] = made(key, name, type_, one.sourceline)

    def read(self) -> None:
        """Read what each element holds."""
        for key, one in self.xml.items():
            self.elements[self.namespace, key] = self._read(key, one)

    def _read(self, key: str, one: Xml) -> Element:
        element = self.elements[self.namespace, key]
        if isinstance(element, InputData):
            return element
        if isinstance(element, Service):
            return self._service(element, one)
        requires = tuple(self._requirements(one))
        names = {part for each in requires for part in each.path}
        names |= {self.elements[each.target].name for each in requires}
        if not requires:
            # Without requirements a decision reads the data by name.
            names |= {each.name for each in self.elements.values() if isinstance(each, InputData)}
        self.reading.enter(key, names)
        boxes = Boxes(self.reading, f"Decision {key!r}")
        if isinstance(element, Knowledge):
            return self._knowledge(replace(element, requires=requires), one, boxes)
        assert isinstance(element, Decision)
        logic = boxes.inside(one)
        if logic is None:
            self.reading.warning(
                "dmn-no-logic", one,
                f"Decision {key!r} holds no expression that is read; it is null.",
                "Draw a decision table or an expression into it.",
            )  # fmt: skip
        return replace(
            element,
            called=name_of(one) or key,
            logic=logic,
            requires=requires,
            reads=frozenset() if logic is None else logic.names(),
            perhaps=frozenset(self.reading.perhaps.get(key, ())),
        )

    def _knowledge(self, element: Knowledge, one: Xml, boxes: Boxes) -> Knowledge:
        self.reading.enter(element.key, {*self.reading.names, element.name})
        found = child(one, "encapsulatedLogic")
        if found is None:
            return element
        logic = boxes.function(found, ())
        if logic.type is ANY:
            logic = replace(logic, type=element.type.returned())
        perhaps = self.reading.perhaps.get(element.key, set())
        return replace(element, logic=logic, reads=logic.names() | perhaps)

    def _service(self, element: Service, one: Xml) -> Service:
        inputs = [
            found
            for kind in ("inputData", "inputDecision")
            for reference in children(one, kind)
            if (found := self._required(reference)) is not None
        ]
        outputs = [
            found.target
            for reference in children(one, "outputDecision")
            if (found := self._required(reference)) is not None
        ]
        if child(one, "outputDecision") is None:
            self.reading.enter(element.key, ())
            self.reading.error(
                "dmn-part", one,
                f"Decision {element.key!r}: decisionService has no outputDecision.",
                "Draw it in, or save the file again from a DMN editor.",
            )  # fmt: skip
        called = name_of(one) or element.key
        return replace(element, called=called, outputs=tuple(outputs), inputs=tuple(inputs))

    def _requirements(self, one: Xml) -> Iterator[Required]:
        self.reading.enter(one.get("id") or "", ())
        for requirement in children(one, *_REQUIREMENTS):
            for reference in children(requirement, *_REQUIRED):
                found = self._required(reference)
                if found is not None:
                    yield found

    def _required(self, reference: Xml) -> Required | None:
        href = (reference.get("href") or "").strip()
        space, _, key = href.rpartition("#")
        space = space or self.namespace
        target = (space, key)
        imported = self.imports.get(space)
        path = (imported.name,) if imported is not None and imported.name else ()
        found = self.elements.get(target)
        if found is None:
            self.reading.error(
                "dmn-requirement", reference,
                f"Decision {self.reading.owner!r} requires {href[:80]!r}, which is not there.",
                "Name an element of this file by #id, or import the file that has it.",
            )  # fmt: skip
            return None
        return Required(target, (*path, found.name))

    # -- what goes round in circles ------------------------------------------------------

    def refuse_circles(self) -> set[str]:
        """Find decisions that require themselves, by way of others; return their ids."""
        found: set[str] = set()
        done: set[Key] = set()
        for key in self.xml:
            circle = self._circle((self.namespace, key), done)
            for space, one in circle:
                if space == self.namespace:
                    found.add(one)
            if circle:
                names = " > ".join(repr(one) for _, one in circle)
                self.reading.findings.error(
                    "dmn-cycle", (key, self.xml[key].sourceline),
                    f"Decisions require each other in a circle: {names[:300]}.",
                    "Take one of the requirements away.",
                )  # fmt: skip
        return found

    def _circle(self, start: Key, done: set[Key]) -> list[Key]:
        """Return the circle that can be reached from here, if none of it is done."""
        trail: list[Key] = []
        waiting: list[tuple[Key, bool]] = [(start, False)]
        while waiting:
            key, is_left = waiting.pop()
            if is_left:
                done.add(trail.pop())
                continue
            if key in trail:
                circle = [*trail[trail.index(key) :], key]
                done.update(trail)
                return circle
            if key in done:
                continue
            trail.append(key)
            waiting.append((key, True))
            waiting += [(one, False) for one in self._targets(key)]
        return []

    def _targets(self, key: Key) -> Iterable[Key]:
        found = self.elements.get(key)
        if isinstance(found, Decision):
            # A function may call itself; what a decision needs must be there before it.
            return [
                one.target
                for one in found.requires
                if isinstance(self.elements.get(one.target), Decision)
            ]
        return []
