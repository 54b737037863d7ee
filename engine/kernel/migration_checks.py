"""What of a case would have no place in a new version: one refusal for each.

Looked at is what goes on: tokens, open scopes, joins that hold tokens, work that may
have to be undone, incidents. Whether the case can come to its end from there is judged
later, on what it has become (``outlook``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine.bpmn.compensation import can_be_compensated
from engine.bpmn.model import Kind, Node, Scope, Trigger
from engine.kernel.keeping import C_ELEMENT, C_INNER, C_KIND, C_PROCESS, KEPT, SWEEPS, UNDOING
from engine.kernel.migration_map import Map, Places
from engine.kernel.migration_words import Refusal, doing, loops
from engine.kernel.plan import plan_of
from engine.kernel.rows import (
    CALL,
    CASE,
    ELEMENT,
    FRAME,
    I_ARGUMENTS,
    I_ELEMENT,
    I_HOST,
    I_PROCESS,
    I_STEP,
    JOB,
    KIND,
    MULTI,
    PARENT,
    PROCESS,
    T_ELEMENT,
    T_SCOPE,
    T_STATE,
    U_ELEMENT,
    UNDO,
    WAITING,
    Row,
)
from engine.kernel.run import Run

_NOT_BEGUN = frozenset({"open", "begin"})
"""Steps at which an activity that waits for a retry has not begun to repeat."""

_LEAVES = frozenset({"finish", "map", "exit", "gather", "around"})
"""Steps that a completed activity takes with its outcome."""

_MARKS = "-"


def refusals(run: Run, both: Map) -> list[Refusal]:
    """Return why a case cannot go on in the new version, each reason once, in fixed order."""
    found = list(both.faults())
    if not found:
        check = _Check(run, both)
        found = [*check.scopes(), *check.tokens(), *check.joins(), *check.kept()]
        found += check.incidents()
    unique: dict[tuple[str, str, str], Refusal] = {}
    for one in found:
        unique.setdefault((one.process, one.element, one.code), one)
    return list(unique.values())


class _Check:
    def __init__(self, run: Run, both: Map) -> None:
        self.run, self.both = run, both
        self._parked = {
            (row[I_HOST], row[I_STEP]) for row in run.incidents.values() if row[I_HOST] is not None
        }

    # -- what goes on ---------------------------------------------------------

    def scopes(self) -> Iterator[Refusal]:
        for name in sorted(self.run.scopes):
            row = self.run.scopes[name]
            if row[KIND] == CASE:
                continue
            process = self.run.scopes[row[PARENT]][PROCESS]
            refused = self._element(process, row[ELEMENT], self._area(row[PARENT]), "runs")
            yield from refused
            if not refused and process in self.both.places:
                yield from self._scope(name, row, process)

    def _scope(self, name: str, row: Row, process: str) -> Iterator[Refusal]:
        old, new = self._nodes(process, row[ELEMENT])
        if row[KIND] == CALL and old.called != new.called:
            values = {"was": row[PROCESS], "now": new.called or ""}
            yield self._refusal("called-changed", process, old, **values)
        elif row[KIND] == CALL and row[PROCESS] not in self.both.places:
            yield self._refusal("process-gone", process, old, was=row[PROCESS])
        is_loop = row[KIND] == MULTI or self._is_single(name, row)
        if is_loop and name not in self.run.undo.get(UNDOING, ()):
            yield from self._loop(process, old, new, name)

    def _is_single(self, name: str, row: Row) -> bool:
        """Whether a scope is an activity as a whole, and none that repeats."""
        return row[KIND] != UNDO and self.run.scopes[row[PARENT]][KIND] not in (MULTI, FRAME)

    def _loop(self, process: str, old: Node, new: Node, name: str) -> Iterator[Refusal]:
        was, now = (None if one.loop is None else one.loop.kind for one in (old, new))
        if was != now and not any((name, step) in self._parked for step in _NOT_BEGUN):
            yield self._refusal("loop-changed", process, old, **loops(old, new), **doing("runs"))

    def tokens(self) -> Iterator[Refusal]:
        for name in sorted(self.run.tokens):
            row = self.run.tokens[name]
            scope = self.run.scopes[row[T_SCOPE]]
            process = scope[PROCESS]
            what = "waits" if row[T_STATE] == WAITING else "runs"
            refused = self._element(process, row[T_ELEMENT], self._area(row[T_SCOPE]), what)
            yield from refused
            if not refused and process in self.both.places:
                yield from self._token(name, row, process)

    def _token(self, name: str, row: Row, process: str) -> Iterator[Refusal]:
        old, new = self._nodes(process, row[T_ELEMENT])
        if self.run.scopes[row[T_SCOPE]][KIND] != FRAME:
            yield from self._loop(process, old, new, name)
        if row[T_STATE] == JOB and old.topic != new.topic:
            values = {"was": old.topic, "now": new.topic or ""}
            yield self._refusal("topic-changed", process, old, **values)
        if row[T_STATE] == WAITING:
            yield from self._waiting(process, old, new)

    def _waiting(self, process: str, old: Node, new: Node) -> Iterator[Refusal]:
        places = self.both.places[process]
        if not any(_waits(one) for one in awaited(new, places.new.nodes, self._flows(new, places))):
            yield self._refusal("event-gone", process, old)
        elif old.parallel_multiple and len(old.events) > 1 and _triggers(old) != _triggers(new):
            open_ = [one for one in self.run.subs.values() if one[U_ELEMENT] == old.id]
            if len(open_) < len(old.events):
                yield self._refusal("event-changed", process, old)

    def _flows(self, node: Node, places: Places) -> dict[str, str]:
        """Return outgoing flow -> target of a new node."""
        for scope in places.new.scopes.values():
            if node.id in scope.nodes:
                return {one: scope.flows[one].target for one in node.outgoing}
        return {}

    # -- joins ------------------------------------------------------------------

    def joins(self) -> Iterator[Refusal]:
        for table in (self.run.joins, self.run.merges):
            for scope in sorted(table):
                for join in sorted(table[scope]):
                    yield from self._join(scope, join, table[scope][join])

    def _join(self, scope: str, join: str, held: dict[str, int]) -> Iterator[Refusal]:
        process = self.run.scopes[scope][PROCESS]
        if join == self._area(scope):
            # The mark of an ad-hoc sub-process, which is an open scope itself.
            return
        refused = self._element(process, join, self._area(scope), "joins")
        yield from refused
        if refused or process not in self.both.places:
            return
        places = self.both.places[process]
        old, new = self._nodes(process, join)
        if not _still_joins(old, new, places):
            yield self._refusal("join-changed", process, old)
            return
        for flow in sorted(held):
            name = flow.removeprefix(_MARKS)
            if name and places.flow(name) not in new.incoming:
                yield self._refusal("flow-gone", process, old, was=name)

    # -- what may have to be undone ---------------------------------------------------

    def kept(self) -> Iterator[Refusal]:
        undo = self.run.undo
        for scope in sorted(undo.get(KEPT, ())):
            yield from self._records(scope, undo[KEPT][scope])
        for name in sorted(undo.get(SWEEPS, ())):
            for home, record in undo[SWEEPS][name][1]:
                yield from self._records(home, [record])

    def _records(self, scope: str, records: Sequence[Row]) -> Iterator[Refusal]:
        yield from self._undoable(self.run.scopes[scope][PROCESS], self._area(scope), records)

    def _undoable(
        self, process: str, around: str | None, records: Sequence[Row]
    ) -> Iterator[Refusal]:
        for record in records:
            refused = self._element(process, record[C_ELEMENT], around, "kept")
            yield from refused
            if refused or process not in self.both.places:
                continue
            old, new = self._nodes(process, record[C_ELEMENT])
            scope = _scope_of(self.both.places[process], new.id)
            needs_handler = len(record) <= C_KIND
            handled = any(scope.nodes[one].handler is not None for one in new.boundary)
            can = handled if needs_handler else can_be_compensated(new, scope)
            if not can and new.kind is not Kind.EVENT_SUB_PROCESS:
                yield self._refusal("not-compensable", process, old)
            elif not needs_handler and record[C_PROCESS] in self.both.places:
                inner = record[C_ELEMENT] if record[C_KIND] != CALL else record[C_PROCESS]
                yield from self._undoable(record[C_PROCESS], inner, record[C_INNER])

    # -- incidents ----------------------------------------------------------------------

    def incidents(self) -> Iterator[Refusal]:
        for number in sorted(self.run.incidents, key=int):
            row = self.run.incidents[number]
            if row[I_HOST] is None or row[I_PROCESS] not in self.both.places:
                continue
            if row[I_STEP] in ("meet", "reopen"):
                at = row[I_ARGUMENTS][1 if row[I_STEP] == "meet" else 2]
                around = self._area(row[I_ARGUMENTS][0 if row[I_STEP] == "meet" else 1])
                yield from self._element(row[I_PROCESS], at, around, "stuck")
            if row[I_STEP] in _LEAVES:
                yield from self._outcome(row)

    def _outcome(self, row: Row) -> Iterator[Refusal]:
        outcome = row[I_ARGUMENTS][1] if len(row[I_ARGUMENTS]) > 1 else None
        new = self.both.places[row[I_PROCESS]].node(row[I_ELEMENT])
        old = self.both.places[row[I_PROCESS]].old.nodes.get(row[I_ELEMENT])
        if new is None or old is None or outcome is None or outcome not in old.outcomes:
            return
        if outcome not in new.outcomes:
            yield self._refusal("outcome-gone", row[I_PROCESS], old, was=outcome)

    # -- one element ----------------------------------------------------------------------

    def _element(self, process: str, element: str, around: str | None, what: str) -> list[Refusal]:
        """Return what keeps an element from being the same in the new version, if anything."""
        places = self.both.places.get(process)
        if places is None or around is None:
            # The call around it is refused by itself.
            return []
        old, new = places.old.nodes[element], places.node(element)
        if new is None:
            return [self._refusal("element-gone", process, old, **doing(what))]
        if _kind(new) != _kind(old):
            values = {"was": _kind(old), "now": _kind(new)}
            return [self._refusal("kind-changed", process, old, **values, **doing(what))]
        now = _scope_of(places, new.id).id
        if (process if around == process else places.id_of(around)) == now:
            return []
        values = {"was": around, "now": now, **doing(what)}
        return [self._refusal("scope-changed", process, old, **values)]

    def _nodes(self, process: str, element: str) -> tuple[Node, Node]:
        places = self.both.places[process]
        new = places.node(element)
        assert new is not None, "what is gone was refused before"
        return places.old.nodes[element], new

    def _area(self, scope: str) -> str | None:
        """Return the id of the process or sub-process whose content lies in a scope."""
        while self.run.scopes[scope][KIND] in (FRAME, MULTI, UNDO):
            scope = self.run.scopes[scope][PARENT]
        if self.run.scopes[scope][PROCESS] not in self.both.places:
            return None
        return self.run.area(scope).id

    def _refusal(self, code: str, process: str, node: Node, **values: Any) -> Refusal:
        return Refusal(code, process, node.id, node.name, values)


def awaited(node: Node, nodes: Any, targets: dict[str, str]) -> list[Node]:
    """Return the nodes whose events let a token go on that waits at a node."""
    if node.kind is Kind.EVENT_BASED:
        return [nodes[target] for target in targets.values()]
    return [node]


def _kind(node: Node) -> str:
    is_free = node.body is not None and node.body.ad_hoc is not None
    return "adHocSubProcess" if is_free else node.kind.value


def _waits(node: Node) -> bool:
    return any(one.trigger is not Trigger.LINK for one in node.events)


def _triggers(node: Node) -> list[Trigger]:
    return [one.trigger for one in node.events]


def _scope_of(places: Places, element: str) -> Scope:
    return next(one for one in places.new.scopes.values() if element in one.nodes)


def _still_joins(old: Node, new: Node, places: Places) -> bool:
    if old.start_quantity > 1 or new.start_quantity > 1:
        return old.start_quantity > 1 and new.start_quantity > 1
    if old.kind is Kind.PARALLEL:
        return True
    was, now = (plan_of(one) for one in (places.old, places.new))
    same = was.places[old.id].special == now.places[new.id].special
    if was.places[old.id].special == "turn":
        return same
    return same and (len(new.incoming) > 1 or new.activation is not None)
