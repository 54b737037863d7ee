"""Boxed expressions other than decision tables.

Each is immutable and evaluates itself in a scope, a mapping from names to FEEL values.
What is wrong with a value gives null, as FEEL has it, and a note in the run. Iterations
and filters are FEEL's own: a boxed one is run as the FEEL expression that it draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine import feel
from engine.decisions.running import MAX_DEPTH, Run
from engine.decisions.types import ANY, ItemType

Scope = Mapping[str, Any]


class Logic(Protocol):
    """A boxed expression."""

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """Return its FEEL value in a scope; None with a note where there is none."""

    def names(self) -> frozenset[str]:
        """Return the names that it reads from its scope."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A FEEL expression.

    Attributes:
        parsed: None for an empty text, which is null.
    """

    text: str
    parsed: feel.Expression | None
    type: ItemType = ANY
    where: str = ""

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """Return the expression's value."""
        if self.parsed is None:
            return None
        if run.strict:
            run.demand(self.parsed.names, scope, self.text, self.where)
        found = self.parsed.evaluate(scope, run=run.feel)
        return found if self.type is ANY else run.fitted(found, self.type, self.where)

    def names(self) -> frozenset[str]:
        """Return the names that it reads."""
        return frozenset() if self.parsed is None else self.parsed.names


@dataclass(frozen=True, slots=True)
class Constant:
    """A string, number or boolean, or null."""

    text: str
    value: Any

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """Return the value."""
        return self.value

    def names(self) -> frozenset[str]:
        """Return that it reads nothing."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """A named part: of a context, a binding or a parameter."""

    name: str
    logic: Logic
    type: ItemType = ANY


@dataclass(frozen=True, slots=True)
class Context:
    """A boxed context: entries that see those before them.

    Attributes:
        result: what the context is; without one it is the object of its entries.
    """

    entries: tuple[Entry, ...]
    result: Logic | None = None
    where: str = ""

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """Return the result, or the object of the entries."""
        inner, found = dict(scope), {}
        for entry in self.entries:
            value = entry.logic.evaluate(inner, run)
            value = run.fitted(value, entry.type, f"{self.where}, entry {entry.name!r}")
            inner[entry.name] = found[entry.name] = value
        return found if self.result is None else self.result.evaluate(inner, run)

    def names(self) -> frozenset[str]:
        """Return the names that it reads, less its own entries where they are read after."""
        own: set[str] = set()
        read: set[str] = set()
        for entry in self.entries:
            read |= entry.logic.names() - own
            own.add(entry.name)
        return frozenset(read | ((self.result.names() - own) if self.result else set()))


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call with its arguments by name."""

    called: Logic
    bindings: tuple[Entry, ...]
    where: str = ""

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """Return what the function gives for the arguments."""
        function = self.called.evaluate(scope, run)
        if not isinstance(function, feel.Function):
            run.note(self.where, "what it invokes is no function")
            return None
        named = {
            one.name: run.fitted(one.logic.evaluate(scope, run), one.type, self.where)
            for one in self.bindings
        }
        return function.invoke([], named, run.feel)

    def names(self) -> frozenset[str]:
        """Return the names that it reads."""
        return self.called.names().union(*(one.logic.names() for one in self.bindings))


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A function that is written in the file.

    Attributes:
        type: what it has to give.
    """

    parameters: tuple[tuple[str, ItemType], ...]
    body: Logic
    type: ItemType = ANY
    where: str = ""

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """Return the function, with the scope it was made in."""
        return self.closure(dict(scope), run)

    def closure(self, scope: Scope, run: Run) -> feel.Function:
        """Return the function that sees this scope, also what is put into it later."""

        def call(*values: Any) -> Any:
            if run.depth >= MAX_DEPTH:
                run.note(self.where, f"functions call each other more than {MAX_DEPTH} deep")
                return None
            inner = dict(scope)
            for (name, kind), value in zip(self.parameters, values, strict=True):
                found, reason = kind.fit(value)
                if reason is not None:
                    run.note(self.where, f"parameter {name!r}: {reason}")
                    return None
                inner[name] = found
            run.depth += 1
            try:
                return run.fitted(self.body.evaluate(inner, run), self.type, self.where)
            finally:
                run.depth -= 1

        return feel.Function(tuple(name for name, _ in self.parameters), call)

    def names(self) -> frozenset[str]:
        """Return the names that its body reads, less its parameters."""
        return self.body.names() - {name for name, _ in self.parameters}


@dataclass(frozen=True, slots=True)
class Typed:
    """A boxed expression that says of which type its value is."""

    logic: Logic
    type: ItemType
    where: str = ""

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """Return the value as its type has it; null where it does not fit."""
        return run.fitted(self.logic.evaluate(scope, run), self.type, self.where)

    def names(self) -> frozenset[str]:
        """Return the names that it reads."""
        return self.logic.names()


@dataclass(frozen=True, slots=True)
class ListOf:
    """A boxed list."""

    items: tuple[Logic, ...]

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """Return the list of the values."""
        return [one.evaluate(scope, run) for one in self.items]

    def names(self) -> frozenset[str]:
        """Return the names that it reads."""
        return frozenset().union(*(one.names() for one in self.items))


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation: a list of rows, each an object with the columns' names."""

    columns: tuple[tuple[str, ItemType], ...]
    rows: tuple[tuple[Logic, ...], ...]
    where: str = ""

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """Return the rows."""
        return [
            {
                name: run.fitted(cell.evaluate(scope, run), kind, f"{self.where}, {name!r}")
                for (name, kind), cell in zip(self.columns, row, strict=True)
            }
            for row in self.rows
        ]

    def names(self) -> frozenset[str]:
        """Return the names that it reads."""
        return frozenset().union(*(cell.names() for row in self.rows for cell in row))


