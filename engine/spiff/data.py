"""Case data: what an expression sees at a place, and where a written datum goes.

Data are kept per scope and key, never in a task of SpiffWorkflow: branches that
come together write what they write and nothing else. A name is read from the
innermost scope that has it and written there; a new one arises in the scope of
the process. A called process sees nothing of its caller.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.commands import JsonObject
from engine.counted import forget, keep, linked
from engine.execution import Answer
from engine.scripts import Code
from engine.sheets import Sheets
from engine.spiff.books import ACTIVE, CALL, CASE, DONE_COUNT, FRAME, MULTI, TOTAL, View
from engine.spiff.machine import Token
from engine.spiff.run import Run

_PROCESSES = frozenset({CASE, CALL})


class Names(Mapping[str, Any]):
    """What can be read at one place, innermost scope first; looked at when a name is asked.

    Args:
        special: names that are no data: ``case``, counters, ``outcome``.
        data: of the case. scopes: whose data can be read, from the inside out.
    """

    def __init__(self, special: Mapping[str, Any], data: Sheets, scopes: Sequence[str]) -> None:
        self._special, self._data, self._scopes = special, data, scopes
        self._looked: ChainMap[str, Any] | None = None

    def _seen(self) -> ChainMap[str, Any]:
        if self._looked is None:
            self._looked = ChainMap(*(self._data.get(one) for one in self._scopes))
        return self._looked

    def __getitem__(self, name: str) -> Any:
        if name in self._special:
            return self._special[name]
        return self._seen()[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._special, **self._seen()})

    def __len__(self) -> int:
        return sum(1 for _ in self)


def names_at(run: View, scope: str, outcome: str | None = None, **special: Any) -> Names:
    """Return the names that are readable in ``scope``; those in ``special`` win."""
    scopes: list[str] = []
    named: JsonObject = {"case": run.case}
    if outcome is not None:
        named["outcome"] = outcome
    while True:
        row = run.scopes[scope]
        if row.kind == MULTI:
            assert row.loop is not None
            named.setdefault("nrOfInstances", row.loop[TOTAL])
            named.setdefault("nrOfActiveInstances", row.loop[ACTIVE])
            named.setdefault("nrOfCompletedInstances", row.loop[DONE_COUNT])
        else:
            if row.kind == FRAME and row.instance is not None:
                named.setdefault("loopCounter", row.instance + 1)
            scopes.append(scope)
        if row.kind in _PROCESSES:
            named.update(special)
            return Names(named, run.data, scopes)
        scope = row.parent


def data_at(run: Run, scope: str) -> JsonObject:
    """Return all data visible in ``scope``, without the special names."""
    found: JsonObject = {}
    while True:
        row = run.scopes[scope]
        if row.kind != MULTI:
            found = {**run.data.get(scope), **found}
        if row.kind in _PROCESSES:
            return found
        scope = row.parent


def write(run: Run, scope: str, values: Mapping[str, Any], at: Token | None) -> None:
    """Write data from ``scope``; ``at`` is the token that does it, None the case."""
    homes: dict[str, JsonObject] = {}
    for name in sorted(values):
        homes.setdefault(_home(run, scope, name), {})[name] = values[name]
    for home, own in homes.items():
        write_own(run, home, own, at)


def assign(run: Run, scope: str, at: Token | None, found: Answer, code: Code) -> None:
    """Write what a script assigned, and keep how the moments among it were counted."""
    how = linked(run, scope, found.counted, code) if found.counted else None
    write(run, scope, found.value, at)
    if how:
        keep(run, scope, how)


def write_own(run: Run, scope: str, values: Mapping[str, Any], at: Token | None) -> None:
    """Write data into ``scope`` itself, whether or not it has them yet."""
    if not values:
        return
    names = sorted(values)
    run.data.write(scope, dict(values))
    if run.counted:
        forget(run, scope, names)
    if at is None:
        key = run.bundle.main
        run.emit("data_written", "", key, 1, scope=scope, names=names)
    else:
        run.tell(at, "data_written", scope=scope, names=names)
    _watch(run, frozenset(names))


def _watch(run: Run, names: frozenset[str]) -> None:
    """Remember the conditions and limits that mention what was written."""
    for number in sorted(run.subs, key=int) if run.subs else ():
        row = run.subs[number]
        if row.type in ("timer", "conditional"):
            spec = run.area(row.scope).by_id[row.element]
            code = spec.node.events[row.index].value
            if code is not None and names & code.names:
                (run.dirty if row.type == "conditional" else run.stale)[number] = None
    for task in run.tasks:
        if not names.isdisjoint(run.tokens[task].task_spec.limits):
            run.stale[task] = None


def _home(run: Run, scope: str, name: str) -> str:
    while True:
        row = run.scopes[scope]
        if row.kind in _PROCESSES or (row.kind != MULTI and name in run.data.get(scope)):
            return scope
        scope = row.parent
