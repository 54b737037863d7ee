"""A DMN file as it was read: immutable, every text of it parsed once.

A decision is evaluated by its logic, a *boxed expression* (``logic.py``, ``tables.py``),
in a scope of what it requires. Requirements are names here, not objects: decisions may
require each other across files, and the reader has refused what goes round in circles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.decisions.logic import FunctionDefinition, Logic
from engine.decisions.tables import Input, Output, Rule, Table
from engine.decisions.types import ANY, ItemType, Types

Key = tuple[str, str]
"""Namespace and id of an element: how files refer to each other."""


@dataclass(frozen=True, slots=True)
class Element:
    """What elements of a requirement graph have in common.

    Attributes:
        key: its id in the file.
        name: of its variable: what expressions call it.
        type: what its value has to be.
    """

    key: str
    name: str
    type: ItemType = ANY
    line: int | None = None


@dataclass(frozen=True, slots=True)
class InputData(Element):
    """What is given from outside."""


@dataclass(frozen=True, slots=True)
class Required:
    """One requirement: where it leads and by what name the value is reached.

    Attributes:
        path: the name, after those of the imports that it comes by.
    """

    target: Key
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Knowledge(Element):
    """A business knowledge model: a function that decisions call.

    Attributes:
        reads: the names that its logic reads.
    """

    logic: Logic | None = None
    requires: tuple[Required, ...] = ()
    reads: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Service(Element):
    """A decision service: decisions that are asked together, or called as a function.

    Attributes:
        called: its name in the file, as people read it.
        outputs: the decisions whose values it gives.
        inputs: input data, then decisions whose values are given from outside.
        needs: data that must be given: its inputs; where it names none, what its
            decisions need.
        names: all data that it reads.
    """

    called: str = ""
    outputs: tuple[Key, ...] = ()
    inputs: tuple[Required, ...] = ()
    needs: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    model: Model | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Decision(Element):
    """A decision.

    Attributes:
        key: its id in the file; what ``decisionRef`` names.
        called: its name in the file, as people read it.
        logic: None where the file has none; it then decides nothing (null).
        requires: what it builds on.
        reads: the names that its logic reads.
        perhaps: names inside of filters: of data, or of the entries of what is filtered.
        needs: data that must be given, also for the decisions that it requires.
        names: all data that it reads.
        is_open: its file has no input data: names are those of the data that are given.
        file: name of the file it was read from.
        model: everything else in that file, and in those that it imports.
    """

    called: str = ""
    logic: Logic | None = None
    requires: tuple[Required, ...] = ()
    reads: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    is_open: bool = True
    file: str = ""
    model: Model | None = field(default=None, repr=False, compare=False)

    @property
    def table(self) -> Table | None:
        """Its decision table, or None where its logic is something else."""
        return self.logic if isinstance(self.logic, Table) else None

    @property
    def hit_policy(self) -> str | None:
        """The letter of its table's hit policy, with that of an aggregation; else None."""
        return None if self.table is None else self.table.policy

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The input columns of its table."""
        return () if self.table is None else self.table.inputs

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The output columns of its table."""
        return () if self.table is None else self.table.outputs

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of its table."""
        return () if self.table is None else self.table.rules


@dataclass(frozen=True, slots=True)
class Model:
    """What one DMN file defines.

    Attributes:
        elements: everything that can be required or asked, by namespace and id, those
            of imported files among them.
        own: the ids of the file's own decisions and services, in its order.
        imported: the namespaces of the DMN files that it imports.
    """

    namespace: str
    file: str
    types: Types
    elements: Mapping[Key, Element]
    own: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()

    def decisions(self) -> list[Decision]:
        """Return the file's own decisions, in its order."""
        found = (self.elements.get((self.namespace, key)) for key in self.own)
        return [one for one in found if isinstance(one, Decision)]

    def askable(self) -> list[Decision | Service]:
        """Return the file's own decisions and decision services, in its order."""
        found = (self.elements.get((self.namespace, key)) for key in self.own)
        return [one for one in found if isinstance(one, Decision | Service)]

    def asked(self, name: str) -> Decision | Service | None:
        """Return the file's own decision or decision service of that id, else of that name."""
        askable = self.askable()
        by_id = (one for one in askable if one.key == name)
        by_name = (one for one in askable if name in (one.name, one.called))
        return next(by_id, None) or next(by_name, None)


def table_of(model: Model | None, key: str) -> Table | None:
    """Return the table of a file's own decision or business knowledge model, if it is one."""
    element = None if model is None else model.elements.get((model.namespace, key))
    if isinstance(element, Decision):
        return element.table
    logic = element.logic if isinstance(element, Knowledge) else None
    body = logic.body if isinstance(logic, FunctionDefinition) else None
    return body if isinstance(body, Table) else None


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """What a decision gave.

    Attributes:
        outputs: one object for each rule that counts, or one of defaults, or none; of
            what is no table, its value alone.
        matched: the keys of the rules that matched, in the order in which they count.
        value: what the decision is, in plain JSON.
        notes: why something in it is null, for people.
    """

    outputs: list[dict[str, Any]]
    matched: list[str]
    value: Any = None
    notes: tuple[str, ...] = ()