@dataclass(frozen=True, slots=True)
class Conditional:
    """A boxed if: what is not true goes the other way."""

    condition: Logic
    then: Logic
    other: Logic

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """Return the value of the one branch."""
        holds = self.condition.evaluate(scope, run) is True
        return (self.then if holds else self.other).evaluate(scope, run)

    def names(self) -> frozenset[str]:
        """Return the names that it reads."""
        return self.condition.names() | self.then.names() | self.other.names()


_SOURCE, _BODY, _ITEM = "source of it", "body of it", "one of it"
_NAMES = (_SOURCE, _BODY, _ITEM)
_FORMS = {
    "for": feel.parse(f"for {_ITEM} in {_SOURCE} return {_BODY}({_ITEM}, partial)", _NAMES),
    "some": feel.parse(f"some {_ITEM} in {_SOURCE} satisfies {_BODY}({_ITEM}, null)", _NAMES),
    "every": feel.parse(f"every {_ITEM} in {_SOURCE} satisfies {_BODY}({_ITEM}, null)", _NAMES),
    "filter": feel.parse(f"{_SOURCE}[{_BODY}(item, null)]", _NAMES),
}


@dataclass(frozen=True, slots=True)
class Iteration:
    """A boxed for, some, every or filter.

    Attributes:
        kind: one of these words.
        variable: what the body calls the item; of a filter always ``item``.
    """

    kind: str
    variable: str
    source: Logic
    body: Logic
    where: str = ""

    def evaluate(self, scope: Scope, run: Run) -> Any:
        """Return what FEEL's expression of that kind gives."""

        def call(item: Any, partial: Any) -> Any:
            inner = dict(scope)
            if self.kind == "filter" and isinstance(item, dict):
                inner.update(item)
            elif self.kind == "for":
                inner["partial"] = partial
            inner[self.variable] = item
            return self.body.evaluate(inner, run)

        names = {
            _SOURCE: self.source.evaluate(scope, run),
            _BODY: feel.Function(("it", "partial"), call),
        }
        return _FORMS[self.kind].evaluate(names, run=run.feel)

    def names(self) -> frozenset[str]:
        """Return the names that it reads, less its variable.

        Those in the match of a filter may be entries of the items; ``Reading.perhaps`` has them.
        """
        if self.kind == "filter":
            return self.source.names()
        return self.source.names() | (self.body.names() - {self.variable, "partial", "item"})
