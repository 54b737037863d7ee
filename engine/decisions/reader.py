"""Reads DMN 1.1 to 1.5 files, together with those they import.

What is wrong becomes a finding, and a decision with an error is left out; it is null to
those that build on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.bpmn.document import Element as Xml
from engine.bpmn.document import Findings
from engine.bpmn.findings import Finding
from engine.decisions.document import NAMESPACES, children, name_of, root_of
from engine.decisions.functions import NAMES
from engine.decisions.graph import Graph, Imported
from engine.decisions.items import read_items
from engine.decisions.model import Decision, Element, InputData, Key, Model, Service
from engine.decisions.reading import Fault, Reading, values_named
from engine.decisions.tables import Table
from engine.decisions.types import Types

MAX_IMPORTS = 50


def read(xml: bytes, *, filename: str) -> tuple[list[Decision], list[Finding]]:
    """Return the decisions of a file that stands alone, and what was found wrong with it.

    Args:
        xml: the file's bytes.
        filename: named by the findings.

    Returns:
        The decisions without errors, in the order of the file, and all findings.
    """
    models, findings = read_files({filename: xml})
    model = models.get(filename)
    return ([] if model is None else model.decisions()), findings[filename]


def read_files(
    files: Mapping[str, bytes],
) -> tuple[dict[str, Model], dict[str, list[Finding]]]:
    """Return what files define that may import each other, and the findings, by file name."""
    return _Files(files).read()


def imported(xml: bytes) -> list[str]:
    """Return the namespaces of the DMN files that a file imports; none if it is no DMN."""
    if b"import" not in xml and not xml.startswith((b"\xff\xfe", b"\xfe\xff")):
        return []
    root = root_of(xml, Findings(""))
    return [] if root is None else [space for space, _ in _imports(root)]


def namespace_of(xml: bytes) -> str:
    """Return the namespace of a file, by which others import it; "" if it is no DMN."""
    root = root_of(xml, Findings(""))
    return "" if root is None else root.get("namespace") or ""


def _imports(root: Xml) -> list[tuple[str, Xml]]:
    """Return the imports of other DMN files: namespace and element."""
    return [
        (one.get("namespace") or "", one)
        for one in children(root, "import")
        if (one.get("importType") or "").strip() in NAMESPACES
        or "/DMN/" in (one.get("importType") or "")
    ]


def faults(files: Mapping[str, bytes], filename: str) -> list[Fault]:
    """Return the errors of one of these files, by the text that has them."""
    read = _Files(files)
    read.read()
    return read.faults.get(filename, [])


class _Files:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.findings = {name: Findings(name) for name in files}
        self.roots: dict[str, Xml] = {}
        for name, content in files.items():
            root = root_of(content, self.findings[name])
            if root is not None:
                self.roots[name] = root
        self.of: dict[str, str] = {}
        for name, root in self.roots.items():
            self.of.setdefault(root.get("namespace") or "", name)
        self.models: dict[str, Model] = {}
        self.trail: list[str] = []
        self.faults: dict[str, list[Fault]] = {}

    def read(self) -> tuple[dict[str, Model], dict[str, list[Finding]]]:
        for name in self.roots:
            self._model(name)
        return self.models, {name: one.sorted() for name, one in self.findings.items()}

    def _model(self, name: str) -> Model:
        if name not in self.models:
            self.trail.append(name)
            file = _File(name, self.roots[name], self.findings[name])
            self.models[name] = file.model(self._imported(name))
            self.faults[name] = file.reading.faults
            self.trail.pop()
        return self.models[name]

    def _imported(self, name: str) -> dict[str, Imported]:
        found: dict[str, Imported] = {}
        for space, element in _imports(self.roots[name]):
            file = self.of.get(space)
            if file is None or file in self.trail or len(found) >= MAX_IMPORTS:
                reason = "is not among the files" if file is None else "imports this one too"
                self.findings[name].error(
                    "dmn-import", (None, element.sourceline),
                    f"The imported file {space[:200]!r} {reason}.",
                    "Check and deploy the files that import each other together, without circles.",
                )  # fmt: skip
                continue
            found[space] = Imported(name_of(element), self._model(file))
        return found


class _File:
    def __init__(self, name: str, root: Xml, findings: Findings) -> None:
        self.name, self.root, self.findings = name, root, findings
        self.types = Types()
        language = root.get("expressionLanguage")
        self.reading = Reading(name, findings, self.types, language)

    def model(self, imports: Mapping[str, Imported]) -> Model:
        """Return what the file defines."""
        elements: dict[Key, Element] = {}
        for one in imports.values():
            elements.update(one.model.elements)
            self.reading.imports[one.model.namespace] = one.name
            prefix = f"{one.name}." if one.name else ""
            for name, kind in one.model.types.known.items():
                self.types.known.setdefault(f"{prefix}{name}", kind)
        read_items(self.root, self.reading)
        graph = Graph(self.root, self.reading, elements, imports)
        graph.read()
        for key in graph.refuse_circles() | (self.reading.broken - {""}):
            elements.pop((graph.namespace, key), None)
        model = Model(
            graph.namespace, self.name, self.types, elements,
            tuple(graph.xml), tuple(imports),
        )  # fmt: skip
        _Finishing(self, graph, model, elements).finish()
        return model


class _Finishing:
    """Says of each decision what it needs; takes away what builds on what is broken."""

    def __init__(
        self, file: _File, graph: Graph, model: Model, elements: dict[Key, Element]
    ) -> None:
        self.file, self.graph, self.model, self.elements = file, graph, model, elements
        self.space, self.is_open = graph.namespace, file.reading.is_open

    def finish(self) -> None:
        """Finish the file's decisions, those first that others build on."""
        for key in self._in_order():
            found = self.elements.get((self.space, key))
            if isinstance(found, Decision):
                self.elements[self.space, key] = self._finished(found)
            elif isinstance(found, Service):
                self.elements[self.space, key] = self._service(found)

    def _service(self, service: Service) -> Service:
        inputs = tuple(one for one in service.inputs if one.target in self.elements)
        asked = [self.elements.get(one) for one in service.outputs]
        outputs = [one for one in asked if isinstance(one, Decision)]
        given = frozenset(self.elements[one.target].name for one in inputs)
        return replace(
            service,
            inputs=inputs,
            needs=given or frozenset().union(*(one.needs for one in outputs)),
            names=given or frozenset().union(*(one.needs | one.names for one in outputs)),
            model=self.model,
        )

    def _in_order(self) -> list[str]:
        order: dict[str, None] = {}
        waiting = [(key, False) for key in reversed(self.graph.xml)]
        seen: set[str] = set()
        while waiting:
            key, is_ready = waiting.pop()
            if is_ready:
                order[key] = None
                continue
            if key in seen:
                continue
            seen.add(key)
            waiting.append((key, True))
            found = self.elements.get((self.space, key))
            targets = [one.target for one in getattr(found, "requires", ())]
            if isinstance(found, Service):
                targets += found.outputs
            waiting += [(key, False) for space, key in targets if space == self.space]
        return list(order)

    def _finished(self, decision: Decision) -> Decision:
        own = decision.reads - NAMES
        reached = {one.path[0] for one in decision.requires}
        left = own - reached
        needs: set[str] = set()
        if self.is_open:
            asked = decision.logic
            first = (
                frozenset().union(*(one.logic.names() for one in asked.inputs))
                if isinstance(asked, Table)
                else own
            )
            needs |= first & left
        else:
            self._unknown(decision, left)
        names = set(left | decision.perhaps) if self.is_open else set()
        names |= values_named(" ".join(self.graph.xml[decision.key].itertext()))
        for one in decision.requires:
            target = self.elements.get(one.target)
            if isinstance(target, InputData):
                needs.add(target.name)
            elif isinstance(target, Decision):
                needs |= target.needs
                names |= target.names
        return replace(
            decision,
            needs=frozenset(needs),
            names=frozenset(needs | names),
            is_open=self.is_open,
            file=self.file.name,
            model=self.model,
        )

    def _unknown(self, decision: Decision, left: frozenset[str]) -> None:
        known = {one.name for one in self.elements.values()}
        for name in sorted(left):
            hint = (
                "Draw a requirement to it."
                if name in known
                else "Draw it as input data with a requirement, or mend the name."
            )
            self.file.findings.warning(
                "dmn-unknown-name", (decision.key, decision.line),
                f"Decision {decision.key!r} reads {name[:80]!r}, which it does not require; "
                "it is null there.",
                hint,
            )  # fmt: skip


__all__ = ["Fault", "faults", "imported", "namespace_of", "read", "read_files"]
