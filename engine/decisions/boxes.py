"""Reads boxed expressions."""

from __future__ import annotations

from engine.bpmn.document import Element
from engine.decisions.document import child, children, local, name_of
from engine.decisions.grids import read_table
from engine.decisions.logic import (
    Conditional,
    Context,
    Entry,
    FunctionDefinition,
    Invocation,
    Iteration,
    ListOf,
    Literal,
    Logic,
    Relation,
    Typed,
)
from engine.decisions.reading import Reading
from engine.decisions.types import ANY

KINDS = (
    "literalExpression", "decisionTable", "context", "invocation", "functionDefinition", "list",
    "relation", "conditional", "for", "some", "every", "filter",
)  # fmt: skip
_ITERATIONS = ("for", "some", "every", "filter")
_PARTS = {"for": "return", "some": "satisfies", "every": "satisfies", "filter": "match"}
Names = tuple[str, ...]


class Boxes:
    """Reads what is inside one element of a file.

    Args:
        reading: of the file; it has entered the element.
        where: what the sentences call the element.
    """

    def __init__(self, reading: Reading, where: str) -> None:
        self.reading, self.where = reading, where

    def inside(self, element: Element | None, names: Names = ()) -> Logic | None:
        """Return the boxed expression that stands in an element, or None."""
        found = child(element, *KINDS)
        return None if found is None else self.read(found, names)

    def part(self, element: Element, name: str, names: Names) -> Logic:
        """Return the boxed expression in the child of that name; null after a finding."""
        holder = child(element, name)
        found = self.inside(holder, names) if holder is not None else None
        if found is None:
            self.reading.error(
                "dmn-part", element,
                f"Decision {self.reading.owner!r}: {local(element)} has no {name}.",
                "Draw it in, or save the file again from a DMN editor.",
            )  # fmt: skip
            return Literal("", None)
        return found

    def read(self, element: Element, names: Names) -> Logic:
        """Return an element as what it is."""
        kind = local(element)
        if kind == "literalExpression":
            return self.literal(element, names)
        if kind == "decisionTable":
            return read_table(element, self.reading, names, self.where)
        if kind == "functionDefinition":
            return self.function(element, names)
        found = self._typed(element, kind, names)
        wanted = self.reading.type_of(element)
        return found if wanted is ANY else Typed(found, wanted, self.where)

    def _typed(self, element: Element, kind: str, names: Names) -> Logic:
        """Return an element whose ``typeRef`` says what it has to give."""
        if kind in _ITERATIONS:
            return self.iteration(element, kind, names)
        reader = {
            "context": self.context,
            "invocation": self.invocation,
            "list": self.list_of,
            "relation": self.relation,
            "conditional": self.conditional,
        }[kind]
        return reader(element, names)

    def literal(self, element: Element, names: Names) -> Logic:
        """Return a FEEL expression; one from elsewhere (``importedValues``) is refused."""
        if child(element, "importedValues") is not None:
            self.reading.error(
                "dmn-language", element,
                f"Decision {self.reading.owner!r}, expression is written in a file of its own.",
                "Write it in S-FEEL.",
            )  # fmt: skip
            return Literal("", None)
        kind = self.reading.type_of(element)
        return self.reading.literal(element, "expression", names=names, kind=kind)

    def context(self, element: Element, names: Names) -> Logic:
        """Return a context; each entry knows those before it."""
        entries: list[Entry] = []
        result: Logic | None = None
        for one in children(element, "contextEntry"):
            variable = child(one, "variable")
            logic = self.inside(one, names) or Literal("", None)
            if variable is None:
                result = logic
                continue
            name = name_of(variable)
            entries.append(Entry(name, logic, self.reading.type_of(variable)))
            names = (*names, name)
        return Context(tuple(entries), result, self.where)

    def invocation(self, element: Element, names: Names) -> Logic:
        """Return a call with its bindings."""
        called = self.inside(element, names) or Literal("", None)
        bindings = []
        for one in children(element, "binding"):
            parameter = child(one, "parameter")
            logic = self.inside(one, names) or Literal("", None)
            bindings.append(Entry(name_of(parameter), logic, self.reading.type_of(parameter)))
        return Invocation(called, tuple(bindings), self.where)

    def function(self, element: Element, names: Names) -> FunctionDefinition:
        """Return a function; those of Java and PMML are never run, and null."""
        kind = (element.get("kind") or "FEEL").upper()
        if kind not in ("FEEL", "F"):
            self.reading.no_value(element, "function", "External functions are never run.")
        parameters = tuple(
            (name_of(one), self.reading.type_of(one))
            for one in children(element, "formalParameter")
        )
        inner = (*names, *(name for name, _ in parameters))
        body = self.inside(element, inner) if kind in ("FEEL", "F") else None
        gives = self.reading.type_of(element).returned()
        return FunctionDefinition(parameters, body or Literal("", None), gives, self.where)

    def list_of(self, element: Element, names: Names) -> Logic:
        """Return a list."""
        return ListOf(tuple(self.read(one, names) for one in children(element, *KINDS)))

    def relation(self, element: Element, names: Names) -> Logic:
        """Return a relation; each row must have a cell for each column."""
        columns = tuple(
            (name_of(one), self.reading.type_of(one)) for one in children(element, "column")
        )
        rows = []
        for number, row in enumerate(children(element, "row"), 1):
            cells = tuple(self.read(one, names) for one in children(row, *KINDS))
            if len(cells) != len(columns):
                self.reading.error(
                    "dmn-cell-count", row,
                    f"Decision {self.reading.owner!r}, row {number}: {len(cells)} cells where "
                    f"{len(columns)} are due.",
                    "Save the table again from a DMN editor.",
                )  # fmt: skip
                continue
            rows.append(cells)
        return Relation(columns, tuple(rows), self.where)

    def conditional(self, element: Element, names: Names) -> Logic:
        """Return an if with both its branches."""
        condition, then, other = (self.part(element, one, names) for one in ("if", "then", "else"))
        return Conditional(condition, then, other)

    def iteration(self, element: Element, kind: str, names: Names) -> Logic:
        """Return a for, some, every or filter."""
        variable = "item"
        if kind != "filter":
            variable = " ".join((element.get("iteratorVariable") or "").split())
            if not variable:
                self.reading.error(
                    "dmn-part", element,
                    f"Decision {self.reading.owner!r}: {kind} has no iteratorVariable.",
                    "Draw it in, or save the file again from a DMN editor.",
                )  # fmt: skip
        source = self.part(element, "in", names)
        inner = (*names, variable, "partial") if kind == "for" else (*names, variable)
        body = self.part(element, _PARTS[kind], inner)
        if kind == "filter":
            self.reading.may_read(body.names() - {"item"})
        return Iteration(kind, variable, source, body, self.where)


__all__ = ["KINDS", "Boxes"]
