"""A marking written anew in the ids of another version.

Tokens, scopes and tasks keep their names: a task's id is what people know it by. What
changes is the element that each of them is about, and told are only those that do.
"""

from __future__ import annotations

from engine.kernel.keeping import (
    C_DATA,
    C_ELEMENT,
    C_INNER,
    C_KIND,
    C_NTH,
    C_PROCESS,
    KEPT,
    SWEEPS,
    UNDOING,
)
from engine.kernel.marking import Table
from engine.kernel.migration_map import Map
from engine.kernel.rows import (
    ELEMENT,
    FRAME,
    I_ARGUMENTS,
    I_ELEMENT,
    I_HOST,
    I_NTH,
    I_PATH,
    I_PROCESS,
    I_STEP,
    INSTANCE,
    KIND,
    LABEL,
    NTH,
    PARENT,
    PROCESS,
    T_ELEMENT,
    T_INSTANCE,
    T_NTH,
    T_SCOPE,
    U_ELEMENT,
    U_SCOPE,
    UNDO,
    Row,
)
from engine.kernel.run import Run

_ELEMENT_AT = {"meet": 1, "reopen": 2, "starts": 1, "begin_case": 2}
"""Steps with an element among their arguments, and where; ``starts`` names its start event."""


def rewrite(run: Run, both: Map) -> None:
    """Write every table in the new ids, let the new definitions hold, and tell what moved.

    Nothing may be refused any more. What is subscribed to is looked at elsewhere.
    """
    moved = _scopes(run, both)
    moved += _tokens(run, both)
    _joins(run, both)
    _subs(run, both)
    _undo(run, both)
    _incidents(run, both)
    _actors(run, both)
    run.visits = both.visits
    run.turn_to(both.new)
    for scope, element, nth, instance, was in moved:
        was_nth = was[1] if was[1] != nth else None
        run.emit("element_migrated", scope, element, nth, instance, was=was[0], was_nth=was_nth)
    for row in run.incidents.values():
        host = row[I_HOST]
        row[I_PATH] = run.path(run.surroundings(host)) if host else row[I_PATH]


Moved = tuple[str, str, int, int | None, tuple[str, int]]
"""(scope, element, nth, instance, what it was) of a visit that has another id now."""


def _scopes(run: Run, both: Map) -> list[Moved]:
    moved: list[Moved] = []
    undoing = run.undo.get(UNDOING, ())
    processes = {
        name: run.scopes[row[PARENT]][PROCESS]
        for name, row in run.scopes.items()
        if row[PARENT] is not None
    }
    for name in sorted(processes):
        row = run.scopes[name]
        was = row[ELEMENT], row[NTH]
        now = both.visit(processes[name], *was)
        if now == was:
            continue
        run.set_scope(name, ELEMENT, now[0])
        run.set_scope(name, NTH, now[1])
        label = row[LABEL]
        if row[KIND] != FRAME and label is not None:
            run.set_scope(name, LABEL, now[0] + label.removeprefix(was[0]))
        is_told = run.scopes[row[PARENT]][KIND] != FRAME and row[KIND] != UNDO
        if is_told and name not in undoing:
            moved.append((row[PARENT], *now, row[INSTANCE], was))
    return moved


def _tokens(run: Run, both: Map) -> list[Moved]:
    moved: list[Moved] = []
    for name in sorted(run.tokens):
        row = run.tokens[name]
        scope = run.scopes[row[T_SCOPE]]
        was = row[T_ELEMENT], row[T_NTH]
        now = both.visit(scope[PROCESS], *was)
        if now == was:
            continue
        run.tokens[name] = [now[0], row[T_SCOPE], now[1], *row[T_INSTANCE:]]
        if scope[KIND] != FRAME:
            moved.append((row[T_SCOPE], *now, row[T_INSTANCE], was))
    return moved


def _joins(run: Run, both: Map) -> None:
    run.joins = _table(run, run.joins, both)
    run.merges = _table(run, run.merges, both)


def _table(run: Run, table: Table, both: Map) -> Table:
    found: Table = {}
    for scope, joins in table.items():
        process = run.scopes[scope][PROCESS]
        found[scope] = {
            both.id_of(process, join): {
                _flow(both, process, flow): number for flow, number in held.items()
            }
            for join, held in joins.items()
        }
    return found


def _flow(both: Map, process: str, flow: str) -> str:
    mark, name = ("-", flow[1:]) if flow.startswith("-") else ("", flow)
    return mark + ((both.places[process].flow(name) or name) if name else "")


def _subs(run: Run, both: Map) -> None:
    for number, row in run.subs.items():
        now = both.id_of(run.scopes[row[U_SCOPE]][PROCESS], row[U_ELEMENT])
        if now != row[U_ELEMENT]:
            run.subs[number] = [*row[:U_ELEMENT], now, *row[U_ELEMENT + 1 :]]


def _undo(run: Run, both: Map) -> None:
    tables = run.undo
    if not tables:
        return
    written: Table = {}
    if KEPT in tables:
        written[KEPT] = {
            scope: [_record(both, run.scopes[scope][PROCESS], one) for one in records]
            for scope, records in tables[KEPT].items()
        }
    if SWEEPS in tables:
        written[SWEEPS] = {
            name: [
                mode,
                [[home, _record(both, run.scopes[home][PROCESS], one)] for home, one in pending],
            ]
            for name, (mode, pending) in tables[SWEEPS].items()
        }
    if UNDOING in tables:
        written[UNDOING] = {
            name: [sweep, _record(both, run.scopes[run.scopes[name][PARENT]][PROCESS], record)]
            for name, (sweep, record) in tables[UNDOING].items()
        }
    run.undo = written


def _record(both: Map, process: str, record: Row) -> Row:
    now = both.visit(process, record[C_ELEMENT], record[C_NTH])
    found = [*now, *record[C_NTH + 1 :]]
    assert found[C_DATA] is record[C_DATA]
    if len(record) > C_KIND:
        inner = record[C_PROCESS]
        found[C_INNER] = [_record(both, inner, one) for one in record[C_INNER]]
    return found


def _incidents(run: Run, both: Map) -> None:
    for number, row in run.incidents.items():
        written, process = row.copy(), row[I_PROCESS]
        if process in both.places and row[I_ELEMENT] in both.places[process].old.nodes:
            if row[I_HOST] is None or row[I_STEP] == "meet":
                written[I_ELEMENT] = both.id_of(process, row[I_ELEMENT])
            else:
                written[I_ELEMENT], written[I_NTH] = both.visit(process, row[I_ELEMENT], row[I_NTH])
        at = _ELEMENT_AT.get(row[I_STEP])
        if at is not None and len(row[I_ARGUMENTS]) > at and row[I_ARGUMENTS][at] is not None:
            arguments = [*row[I_ARGUMENTS]]
            arguments[at] = both.id_of(run.scopes[arguments[0]][PROCESS], arguments[at])
            written[I_ARGUMENTS] = arguments
        run.incidents[number] = written


def _actors(run: Run, both: Map) -> None:
    for process, names in both.mapping.items():
        for was, now in names.items():
            who = run.actors.get(f"{process}.{was}")
            if who is not None:
                run.actors[f"{process}.{now}"] = who
