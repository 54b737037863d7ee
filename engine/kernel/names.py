"""The data that an expression sees, and where a written datum goes.

Scopes lie within each other: an instance of a loop in its surroundings, a
sub-process in what is around it. A name is read from the innermost scope that
has it, and written to that one too; a name that no scope has yet arises in the
scope of the process. A called process sees nothing of its caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.commands import JsonObject
from engine.counted import forget, keep, linked
from engine.events import Event
from engine.execution import Answer
from engine.kernel.marking import Look
from engine.kernel.rows import (
    ACTIVE,
    CALL,
    CASE,
    DONE,
    INSTANCE,
    KIND,
    LOOP,
    MULTI,
    PARENT,
    PROCESS,
    TOTAL,
)
from engine.kernel.run import Run
from engine.scripts import Code
from engine.sheets import Sheets

_PROCESSES = frozenset({CASE, CALL})


class Names(Mapping[str, Any]):
    """What can be read at one point of a case, innermost scope first.

    Args:
        special: names that are no data: ``case``, counters, ``outcome``.
        data: of the case; not touched before a name is asked for.
        scopes: whose data can be read, from the inside out.
    """

    __slots__ = ("_data", "_frames", "_scopes", "_special")

    def __init__(self, special: Mapping[str, Any], data: Sheets, scopes: Sequence[str]) -> None:
        self._special, self._data, self._scopes = special, data, scopes
        self._frames: list[JsonObject] | None = None

    def _looked(self) -> list[JsonObject]:
        if self._frames is None:
            self._frames = [self._data.get(scope) for scope in self._scopes]
        return self._frames

    def __getitem__(self, name: str) -> Any:
        if name in self._special:
            return self._special[name]
        for frame in self._looked():
            if name in frame:
                return frame[name]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return name in self._special or any(name in frame for frame in self._looked())

    def __iter__(self) -> Iterator[str]:
        seen = dict.fromkeys(self._special)
        for frame in self._looked():
            seen.update(dict.fromkeys(frame))
        return iter(seen)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def names_at(run: Look, scope: str, outcome: str | None = None, **special: Any) -> Names:
    """Return the names that are readable in ``scope``; those in ``special`` win."""
    scopes: list[str] = []
    named: JsonObject = {"case": run.case}
    if outcome is not None:
        named["outcome"] = outcome
    while True:
        row = run.scopes[scope]
        kind = row[KIND]
        if kind != MULTI:
            scopes.append(scope)
        if kind in _PROCESSES:
            if special:
                named.update(special)
            return Names(named, run.data, scopes)
        if kind == MULTI:
            _counters(named, row[LOOP])
        elif row[INSTANCE] is not None:
            named.setdefault("loopCounter", row[INSTANCE] + 1)
        scope = row[PARENT]


def _counters(named: JsonObject, loop: list[Any]) -> None:
    named.setdefault("nrOfInstances", loop[TOTAL])
    named.setdefault("nrOfActiveInstances", loop[ACTIVE])
    named.setdefault("nrOfCompletedInstances", loop[DONE])


def data_at(run: Run, scope: str) -> JsonObject:
    """Return all data visible in ``scope``, without the special names."""
    found: JsonObject = {}
    while True:
        row = run.scopes[scope]
        if row[KIND] != MULTI:
            found = {**run.data.get(scope), **found}
        if row[KIND] in (CASE, CALL):
            return found
        scope = row[PARENT]


def write(run: Run, scope: str, values: JsonObject, at: str) -> None:
    """Write data from ``scope``; ``at`` is the token or scope that does it.

    Nobody changes ``values`` from now on.
    """
    if not values:
        return
    if scope == "" or run.scopes[scope][KIND] in _PROCESSES:
        write_own(run, scope, values, at)
        return
    homes: dict[str, list[str]] = {}
    # Not in the order of writing: a record keeps the keys of an object, not their order.
    for name in sorted(values):
        homes.setdefault(_home(run, scope, name), []).append(name)
    for home, names in homes.items():
        write_own(run, home, {name: values[name] for name in names}, at)


def assign(run: Run, scope: str, at: str, found: Answer, code: Code) -> None:
    """Write what a script assigned, and keep how the moments among it were counted."""
    how = linked(run, scope, found.counted, code) if found.counted else None
    write(run, scope, found.value, at)
    if how:
        keep(run, scope, how)


def write_own(run: Run, scope: str, values: JsonObject, at: str) -> None:
    """Write data into ``scope`` itself, whether or not it has them yet."""
    if not values:
        return
    names = sorted(values)
    run.data.write(scope, values)
    if run.counted:
        forget(run, scope, names)
    token = run.tokens.get(at)
    if token is not None:
        element, around, nth, instance, _, _, _ = token
    else:
        element, nth, instance = run.visit_of(at)
        around = run.surroundings(at) if at else ""
    event: Event = {
        "type": "data_written",
        "process": run.scopes[around][PROCESS],
        "element": element,
        "nth": nth,
        "path": run.path(around),
        "scope": scope,
        "names": names,
    }
    run.events.append(event)
    if instance is not None:
        event["instance"] = instance
    if run.watch:
        for name in names:
            for waiting in run.watch.get("d:" + name, ()):
                is_condition = waiting in run.subs and run.subs[waiting][0] == "conditional"
                (run.dirty if is_condition else run.stale)[waiting] = None


def _home(run: Run, scope: str, name: str) -> str:
    while True:
        row = run.scopes[scope]
        if row[KIND] in _PROCESSES:
            return scope
        if row[KIND] != MULTI and name in run.data.get(scope):
            return scope
        scope = row[PARENT]
